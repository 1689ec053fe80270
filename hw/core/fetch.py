"""The stages that fetch: F chooses the next address, I waits for the instruction."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.core.aligner import Aligner
from hw.core.branch_predictor import BranchPredictor, outcome_layout, prediction_layout
from hw.core.bus import InstructionBus
from hw.core.decode import REGISTERS_USED, Predecoder
from hw.core.options import CpuOptions


def fetched_layout(options: CpuOptions) -> data.StructLayout:
    """What the decode stage works on; addresses without the bits that are always zero."""
    fields = {
        "valid": 1,
        "insn": 32,  # of 32 bits; a compressed one as that for which it stands
        "fault": 1,  # it could not be fetched; insn is void
        "pc": options.pc_bits,
        "prediction": prediction_layout(options),
        "used": REGISTERS_USED,
        # Of compressed instructions, see the aligner's members; zero without them.
        "upper_fault": 1,
        "short": 1,
        "broken": 1,
    }
    if options.compressed:
        fields["raw"] = 32
    return data.StructLayout(fields)


class Fetch(wiring.Component):
    """Feeds the decode stage with instructions along the predicted path.

    Stage F is the choice of the address and takes no register; I holds the address while the
    memory answers; the output is the register of the decode stage. With compressed instructions
    stage A is between them, the aligner. After a redirect the first instruction is in ``fetched``
    two cycles later, three with compressed ones.

    Members
    -------
    bus : the instruction bus.
    fetched : what the decode stage works on.
    next_pc : the address behind it, or its own if it is broken.
    advance : all stages move on: the decode stage takes the next instruction, if there is one.
    next_rs1, next_rs2 : the registers that it reads.
    redirect : go on at ``redirect_pc`` and drop all that was fetched.
    outcome : to the branch predictor.
    """

    def __init__(self, options: CpuOptions):
        self.options = options
        super().__init__(
            {
                "bus": Out(InstructionBus()),
                "fetched": Out(fetched_layout(options)),
                "next_pc": Out(options.pc_bits),
                "advance": In(1),
                "next_rs1": Out(5),
                "next_rs2": Out(5),
                "redirect": In(1),
                "redirect_pc": In(options.pc_bits),
                "outcome": In(outcome_layout(options)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        o = self.options
        half_bits = o.pc_bits - 30
        m.submodules.predictor = predictor = BranchPredictor(o)
        i_valid, i_pc, i_next_pc = Signal(), Signal(30), Signal(30)
        i_upper = Signal(half_bits)
        # The answer is on the bus for one cycle only; if decode stalls it is kept here.
        i_kept, i_kept_insn, i_kept_fault = Signal(), Signal(32), Signal()
        address, upper, take = Signal(30), Signal(half_bits), Signal()
        insn, fault = Signal(32), Signal()
        prediction = predictor.prediction

        m.d.comb += [
            predictor.pc.eq(i_pc),
            predictor.upper.eq(i_upper),
            predictor.outcome.eq(self.outcome),
            i_next_pc.eq(i_pc + 1),
            Cat(upper, address).eq(
                Mux(
                    self.redirect,
                    self.redirect_pc,
                    Mux(prediction.taken, prediction.target, Cat(C(0, half_bits), i_next_pc)),
                )
            ),
            self.bus.address[2:].eq(address),
            self.bus.valid.eq(self.redirect | (take & i_valid)),
        ]
        with m.If(self.bus.valid):
            m.d.sync += [i_pc.eq(address), i_upper.eq(upper), i_valid.eq(1), i_kept.eq(0)]
        with m.Else():
            m.d.sync += i_kept.eq(i_valid)
        with m.If(~i_kept):
            m.d.sync += [i_kept_insn.eq(self.bus.rdata), i_kept_fault.eq(self.bus.error)]
        m.d.comb += [
            insn.eq(Mux(i_kept, i_kept_insn, self.bus.rdata)),
            fault.eq(Mux(i_kept, i_kept_fault, self.bus.error)),
        ]

        d = self.fetched
        if o.compressed:
            m.submodules.aligner = item = Aligner(o)
            m.d.comb += [
                item.arrived.valid.eq(i_valid),
                item.arrived.word.eq(insn),
                item.arrived.fault.eq(fault),
                item.arrived.pc.eq(i_pc),
                item.arrived.upper.eq(i_upper),
                item.arrived.prediction.eq(prediction),
                item.advance.eq(self.advance),
                item.flush.eq(self.redirect),
                take.eq(item.take),
            ]
            with m.If(self.advance):
                m.d.sync += [
                    getattr(d, name).eq(getattr(item, name))
                    for name in ("insn", "fault", "pc", "prediction", "raw", "upper_fault",
                                 "short", "broken")
                ]  # fmt: skip
            m.d.comb += self.next_pc.eq(d.pc + Cat(d.short & ~d.broken, ~d.short))
            self._decode(m, item.insn, item.valid)
        else:
            m.d.comb += take.eq(self.advance)
            with m.If(self.advance):
                m.d.sync += [
                    d.insn.eq(insn),
                    d.fault.eq(fault),
                    d.pc.eq(i_pc),
                    self.next_pc.eq(i_next_pc),
                    d.prediction.eq(prediction),
                ]
            self._decode(m, insn, i_valid)
        return m

    def _decode(self, m: Module, insn: Value, valid: Value) -> None:
        """What is known before the decode stage."""
        m.submodules.predecoder = predecoder = Predecoder(self.options)
        m.d.comb += [
            predecoder.insn.eq(insn),
            self.next_rs1.eq(insn[15:20]),
            self.next_rs2.eq(insn[20:25]),
        ]
        with m.If(self.advance):
            m.d.sync += self.fetched.used.eq(predecoder.used)
        with m.If(self.redirect):
            m.d.sync += self.fetched.valid.eq(0)
        with m.Elif(self.advance):
            m.d.sync += self.fetched.valid.eq(valid)
