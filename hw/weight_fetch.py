"""Reads pass descriptors, weight tiles and quantisation parameters in the order of their use."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from arch.isa import DESCRIPTOR_ROWS, DESCRIPTOR_STREAM, DESCRIPTOR_UNIT_BYTES
from arch.params import Params, log2_exact
from hw.banks import any_of
from hw.formats import struct_of
from hw.weight_memory import WeightRead

TILE_FIFO_DEPTH = 8


def weight_command_layout(params: Params) -> data.StructLayout:
    """What this block needs of an array command; addresses in words."""
    return data.StructLayout(
        {
            "weights": log2_exact(params.weight_words),
            "table": log2_exact(params.weight_words),
            "blocks": 16,
            "entries": 16,
            "cb_count": 16,
            "last_rows": 8,
            "has_quant": 1,
            "per_channel": 1,
            "shared": 1,
        }
    )


def tile_layout(params: Params) -> data.StructLayout:
    """One word of a weight tile.

    ``index`` says which rows it holds (params.row_order); ``active`` are the rows that take part
    in the pass; ``last`` marks the tile's last word; ``empty``: the tile has no words at all.
    """
    return data.StructLayout(
        {
            "word": 8 * params.weight_word_bytes,
            "index": max(1, (len(params.row_order) - 1).bit_length()),
            "active": params.rows,
            "last": 1,
            "empty": 1,
        }
    )


def quant_layout(params: Params) -> data.StructLayout:
    """One word of the parameters behind a block (arch.params.Params.quant_words)."""
    return data.StructLayout(
        {
            "word": 8 * params.weight_word_bytes,
            "index": max(1, (params.quant_words(True) - 1).bit_length()),
            "last": 1,
        }
    )


def descriptor_layout(params: Params) -> data.StructLayout:
    """A pass descriptor: its streams, and of each pair how many rows from the first on it needs."""
    rows = log2_exact(params.pair_rows) + 1
    return data.StructLayout(
        {
            "streams": data.ArrayLayout(struct_of(DESCRIPTOR_STREAM), params.streams),
            "rows": data.ArrayLayout(rows, params.pairs),
        }
    )


class WeightFetch(wiring.Component):
    """Walks the weight memory for one array command after the other, ahead of the array.

    For each block of output channels: for each descriptor the descriptor, then the tiles of all
    blocks of input channels; behind them the block's quantisation parameters.

    Members
    -------
    command : taken when the last one is finished.
    read : port of the weight memory.
    descriptors : one for each entry of the table and each block.
    tiles : words for the array, buffered; one a cycle.
    quants : words of parameters, one a cycle.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "command": In(stream.Signature(weight_command_layout(params))),
                "read": Out(WeightRead(params)),
                "descriptors": Out(stream.Signature(descriptor_layout(params))),
                "tiles": Out(stream.Signature(tile_layout(params))),
                "quants": Out(stream.Signature(quant_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        layout = tile_layout(p)
        m.submodules.tile_fifo = fifo = SyncFIFO(width=layout.size, depth=TILE_FIFO_DEPTH)
        m.d.comb += [
            self.tiles.payload.eq(fifo.r_data),
            self.tiles.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.tiles.ready),
        ]

        command = Signal(weight_command_layout(p), reset_less=True)
        # Of each count the last value: subtracted once, so that the loops need only compare.
        last = Signal(data.StructLayout(dict.fromkeys(("blocks", "entries", "cb_count"), 16)))
        before_last_cb = Signal(16)
        pointer = Signal(log2_exact(p.weight_words))
        table = Signal.like(pointer)
        block, entry, cb = Signal(16), Signal(16), Signal(16)

        units = Signal(data.ArrayLayout(8 * DESCRIPTOR_UNIT_BYTES, 1 + p.streams), reset_less=True)
        active_all = units[0][DESCRIPTOR_ROWS["active"].lsb :][: p.rows]
        active_last = Signal(p.rows)
        m.d.comb += active_last.eq(
            active_all & Cat(row < command.last_rows for row in range(p.rows))
        )
        for s in range(p.streams):
            m.d.comb += self.descriptors.payload.streams[s].eq(units[1 + s])
        for pair in range(p.pairs):
            rows = self.descriptors.payload.rows[pair]
            for row in range(p.pair_rows):
                with m.If(active_all[pair * p.pair_rows + row]):
                    m.d.comb += rows.eq(row + 1)

        n_words = len(p.row_order)
        word_bits = 8 * p.weight_word_bytes
        left = Signal(n_words)
        index = Signal(range(n_words))
        for k in reversed(range(n_words)):
            with m.If(left[k]):
                m.d.comb += index.eq(k)
        only_one = Signal()
        m.d.comb += only_one.eq((left & (left - 1)[:n_words]) == 0)
        last_cb, last_entry, last_block = Signal(), Signal(), Signal()
        m.d.comb += [
            last_cb.eq(cb == last.cb_count),
            last_entry.eq(entry == last.entries),
            last_block.eq(block == last.blocks),
        ]

        step = Signal(range(max(p.descriptor_words, p.quant_words(True)) + 1))
        tile_item = Signal(layout, reset_less=True)  # what is known of the tile word that arrives
        tile_arriving, quant_arriving = Signal(), Signal()
        quant_item = Signal(quant_layout(p))
        m.d.sync += tile_arriving.eq(0)
        m.d.comb += [
            fifo.w_data.eq(tile_item),
            fifo.w_data.word_select(0, len(self.read.data)).eq(self.read.data),
            fifo.w_en.eq(tile_arriving),
            self.quants.payload.eq(quant_item),
            self.quants.payload.word.eq(self.read.data),
            self.quants.valid.eq(quant_arriving),
        ]
        tile_room = Signal()
        m.d.comb += tile_room.eq(fifo.w_level < TILE_FIFO_DEPTH - 1)
        next_left = self._present(active_all)
        next_left_last = self._present(active_last)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                m.d.sync += [
                    command.eq(self.command.payload),
                    *(last[name].eq(self.command.payload[name] - 1) for name, _ in last.shape()),
                    before_last_cb.eq(self.command.payload.cb_count - 2),
                    pointer.eq(self.command.payload.weights),
                    table.eq(self.command.payload.table),
                    block.eq(0),
                    entry.eq(0),
                    cb.eq(0),
                    step.eq(0),
                ]
                with m.If(self.command.valid):
                    m.next = "DESCRIPTOR"
            with m.State("DESCRIPTOR"):
                m.d.comb += [
                    self.read.enable.eq(step != p.descriptor_words),
                    self.read.address.eq(table),
                ]
                m.d.sync += step.eq(step + 1)
                for k in range(p.descriptor_words):  # word k arrives while step is k + 1
                    with m.If(step == k + 1):
                        part = units.as_value()[k * word_bits : (k + 1) * word_bits]
                        m.d.sync += part.eq(self.read.data)
                with m.If(step == p.descriptor_words):
                    m.d.sync += step.eq(0)
                    m.next = "ANNOUNCE"
                with m.Else():
                    m.d.sync += table.eq(table + 1)
            with m.State("ANNOUNCE"):
                m.d.comb += self.descriptors.valid.eq(1)
                m.d.sync += left.eq(Mux(last_cb, next_left_last, next_left))
                with m.If(self.descriptors.ready):
                    m.next = "TILES"
            with m.State("TILES"), m.If(tile_room):
                m.d.comb += [
                    self.read.enable.eq(left.any()),
                    self.read.address.eq(pointer),
                ]
                m.d.sync += [
                    tile_arriving.eq(1),
                    tile_item.index.eq(index),
                    tile_item.active.eq(Mux(last_cb, active_last, active_all)),
                    tile_item.last.eq(only_one),
                    tile_item.empty.eq(~left.any()),
                    pointer.eq(pointer + left.any()),
                    left.eq(left & (left - 1)[:n_words]),
                ]
                with m.If(only_one):
                    m.d.sync += cb.eq(cb + 1)
                    m.d.sync += left.eq(Mux(cb == before_last_cb, next_left_last, next_left))
                    with m.If(last_cb):
                        m.d.sync += [cb.eq(0), entry.eq(entry + 1)]
                        m.next = "DESCRIPTOR"
                        with m.If(last_entry):
                            m.d.sync += entry.eq(0)
                            m.next = "QUANT"
            with m.State("QUANT"):
                words = Mux(command.per_channel, p.quant_words(True), p.quant_words(False))
                free = ~quant_arriving | self.quants.ready
                done = Signal()
                m.d.comb += done.eq((step == words) | ~command.has_quant)
                with m.If(free & ~done):
                    m.d.comb += [self.read.enable.eq(1), self.read.address.eq(pointer)]
                    m.d.sync += [
                        quant_arriving.eq(1),
                        quant_item.index.eq(step),
                        quant_item.last.eq(step == words - 1),
                        step.eq(step + 1),
                        pointer.eq(pointer + 1),
                    ]
                with m.Elif(free):
                    m.d.sync += quant_arriving.eq(0)
                with m.If(done & free):
                    m.d.sync += [step.eq(0), block.eq(block + 1), table.eq(command.table)]
                    with m.If(command.shared):
                        m.d.sync += pointer.eq(command.weights)
                    m.next = "DESCRIPTOR"
                    with m.If(last_block):
                        m.next = "IDLE"
        return m

    def _present(self, active: Value) -> Value:
        """Bit k: word k of a tile holds at least one active row."""
        return Cat(any_of([active[row] for row in rows]) for rows in self.params.row_order)
