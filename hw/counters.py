"""Event counters of 32 bits that share one adder and one small memory."""

from __future__ import annotations

from amaranth.hdl import Array, Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

COUNTER_BITS = 32


class Counters(wiring.Component):
    """Counts one-bit events, each at up to one a cycle, modulo 2**32.

    Events gather in narrow counters; every cycle one of those is added to its place in memory, in
    turn. A total is therefore exact in the one cycle of a round in which its turn comes.

    Parameters
    ----------
    n : counters.

    Members
    -------
    events : bit i: counter i goes up.
    clear : one cycle: all counters become zero; the events of that cycle do not count.
    index : counter to read; steady until ``valid``.
    valid : ``total`` is that counter, the events of all cycles before the last one included. Comes
        once in a round of as many cycles as there are counters, rounded up to a power of two; it
        belongs to the ``index`` of the cycle before.
    """

    def __init__(self, n: int):
        self.n = n
        self.round_bits = (n - 1).bit_length()
        super().__init__(
            {
                "events": In(n),
                "clear": In(1),
                "index": In(self.round_bits),
                "valid": Out(1),
                "total": Out(COUNTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        n_slots = 1 << self.round_bits
        m.submodules.totals = totals = Memory(shape=COUNTER_BITS, depth=n_slots, init=[])
        write, read = totals.write_port(), totals.read_port()
        slot = Signal(self.round_bits)
        gathered = [Signal(range(n_slots + 1), name=f"gathered_{i}") for i in range(self.n)]
        written = Signal(n_slots)  # since clear; the memory itself is not cleared
        total = Signal(COUNTER_BITS)
        stored = Mux(written.bit_select(slot, 1), read.data, 0)
        m.d.comb += [
            total.eq(stored + Array(gathered)[slot]),
            read.addr.eq(slot + 1),
            write.addr.eq(slot),
            write.data.eq(total),
            write.en.eq(1),
        ]
        m.d.sync += [self.valid.eq(slot == self.index), self.total.eq(total)]
        m.d.sync += [slot.eq(slot + 1), written.bit_select(slot, 1).eq(1)]
        for i, count in enumerate(gathered):
            m.d.sync += count.eq(Mux(slot == i, 0, count) + self.events[i])
        with m.If(self.clear):
            m.d.sync += [written.eq(0), *(count.eq(0) for count in gathered)]
        return m
