"""Branch target buffer with a two-bit counter in each entry."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.core.options import CpuOptions

LIKELY = 2  # counter from which on a jump is predicted
HIGHEST = 3


def prediction_layout(options: CpuOptions) -> data.StructLayout:
    """Addresses without the bits that are always zero, here and in :func:`outcome_layout`."""
    fields = {
        "hit": 1,  # an entry matches
        "counter": 2,  # its counter
        "taken": 1,  # the jump is predicted
        "target": options.pc_bits,  # then its target
    }
    if options.compressed:
        fields["upper"] = 1  # the jump ends with the upper half of the word
    return data.StructLayout(fields)


def outcome_layout(options: CpuOptions) -> data.StructLayout:
    return data.StructLayout(
        {
            "valid": 1,
            "pc": options.pc_bits,  # of the instruction, or of its last two bytes if compressed
            "taken": 1,  # it jumped
            "hit": 1,  # prediction.hit for it
            "counter": 2,  # prediction.counter for it
            "jump": 1,  # it may jump; else its entry was made for another instruction
            "allocate": 1,  # it jumped, and its target was not predicted, or wrongly
            "target": options.pc_bits,  # then its target
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
    pc : address of a word, in words.
    upper : with compressed instructions, the program enters the word at its upper half.
    prediction : for the word, combinational. A compressed core has one entry for a word.
    outcome : what an instruction did; seen by predictions from the next cycle on.
    """

    def __init__(self, options: CpuOptions):
        self.options = options
        super().__init__(
            {
                "pc": In(30),
                "upper": In(1),
                "prediction": Out(prediction_layout(options)),
                "outcome": In(outcome_layout(options)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        o = self.options
        index_bits = o.branch_targets.bit_length() - 1
        half_bits = o.pc_bits - 30
        target_bits = o.target_bits + half_bits
        entry_layout = data.StructLayout(
            {"tag": o.tag_bits, "target": target_bits, "upper": half_bits}
        )
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
            self.prediction.hit.eq(
                (entry.tag == self.pc[index_bits:][: o.tag_bits])
                & ~(self.upper & ~entry.upper.all())
            ),
            self.prediction.counter.eq(counter_read.data),
            self.prediction.taken.eq(self.prediction.hit & counter_read.data[1]),
            self.prediction.target.eq(Cat(entry.target, self.pc[o.target_bits :])),
        ]

        if o.compressed:
            m.d.comb += self.prediction.upper.eq(entry.upper)

        outcome = self.outcome
        word = outcome.pc[half_bits:]
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
            entry_write.addr.eq(word[:index_bits]),
            entry_write.data.tag.eq(word[index_bits:][: o.tag_bits]),
            entry_write.data.target.eq(outcome.target[:target_bits]),
            entry_write.data.upper.eq(outcome.pc[:half_bits]),
            entry_write.en.eq(outcome.valid & outcome.allocate & (outcome.hit | ~strong)),
            counter_write.addr.eq(word[:index_bits]),
            counter_write.data.eq(counter),
            counter_write.en.eq(outcome.valid & (outcome.taken | outcome.hit)),
        ]
        return m
