"""Fetches a program, checks its commands and hands them to the engines' queues."""

from __future__ import annotations

from functools import reduce
from operator import add, or_

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import (
    CONFIG_WORDS,
    COUNT_BITS,
    HEADER,
    WAITS,
    WORD_BYTES,
    Cause,
    Engine,
    Opcode,
    config_word_of,
)
from arch.params import Params, log2_exact
from hw.command_queue import CommandQueue
from hw.interfaces import N_ENGINES, ReadRequest, command_signature, completed_layout
from hw.program_fetch import WORD_COUNT_BITS, ProgramFetch

MAX_COUNT = (1 << COUNT_BITS) - 1


def header_layout() -> data.StructLayout:
    """What is kept of a header: its command's engine and what is wrong with it."""
    return data.StructLayout(
        {
            "engine": range(N_ENGINES),
            "is_end": 1,
            "bad_opcode": 1,
            "bad_length": 1,
            "n_words": HEADER["words"].width,
            "mask": HEADER["mask"].width,
        }
    )


class Sequencer(wiring.Component):
    """Dispatches the commands of a program in order; one 64-bit word a cycle.

    A command of header and waits alone takes a cycle more.

    A program that is refused ends like one that reaches END: the commands before the bad one are
    completed first, so that what they did, and an error of theirs, does not depend on time.

    Behind a CORE command with ``accept`` words come from the core, until that command and all that
    it gave are complete. Counts are then set back, as if the core had given nothing: the program's
    waits do not know of it. The core's words are checked as the program's are; in addition CORE and
    END are refused (OPCODE), and waits for the core (WAIT), because it would wait for itself. What
    is refused ends the program at once: the core may be waiting for it.

    Members
    -------
    run : the program may run; it starts once after a reset.
    region, offset, n_bytes : where the program is; steady while ``run``. Bytes behind the last
        whole word do not count.
    fetch : program memory. At most four requests of 128 bytes are open, and their beats are taken
        at once.
    given : words of commands from the core.
    counts : commands dispatched to each engine.
    commands : to the engines, in the order of isa.Engine.
    engine_completed : EngineStatus.completed of each engine.
    completed : commands that each engine has completed, one cycle behind ``engine_completed``.
    dispatched : commands dispatched to all engines, modulo 2**16.
    done : one cycle: END is reached and every command is completed.
    error : one cycle, instead of ``done``: ``cause`` (OPCODE, LENGTH, WAIT, REGION or BUS),
        ``address`` and ``info`` (the offset and region that could not be read) are valid.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "run": In(1),
                "region": In(3),
                "offset": In(32),
                "n_bytes": In(32),
                "fetch": Out(ReadRequest(params)),
                "given": In(stream.Signature(8 * WORD_BYTES)),
                "counts": Out(completed_layout()),
                "commands": Out(command_signature()).array(N_ENGINES),
                "engine_completed": In(N_ENGINES),
                "completed": Out(completed_layout()),
                "dispatched": Out(COUNT_BITS),
                "done": Out(1),
                "error": Out(1),
                "cause": Out(4),
                "address": Out(32),
                "info": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.fetch = fetch = ProgramFetch(self.params)
        m.submodules.queue = queue = CommandQueue(self.params)
        connect(m, fetch.fetch, flipped(self.fetch))
        for e in range(N_ENGINES):
            connect(m, queue.commands[e], flipped(self.commands[e]))
            count = self.completed[e]
            m.d.sync += count.eq(count + self.engine_completed[e])
        word_lsb = log2_exact(WORD_BYTES)
        m.d.comb += [
            fetch.region.eq(self.region),
            fetch.first_word.eq(self.offset[word_lsb:]),
            fetch.n_words.eq(self.n_bytes[word_lsb:]),
        ]

        dispatched = self.counts
        header = Signal(header_layout())
        words_left = Signal(WORD_COUNT_BITS)  # not yet taken from fetch.words
        others = [e for e in range(N_ENGINES) if e != Engine.CORE]
        core_settled, others_settled, accepting = Signal(), Signal(), Signal()
        settled = core_settled & others_settled
        before = Signal(completed_layout())  # what was dispatched before the core's own
        m.d.sync += [
            core_settled.eq(self.completed[Engine.CORE] == dispatched[Engine.CORE]),
            others_settled.eq(Cat(self.completed[e] == dispatched[e] for e in others).all()),
        ]
        words, fault = self._words(m, fetch, accepting, core_settled)
        last, accepts = self._push(m, header, words, queue, dispatched, words_left, accepting)

        def fail(cause: Value | Cause) -> None:
            m.d.sync += self.cause.eq(cause)
            m.next = "DRAIN"

        def dispatch() -> None:
            """Behind the last item of a command."""
            m.next = "HEADER"
            with m.If(accepts | accepting):
                m.next = "ACCEPT"

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += fetch.begin.eq(self.run)
                m.d.sync += words_left.eq(fetch.n_words)
                with m.If(self.run):
                    m.next = "HEADER"
            with m.State("ACCEPT"):
                # One cycle, in which core_settled and others_settled learn of the command.
                m.d.sync += accepting.eq(1)
                with m.If(~accepting):
                    m.d.sync += before.eq(dispatched)
                m.next = "HEADER"
            with m.State("HEADER"):
                over = accepting & core_settled & ~words.valid
                with m.If(over & others_settled):
                    m.d.sync += accepting.eq(0)
                    m.d.sync += [dispatched[e].eq(before[e]) for e in others]
                    m.d.sync += [self.completed[e].eq(before[e]) for e in others]
                with m.Elif(~accepting & (words_left < 2)):
                    fail(Cause.LENGTH)
                with m.Elif(words.valid):
                    m.d.comb += words.ready.eq(1)
                    m.d.sync += header.eq(self._decode(m, words.payload))
                    with m.If(~accepting):
                        m.d.sync += words_left.eq(words_left - 1)
                    m.next = "WAITS"
                with m.Elif(fault & ~accepting):
                    m.next = "FAULT"
            with m.State("WAITS"):
                cause = self._cause(m, header, words.payload, dispatched, words_left, accepting)
                m.d.comb += queue.entries.payload.item.is_waits.eq(1)
                with m.If(words.valid):
                    # What is wrong with the command is known in the next cycle. Its waits go to
                    # the queue before: without its last item it is no command.
                    m.d.sync += self.cause.eq(cause)
                    with m.If(header.is_end | header.bad_opcode):
                        m.next = "DRAIN"
                    with m.Elif(last):
                        m.next = "ONLY_WAITS"
                    with m.Else():
                        m.d.comb += queue.entries.valid.eq(1)
                        with m.If(queue.entries.ready):
                            m.next = "WORDS"
                with m.Elif(fault):
                    m.next = "FAULT"
            with m.State("ONLY_WAITS"):
                good = self.cause == Cause.NONE
                m.d.comb += [
                    queue.entries.payload.item.is_waits.eq(1),
                    queue.entries.valid.eq(good),
                ]
                with m.If(~good):
                    m.next = "DRAIN"
                with m.Elif(queue.entries.ready):
                    dispatch()
            with m.State("WORDS"):
                good = self.cause == Cause.NONE
                m.d.comb += queue.entries.valid.eq(words.valid & good)
                with m.If(~good):
                    m.next = "DRAIN"
                with m.Elif(queue.entries.valid & queue.entries.ready & last):
                    dispatch()
                with m.Elif(~words.valid & fault):
                    m.next = "FAULT"
            with m.State("FAULT"):
                with m.If(~accepting):
                    m.d.sync += [self.address.eq(fetch.address), self.info.eq(self.region)]
                fail(Mux(accepting, Cause.LENGTH, fetch.cause))
            with m.State("DRAIN"):
                m.d.comb += fetch.end.eq(1)
                with m.If(settled | accepting):
                    m.d.sync += [
                        self.done.eq(self.cause == Cause.NONE),
                        self.error.eq(self.cause != Cause.NONE),
                    ]
                    m.next = "OVER"
            with m.State("OVER"):
                m.d.sync += [self.done.eq(0), self.error.eq(0)]
        return m

    def _words(
        self, m: Module, fetch: ProgramFetch, accepting: Signal, core_settled: Signal
    ) -> tuple[stream.Interface, Signal]:
        """The words to be dispatched, and whether there will be no more of them.

        The core gives none behind the end of its command.
        """
        words = stream.Signature(8 * WORD_BYTES).create(path=("words",))
        fault = Signal()
        if not self.params.config.has_core:
            connect(m, fetch.words, flipped(words))
            m.d.comb += fault.eq(fetch.fault)
            return words, fault
        m.d.comb += [
            words.payload.eq(Mux(accepting, self.given.payload, fetch.words.payload)),
            words.valid.eq(Mux(accepting, self.given.valid, fetch.words.valid)),
            self.given.ready.eq(accepting & words.ready),
            fetch.words.ready.eq(~accepting & words.ready),
            fault.eq(Mux(accepting, core_settled, fetch.fault)),
        ]
        return words, fault

    def _decode(self, m: Module, word: Value) -> Signal:
        """Fields and faults of a header word."""
        out = Signal(header_layout())
        opcode = word[: HEADER["opcode"].width]
        n_words = word[HEADER["words"].lsb :][: HEADER["words"].width]
        mask = word[HEADER["mask"].lsb :][: HEADER["mask"].width]
        present = Signal(range(len(mask) + 1))
        m.d.comb += [
            present.eq(_count_ones(mask)),
            out.engine.eq(opcode),
            out.bad_opcode.eq(1),
            out.bad_length.eq(present != n_words),
            out.n_words.eq(n_words),
            out.mask.eq(mask),
        ]
        with m.Switch(opcode):
            for known in Opcode:
                with m.Case(known):
                    beyond = mask[len(CONFIG_WORDS[known]) :]
                    m.d.comb += [
                        out.bad_opcode.eq(0),
                        out.is_end.eq(known is Opcode.END),
                        out.bad_length.eq((present != n_words) | beyond.any()),
                    ]
        return out

    def _cause(
        self,
        m: Module,
        header: data.View,
        word: Value,
        dispatched: data.View,
        words_left: Value,
        accepting: Value,
    ) -> Signal:
        """What is wrong with a command, in the order in which arch.decode looks for it."""
        forbidden = accepting & (header.is_end | (header.engine == Engine.CORE))
        for_core = word[WAITS["core"].lsb :][: WAITS["core"].width].any()
        too_early = reduce(
            or_,
            (
                word[field.lsb :][: field.width] > dispatched[e]
                for e, field in enumerate(WAITS.fields)
            ),
        )
        full = Cat(dispatched[e] == MAX_COUNT for e in range(N_ENGINES))
        cause = Signal(Cause)
        with m.If(header.bad_opcode | forbidden):
            m.d.comb += cause.eq(Cause.OPCODE)
        with m.Elif(header.bad_length):
            m.d.comb += cause.eq(Cause.LENGTH)
        with m.Elif(too_early | (accepting & for_core)):
            m.d.comb += cause.eq(Cause.WAIT)
        with m.Elif(
            ~accepting & (header.n_words >= words_left)
        ):  # the wait word is still among them
            m.d.comb += cause.eq(Cause.LENGTH)
        with m.Elif(~header.is_end & full.bit_select(header.engine, 1)):
            m.d.comb += cause.eq(Cause.LENGTH)
        return cause

    def _push(
        self,
        m: Module,
        header: data.View,
        words: stream.Interface,
        queue: CommandQueue,
        dispatched: data.View,
        words_left: Signal,
        accepting: Signal,
    ) -> tuple[Value, Value]:
        """Move words to the queue.

        True while the word is a command's last; and if it is, whether words of the core follow.
        """
        entry = queue.entries.payload
        rest = Mux(entry.item.is_waits, header.mask, header.mask & (header.mask - 1))
        index = Signal(4)
        for i in reversed(range(len(header.mask))):
            with m.If(header.mask[i]):
                m.d.comb += index.eq(i)
        m.d.comb += [
            entry.engine.eq(header.engine),
            entry.item.word.eq(words.payload),
            entry.item.index.eq(index),
            entry.item.last.eq(rest == 0),
        ]
        # The field keeps its value until a command brings another, as in the core's port.
        control, fmt = config_word_of(Opcode.CORE, "accept")
        kept, accepts, is_core = Signal(), Signal(), header.engine == Engine.CORE
        brings = is_core & ~entry.item.is_waits & (index == control)
        m.d.comb += accepts.eq(is_core & Mux(brings, words.payload[fmt["accept"].lsb], kept))
        with m.If(queue.entries.valid & queue.entries.ready):
            m.d.comb += words.ready.eq(1)
            m.d.sync += header.mask.eq(rest)
            with m.If(~accepting):
                m.d.sync += words_left.eq(words_left - 1)
            with m.If(is_core):
                m.d.sync += kept.eq(accepts)
        # Not before its last word: a command that memory cuts short will never be completed.
        with m.If(queue.entries.valid & queue.entries.ready & entry.item.last):
            m.d.sync += self.dispatched.eq(self.dispatched + 1)
            for e in range(N_ENGINES):
                with m.If(header.engine == e):
                    m.d.sync += dispatched[e].eq(dispatched[e] + 1)
        return entry.item.last, accepts


def _count_ones(value: Value) -> Value:
    """Number of ones, added as a tree."""
    terms: list[Value] = list(value)
    while len(terms) > 1:
        terms = [reduce(add, terms[i : i + 2]) for i in range(0, len(terms), 2)]
    return terms[0]
