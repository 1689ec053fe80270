"""Branch target buffer with a two-bit counter in each entry."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.core.options import CpuOptions

LIKELY = 2  # counter from which on a jump is predicted
HIGHEST = 3

PREDICTION = data.StructLayout(
    {
        "hit": 1,  # an entry matches
        "counter": 2,  # its counter
        "taken": 1,  # the jump is predicted
        "target": 30,  # then its target, in words
    }
)

OUTCOME = data.StructLayout(
    {
        "valid": 1,
        "pc": 30,  # of the instruction, in words
        "taken": 1,  # it jumped
        "hit": 1,  # prediction.hit for it
        "counter": 2,  # prediction.counter for it
        "jump": 1,  # it may jump; else its entry was made for another instruction
        "allocate": 1,  # it jumped, and its target was not predicted, or wrongly
        "target": 30,  # then its target, in words
    }
)


class BranchPredictor(wiring.Component):
    """Predicts the address after an instruction from the address alone, in the same cycle.

    Entries start with counter 0, which predicts nothing. A jump that has no entry takes that of
    another one only if the counter there is not at its highest; else it lowers the counter. A wrong
    target makes the jump unlikely, because it costs more than none. Predictions are hints: tags and
    targets are partial, so the core checks each of them.

    Members
    -------
    pc : address of an instruction, in words.
    prediction : for it, combinational.
    outcome : what an instruction did; seen by predictions from the next cycle on.
    """

    def __init__(self, options: CpuOptions):
        self.options = options
        super().__init__({"pc": In(30), "prediction": Out(PREDICTION), "outcome": In(OUTCOME)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        o = self.options
        index_bits = o.branch_targets.bit_length() - 1
        entry_layout = data.StructLayout({"tag": o.tag_bits, "target": o.target_bits})
        m.submodules.entries = entries = Memory(shape=entry_layout, depth=o.branch_targets, init=[])
        m.submodules.counters = counters = Memory(shape=2, depth=o.branch_targets, init=[])
        entry_read = entries.read_port(domain="comb")
        counter_read = counters.read_port(domain="comb")
        entry_write = entries.write_port()
        counter_write = counters.write_port()

        entry = entry_read.data
        m.d.comb += [
            entry_read.addr.eq(self.pc[:index_bits]),
            counter_read.addr.eq(self.pc[:index_bits]),
            self.prediction.hit.eq(entry.tag == self.pc[index_bits:][: o.tag_bits]),
            self.prediction.counter.eq(counter_read.data),
            self.prediction.taken.eq(self.prediction.hit & counter_read.data[1]),
            self.prediction.target.eq(Cat(entry.target, self.pc[o.target_bits :])),
        ]

        outcome = self.outcome
        counter, strong = Signal(2), outcome.counter == HIGHEST
        with m.If(outcome.taken):
            with m.If(~outcome.hit):
                m.d.comb += counter.eq(LIKELY)
            with m.Elif(outcome.allocate & (outcome.counter >= LIKELY)):
                m.d.comb += counter.eq(outcome.counter - LIKELY)
            with m.Else():
                m.d.comb += counter.eq(outcome.counter + ~strong)
        with m.Elif(outcome.jump):
            m.d.comb += counter.eq(outcome.counter - (outcome.counter != 0))
        m.d.comb += [
            entry_write.addr.eq(outcome.pc[:index_bits]),
            entry_write.data.tag.eq(outcome.pc[index_bits:][: o.tag_bits]),
            entry_write.data.target.eq(outcome.target[: o.target_bits]),
            entry_write.en.eq(outcome.valid & outcome.allocate & (outcome.hit | ~strong)),
            counter_write.addr.eq(outcome.pc[:index_bits]),
            counter_write.data.eq(counter),
            counter_write.en.eq(outcome.valid & (outcome.taken | outcome.hit)),
        ]
        return m
