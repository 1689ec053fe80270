"""Remembers the bursts that are under way and tells each client how its requests end."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.isa import Cause
from arch.params import Params, log2_exact
from hw.bursts import OFFSET_BITS, burst_layout


def answer_layout(n_clients: int) -> data.StructLayout:
    """From the bus: whose it is, whether it is the burst's last, and whether it is an error.

    ``whose``: a bit for each client, from a register: the clients' sides hang on it.
    """
    return data.StructLayout({"whose": n_clients, "ends_burst": 1, "bad": 1})


def whose(n_clients: int, number: Value) -> Value:
    """The bits for a number of a client."""
    return Cat(number == c for c in range(n_clients))


def outcome_layout() -> data.StructLayout:
    """For a client: ``last`` of its request; ``cause`` (arch.isa.Cause) and ``address`` or 0."""
    return data.StructLayout({"last": 1, "cause": 4, "address": OFFSET_BITS})


class BurstTracker(wiring.Component):
    """Matches answers of the bus with bursts, in order for each client.

    The first failure of a request ends it: the client sees one outcome with the cause and
    ``last``, and the answers to the rest of the request are swallowed.

    Parameters
    ----------
    slots : for each client, bursts that may be under way; powers of two.

    Members
    -------
    halt : swallow everything.
    push, burst : a burst goes to the bus, or is refused and gets no answer.
    room : bit c: client c may push another burst.
    answers : from the bus. Passed on in the same cycle, unless it is an error (one cycle later) or
        a refusal is to be told first.
    outcomes : to the clients; valid for the answer that stands at ``answers``.
    empty : no burst is under way.
    """

    def __init__(self, params: Params, slots: tuple[int, ...]):
        self.params = params
        self.slots = slots
        n = len(slots)
        super().__init__(
            {
                "halt": In(1),
                "push": In(1),
                "burst": In(burst_layout(params, n)),
                "room": Out(n),
                "answers": In(stream.Signature(answer_layout(n))),
                "outcomes": Out(stream.Signature(outcome_layout())).array(n),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        n = len(self.slots)
        pointer_bits = log2_exact(max(self.slots))
        depth = n << pointer_bits
        m.submodules.offsets = offsets = Memory(shape=OFFSET_BITS, depth=depth, init=[])
        write, read = offsets.write_port(), offsets.read_port()
        head_last, head_refused, tails, heads = [], [], [], []
        pop, empty = Signal(n), Signal(n)
        for c, n_slots in enumerate(self.slots):
            last, refused = Signal(n_slots, name=f"last_{c}"), Signal(n_slots, name=f"refused_{c}")
            head = Signal(log2_exact(n_slots), name=f"head_{c}")
            tail = Signal(log2_exact(n_slots), name=f"tail_{c}")
            level = Signal(range(n_slots + 1), name=f"level_{c}")
            room = Signal(name=f"room_{c}", init=1)
            push = self.push & (self.burst.client == c)
            # What is at the head: registers, because the clients hang on them.
            at_head = [Signal(name=f"{kind}_at_head_{c}") for kind in ("last", "refused")]
            next_head = (head + 1)[: len(head)]
            stays, moves = [], []
            for index, choices in ((head, stays), (next_head, moves)):
                fresh = push & (tail == index)
                choices += [
                    Mux(fresh, self.burst.last, last.bit_select(index, 1)),
                    Mux(fresh, self.burst.refused, refused.bit_select(index, 1)),
                ]
            stays[1] = stays[1] & (push | (level != 0))
            moves[1] = moves[1] & (push | (level != 1))
            m.d.sync += [
                signal.eq(Mux(pop[c], moved, stayed))
                for signal, moved, stayed in zip(at_head, moves, stays, strict=True)
            ]
            with m.If(push):
                m.d.sync += [
                    last.bit_select(tail, 1).eq(self.burst.last),
                    refused.bit_select(tail, 1).eq(self.burst.refused),
                    tail.eq(tail + 1),
                ]
            m.d.sync += [head.eq(head + pop[c]), level.eq(level + push - pop[c])]
            with m.If(pop[c]):
                m.d.sync += room.eq(1)
            with m.Elif(push):
                m.d.sync += room.eq(level != n_slots - 1)
            m.d.comb += [empty[c].eq(level == 0), self.room[c].eq(room)]
            head_last.append(at_head[0])
            head_refused.append(at_head[1])
            heads.append(head)
            tails.append(tail)
        m.d.comb += [
            self.empty.eq(empty.all()),
            write.addr.eq((self.burst.client << pointer_bits) | Array(tails)[self.burst.client]),
            write.data.eq(self.burst.offset),
            write.en.eq(self.push),
        ]
        failed = Signal(range(n))  # the client whose request fails
        m.d.comb += read.addr.eq((failed << pointer_bits) | Array(heads)[failed])
        self._answer(m, read, failed, head_last, head_refused, pop)
        return m

    def _answer(
        self,
        m: Module,
        read: wiring.PureInterface,
        failed: Signal,
        head_last: list[Value],
        head_refused: list[Value],
        pop: Signal,
    ) -> None:
        n = len(self.slots)
        answer = self.answers.payload
        swallow = Signal(n)  # the request has failed already
        telling, told = Signal(), Signal(range(n))  # the offset of told's failure is at hand
        cause = Signal(Cause)
        refused = Cat(head_refused)
        bad_of = answer.whose & ~refused & ~swallow
        bad = Signal()
        m.d.comb += [bad.eq(self.answers.valid & answer.bad & bad_of.any()), read.en.eq(0)]

        with m.If(~telling):
            with m.If(bad):
                for c in range(n):
                    with m.If(answer.whose[c]):
                        m.d.comb += failed.eq(c)
                m.d.sync += cause.eq(Cause.BUS)
            with m.Else():
                m.d.sync += cause.eq(Cause.REGION)
                for c in reversed(range(n)):
                    with m.If(head_refused[c] & ~swallow[c]):
                        m.d.comb += failed.eq(c)
            m.d.comb += read.en.eq(1)
            m.d.sync += [telling.eq(bad | (refused & ~swallow).any()), told.eq(failed)]

        taken = Signal()  # the bus's answer goes
        for c, outcome in enumerate(self.outcomes):
            tells = telling & (told == c)
            mine = self.answers.valid & answer.whose[c] & ~head_refused[c]
            passes = mine & ~swallow[c] & ~answer.bad
            m.d.comb += [
                outcome.valid.eq((tells | passes) & ~self.halt),
                outcome.payload.last.eq(tells | (answer.ends_burst & head_last[c])),
                outcome.payload.cause.eq(Mux(tells, cause, Cause.NONE)),
                outcome.payload.address.eq(read.data),
            ]
            with m.If(tells & outcome.ready):
                m.d.sync += [telling.eq(0), swallow[c].eq(~head_last[c])]
                with m.If(cause == Cause.BUS):
                    m.d.comb += [taken.eq(1), pop[c].eq(answer.ends_burst)]
                    m.d.sync += swallow[c].eq(~(answer.ends_burst & head_last[c]))
                with m.Else():
                    m.d.comb += pop[c].eq(1)
            with m.Elif(head_refused[c] & (swallow[c] | self.halt)):
                m.d.comb += pop[c].eq(1)
                m.d.sync += swallow[c].eq(~head_last[c])
            with m.Elif(mine & (swallow[c] | self.halt | (passes & outcome.ready))):
                m.d.comb += [taken.eq(1), pop[c].eq(answer.ends_burst)]
                with m.If(answer.ends_burst & head_last[c]):
                    m.d.sync += swallow[c].eq(0)
        m.d.comb += self.answers.ready.eq(taken)
        with m.If(self.halt):
            m.d.sync += [telling.eq(0), swallow.eq(0)]
