"""The stages that fetch: F chooses the next address, I waits for the instruction."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.core.branch_predictor import OUTCOME, PREDICTION, BranchPredictor
from hw.core.bus import InstructionBus
from hw.core.decode import REGISTERS_USED, Predecoder
from hw.core.options import CpuOptions

FETCHED = data.StructLayout(
    {
        "valid": 1,
        "insn": 32,
        "fault": 1,  # it could not be fetched; insn is void
        "pc": 30,  # in words
        "next_pc": 30,  # pc + 1
        "prediction": PREDICTION,
        "used": REGISTERS_USED,
    }
)


class Fetch(wiring.Component):
    """Feeds the decode stage with instructions along the predicted path.

    Stage F is the choice of the address and takes no register; I holds the address while the
    memory answers; the output is the register of the decode stage. After a redirect the first
    instruction is in ``fetched`` two cycles later.

    Members
    -------
    bus : the instruction bus.
    fetched : what the decode stage works on.
    advance : all stages move on: the decode stage takes the next instruction, if there is one.
    next_rs1, next_rs2 : the registers that it reads.
    redirect : go on at ``redirect_pc`` (in words) and drop all that was fetched.
    outcome : to the branch predictor.
    """

    def __init__(self, options: CpuOptions):
        self.options = options
        super().__init__(
            {
                "bus": Out(InstructionBus()),
                "fetched": Out(FETCHED),
                "advance": In(1),
                "next_rs1": Out(5),
                "next_rs2": Out(5),
                "redirect": In(1),
                "redirect_pc": In(30),
                "outcome": In(OUTCOME),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.predictor = predictor = BranchPredictor(self.options)
        m.submodules.predecoder = predecoder = Predecoder()
        i_valid, i_pc, i_next_pc = Signal(), Signal(30), Signal(30)
        # The answer is on the bus for one cycle only; if decode stalls it is kept here.
        i_kept, i_kept_insn, i_kept_fault = Signal(), Signal(32), Signal()
        address, d = Signal(30), self.fetched

        m.d.comb += [
            predictor.pc.eq(i_pc),
            predictor.outcome.eq(self.outcome),
            i_next_pc.eq(i_pc + 1),
            address.eq(
                Mux(
                    self.redirect,
                    self.redirect_pc,
                    Mux(predictor.prediction.taken, predictor.prediction.target, i_next_pc),
                )
            ),
            self.bus.address[2:].eq(address),
            self.bus.valid.eq(self.redirect | (self.advance & i_valid)),
        ]
        with m.If(self.bus.valid):
            m.d.sync += [i_pc.eq(address), i_valid.eq(1), i_kept.eq(0)]
        with m.Else():
            m.d.sync += i_kept.eq(i_valid)
        with m.If(~i_kept):
            m.d.sync += [i_kept_insn.eq(self.bus.rdata), i_kept_fault.eq(self.bus.error)]

        m.d.comb += [
            predecoder.insn.eq(Mux(i_kept, i_kept_insn, self.bus.rdata)),
            self.next_rs1.eq(predecoder.insn[15:20]),
            self.next_rs2.eq(predecoder.insn[20:25]),
        ]
        with m.If(self.advance):
            m.d.sync += [
                d.insn.eq(predecoder.insn),
                d.used.eq(predecoder.used),
                d.fault.eq(Mux(i_kept, i_kept_fault, self.bus.error)),
                d.pc.eq(i_pc),
                d.next_pc.eq(i_next_pc),
                d.prediction.eq(predictor.prediction),
            ]
        with m.If(self.redirect):
            m.d.sync += d.valid.eq(0)
        with m.Elif(self.advance):
            m.d.sync += d.valid.eq(i_valid)
        return m
