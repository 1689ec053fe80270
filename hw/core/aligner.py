"""Stage A of a core with compressed instructions: cuts fetched words into instructions."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.core.branch_predictor import prediction_layout
from hw.core.expander import Expander
from hw.core.options import CpuOptions


def arrived_layout(options: CpuOptions) -> data.StructLayout:
    """A word that the memory answered."""
    return data.StructLayout(
        {
            "valid": 1,
            "word": 32,
            "fault": 1,  # it could not be fetched
            "pc": 30,  # in words
            "upper": 1,  # the program goes on with its upper half
            "prediction": prediction_layout(options),
        }
    )


class Aligner(wiring.Component):
    """Holds a word, and the first half of an instruction that goes on in it.

    One instruction a cycle; a jump to an instruction of 32 bits in two words costs one cycle.

    A prediction belongs to a word, and names the half with which the jump ends. If an instruction
    goes on behind that half, the word was predicted for another program: its rest was not fetched.
    Such an instruction is ``broken``: it must do nothing but have itself fetched again.

    Members
    -------
    arrived : the next word.
    take : it is taken.
    advance : the decode stage takes the instruction, if there is one.
    flush : forget everything.
    valid : there is an instruction.
    insn : expanded to 32 bits. Void with ``fault``.
    raw : as it was fetched, with zeros above an instruction of 16 bits.
    fault : it could not be fetched; with ``upper_fault`` only its second half could not.
    short : it has 16 bits.
    broken : see above; it is ``short`` and predicted to jump.
    pc : its address in units of two bytes.
    prediction : for this instruction.
    """

    def __init__(self, options: CpuOptions):
        self.options = options
        prediction = prediction_layout(options)
        super().__init__(
            {
                "arrived": In(arrived_layout(options)),
                "take": Out(1),
                "advance": In(1),
                "flush": In(1),
                "valid": Out(1),
                "insn": Out(32),
                "raw": Out(32),
                "fault": Out(1),
                "upper_fault": Out(1),
                "short": Out(1),
                "broken": Out(1),
                "pc": Out(31),
                "prediction": Out(prediction),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.expander = expander = Expander()
        # What the next instruction begins with is always in the lower half.
        a_valid, a_lower, a_upper, a_fault = Signal(), Signal(16), Signal(16), Signal()
        a_at_upper, a_pc = Signal(), Signal(30)
        a_prediction = Signal(prediction_layout(self.options))
        begun, begun_half, begun_pc = Signal(), Signal(16), Signal(30)

        is_long = a_lower[:2].all() & ~a_fault
        upper_is_long = a_upper[:2].all()
        jumps, at_end = a_prediction.taken, Signal()
        broken, ends_upper = Signal(), Signal()
        m.d.comb += [
            broken.eq(~begun & is_long & jumps & (a_prediction.upper == a_at_upper)),
            ends_upper.eq(~begun & (a_at_upper | is_long)),
            at_end.eq(a_prediction.upper == ends_upper),
            self.valid.eq(a_valid & (begun | ~is_long | ~a_at_upper | broken)),
        ]
        m.d.comb += [
            expander.parcel.eq(a_lower),
            self.insn.eq(
                Mux(
                    begun,
                    Cat(begun_half, a_lower),
                    Mux(is_long, Cat(a_lower, a_upper), expander.insn),
                )
            ),
            self.raw.eq(
                Mux(
                    begun,
                    Cat(begun_half, a_lower),
                    Cat(a_lower, a_upper & is_long.replicate(16)),
                )
            ),
            self.fault.eq(a_fault),
            self.upper_fault.eq(a_fault & begun),
            self.short.eq(~begun & (~is_long | broken)),
            self.broken.eq(broken),
            self.pc.eq(Mux(begun, Cat(1, begun_pc)[:31], Cat(a_at_upper, a_pc))),
            self.prediction.eq(a_prediction),
            self.prediction.hit.eq((a_prediction.hit & at_end) | broken),
            self.prediction.taken.eq((jumps & at_end) | broken),
        ]

        # What remains of the word behind the instruction, and whether that needs the next word.
        remains, begins, done = Signal(), Signal(), Signal()
        m.d.comb += [
            remains.eq((begun | ~(is_long | a_at_upper)) & ~(jumps & at_end)),
            begins.eq(upper_is_long & ~(jumps & a_prediction.upper) & ~a_fault),
            done.eq(a_valid & (~self.valid | (self.advance & (~remains | begins)))),
            self.take.eq(~a_valid | done),
        ]
        with m.If(self.take):
            word = self.arrived.word
            m.d.sync += [
                a_valid.eq(self.arrived.valid),
                a_lower.eq(Mux(self.arrived.upper, word[16:], word[:16])),
                a_upper.eq(word[16:]),
                a_fault.eq(self.arrived.fault),
                a_at_upper.eq(self.arrived.upper),
                a_pc.eq(self.arrived.pc),
                a_prediction.eq(self.arrived.prediction),
            ]
        with m.Elif(self.advance):
            m.d.sync += [a_lower.eq(a_upper), a_at_upper.eq(1), begun.eq(0)]
        with m.If(done):
            m.d.sync += [
                begun.eq(~self.valid | remains),
                begun_half.eq(a_upper),
                begun_pc.eq(a_pc),
            ]
        with m.If(self.flush):
            m.d.sync += [a_valid.eq(0), begun.eq(0)]
        return m
