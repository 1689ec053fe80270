"""The engines' queues of command items, side by side in one memory."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.isa import Engine
from arch.params import Params
from hw.interfaces import N_ENGINES, command_item_layout, command_signature


def queue_entry_layout() -> data.StructLayout:
    """An item and the engine that it is for."""
    return data.StructLayout({"engine": range(N_ENGINES), "item": command_item_layout()})


def _kind_layout() -> data.StructLayout:
    """All of an item but its word."""
    fields = {name: f.width for name, f in command_item_layout() if name != "word"}
    return data.StructLayout(fields)


class CommandQueue(wiring.Component):
    """Four queues of ``queue_words`` items that share one write and one read port.

    Members
    -------
    entries : one item a cycle; ``ready`` is low while the queue of ``payload.engine`` is full.
    commands : to the engines, one item a cycle altogether; an item is offered two cycles after it
        was taken, and only to an engine that is ready. An engine that has raised its ``ready``
        must keep it until it has taken the last item of a command (as
        :class:`hw.command_port.CommandPort` does), or it holds up the others.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "entries": In(stream.Signature(queue_entry_layout())),
                "commands": Out(command_signature()).array(N_ENGINES),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        depths = [getattr(self.params.config.queue_words, e.name.lower()) for e in Engine]
        n_items = sum(depths)
        word_bits = command_item_layout()["word"].width
        m.submodules.memory = memory = Memory(shape=word_bits, depth=n_items, init=[])
        write, read = memory.write_port(), memory.read_port()
        # What an item is decides what is read next and who keeps it, so it must be there early in
        # the cycle, and block RAM answers late: all but its word has a memory of its own.
        m.submodules.kinds = kinds = Memory(
            shape=_kind_layout(), depth=n_items, init=[], attrs={"ram_style": "distributed"}
        )
        write_kind, read_kind = kinds.write_port(), kinds.read_port()
        kind = read_kind.data
        m.d.comb += [
            write_kind.addr.eq(write.addr),
            write_kind.en.eq(write.en),
            read_kind.addr.eq(read.addr),
            read_kind.en.eq(read.en),
        ]
        for name in _kind_layout().members:
            m.d.comb += write_kind.data[name].eq(self.entries.payload.item[name])

        entry = self.entries.payload
        out_valid = Signal()
        out_engine = Signal(range(N_ENGINES))
        out_free = Signal()
        m.d.comb += [write.data.eq(entry.item.word), read.en.eq(0), out_free.eq(~out_valid)]
        with m.If(out_free):
            m.d.sync += out_valid.eq(0)

        chosen = out_free  # no queue of higher priority has taken the read port
        first = 0
        for e, depth in enumerate(depths):
            end = first + depth - 1
            head = Signal(range(n_items), init=first, name=f"head_{e}")
            tail = Signal(range(n_items), init=first, name=f"tail_{e}")
            level = Signal(range(depth + 1), name=f"level_{e}")
            some, room = Signal(name=f"some_{e}"), Signal(name=f"room_{e}", init=1)
            push, pop, mine = (Signal(name=f"{name}_{e}") for name in ("push", "pop", "mine"))
            port = self.commands[e]
            m.d.comb += [
                mine.eq(out_valid & (out_engine == e)),
                port.valid.eq(mine),
                port.payload.word.eq(read.data),
                push.eq(self.entries.valid & (entry.engine == e) & room),
                # Behind its last item an engine is busy: the next command must wait here.
                pop.eq(chosen & some & port.ready & ~(mine & kind.last)),
            ]
            for name in _kind_layout().members:
                m.d.comb += port.payload[name].eq(kind[name])
            with m.If(mine & port.ready):
                m.d.comb += out_free.eq(1)
            with m.If(push):
                m.d.sync += tail.eq(Mux(tail == end, first, tail + 1))
            with m.If(entry.engine == e):
                m.d.comb += [
                    write.addr.eq(tail),
                    write.en.eq(push),
                    self.entries.ready.eq(room),
                ]
            with m.If(pop):
                m.d.comb += [read.addr.eq(head), read.en.eq(1)]
                m.d.sync += [
                    head.eq(Mux(head == end, first, head + 1)),
                    out_valid.eq(1),
                    out_engine.eq(e),
                ]
            m.d.sync += level.eq(level + push - pop)
            with m.If(push):
                m.d.sync += some.eq(1)
            with m.Elif(pop):
                m.d.sync += some.eq(level != 1)
            with m.If(pop):
                m.d.sync += room.eq(1)
            with m.Elif(push):
                m.d.sync += room.eq(level != depth - 1)
            chosen = chosen & ~pop
            first = end + 1
        return m
