"""Addresses of results: walks the output tensor as post-processing delivers it."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from arch import isa
from arch.params import Params, log2_exact
from hw.scratchpad import result_layout

COMMIT_CYCLES = 4
"""Cycles from ``results`` until a read sees them."""


def writer_command_layout(params: Params) -> data.StructLayout:
    """What this block needs of an array command; fields as in the command set."""
    return data.StructLayout(
        {
            "tile_w": 16,
            "tile_h": 16,
            "blocks": 16,
            "last_cols": (params.cols).bit_length(),
            "out_base": isa.ADDRESS_BITS,
            "out_block_step": isa.ADDRESS_BITS,
            "out_row_step": isa.ADDRESS_BITS,
            "out_pixel_step": isa.ADDRESS_BITS,
        }
    )


def last_layout(params: Params) -> data.StructLayout:
    """Counts of the last pixel and row, of the last block but one, of the last group of lanes."""
    return data.StructLayout(
        {"x": 16, "y": 16, "before_last_block": 16, "group": range(max(2, params.lane_groups))}
    )


def last_of(params: Params, command) -> Value:
    """The same, of a command: subtracted once, so that the counters need only compare."""
    group = (command.last_cols - 1)[: len(command.last_cols)] >> log2_exact(params.lanes)
    group_bits = last_layout(params)["group"].width
    return Cat(
        (command.tile_w - 1)[:16],
        (command.tile_h - 1)[:16],
        (command.blocks - 2)[:16],
        Cat(group, Const(0, group_bits))[:group_bits],
    )


class ResultWriter(wiring.Component):
    """Gives each group of lanes its address and mask.

    Members
    -------
    start, command : the geometry of the results that follow.
    valid, data : a group of ``lanes`` results, in order: groups, pixels, rows, blocks.
    results : one cycle later, towards the scratchpad.
    nothing : one cycle: a command without results has ended.
    finished : the last result of the command was on ``valid`` in the last cycle.
    completed : it can be read now.
    range_error, range_address : a result lies outside the scratchpad; it is not written.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "start": In(1),
                "command": In(writer_command_layout(params)),
                "valid": In(1),
                "data": In(data.ArrayLayout(8, params.lanes)),
                "results": Out(result_layout(params)),
                "nothing": In(1),
                "finished": Out(1),
                "completed": Out(1),
                "range_error": Out(1),
                "range_address": Out(isa.ADDRESS_BITS),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        c = Signal(writer_command_layout(p))
        x, y, block = Signal(16), Signal(16), Signal(16)
        group = Signal(range(max(2, p.lane_groups)))
        address, pixel_base, row_base, block_base = (
            Signal(isa.ADDRESS_BITS, name=n)
            for n in ("address", "pixel_base", "row_base", "block_base")
        )
        last_group, row_end, tile_end = Signal(), Signal(), Signal()
        last_block = Signal()  # a register: all counters hang on it
        last = Signal(last_layout(p))
        m.d.comb += [
            last_group.eq(group == Mux(last_block, last.group, p.lane_groups - 1)),
            row_end.eq(x == last.x),
            tile_end.eq(row_end & (y == last.y)),
        ]
        finished = Signal()
        pixel_next = pixel_base + c.out_pixel_step
        row_next = row_base + c.out_row_step
        block_next = block_base + c.out_block_step
        with m.If(self.valid):
            m.d.sync += [group.eq(group + 1), address.eq(address + p.lanes)]
            with m.If(last_group):
                m.d.sync += [group.eq(0), x.eq(x + 1)]
                m.d.sync += [pixel_base.eq(pixel_next), address.eq(pixel_next)]
                with m.If(row_end):
                    m.d.sync += [x.eq(0), y.eq(y + 1), row_base.eq(row_next)]
                    m.d.sync += [pixel_base.eq(row_next), address.eq(row_next)]
                with m.If(tile_end):
                    m.d.sync += [y.eq(0), block.eq(block + 1), block_base.eq(block_next)]
                    m.d.sync += last_block.eq(block == last.before_last_block)
                    m.d.sync += [row_base.eq(block_next), pixel_base.eq(block_next)]
                    m.d.sync += address.eq(block_next)
                    m.d.comb += finished.eq(last_block)
        with m.If(self.start):
            base = self.command.out_base
            m.d.sync += [
                c.eq(self.command),
                last.eq(last_of(p, self.command)),
                last_block.eq(self.command.blocks == 1),
                x.eq(0),
                y.eq(0),
                block.eq(0),
                group.eq(0),
                address.eq(base),
                pixel_base.eq(base),
                row_base.eq(base),
                block_base.eq(base),
            ]

        # A lane is in use if its channel exists; a result is in range if all such lanes are.
        mask = Signal(p.lanes)
        for lane in range(p.lanes):
            channel = Cat(Const(lane, log2_exact(p.lanes)), group) if p.lane_groups > 1 else lane
            m.d.comb += mask[lane].eq(~last_block | (channel < c.last_cols))
        s1_valid, s1_address = Signal(), Signal(isa.ADDRESS_BITS)
        s1_mask, s1_data = Signal(p.lanes), Signal.like(self.data)
        m.d.sync += [
            s1_valid.eq(self.valid),
            s1_address.eq(address),
            s1_mask.eq(mask),
            s1_data.eq(self.data),
            self.finished.eq(finished | self.nothing),
        ]
        size_bits = log2_exact(p.scratchpad_bytes)
        room = Signal(range(p.scratchpad_bytes + 1))
        outside, crossing = Signal(), Signal()
        m.d.comb += [
            room.eq(p.scratchpad_bytes - s1_address[:size_bits]),
            outside.eq(s1_address[size_bits:].any() if size_bits < isa.ADDRESS_BITS else 0),
            crossing.eq(
                Cat(s1_mask[lane] & (room <= lane) for lane in range(1, p.lanes)).any()
                if p.lanes > 1
                else 0
            ),
            self.range_error.eq(s1_valid & (outside | crossing)),
            self.range_address.eq(Mux(outside, s1_address, p.scratchpad_bytes)),
            self.results.valid.eq(s1_valid & ~outside & ~crossing),
            self.results.address.eq(s1_address),
            self.results.data.eq(s1_data),
            self.results.mask.eq(s1_mask),
        ]
        commit = Signal(COMMIT_CYCLES)
        m.d.sync += commit.eq(Cat(self.finished, commit))
        m.d.comb += self.completed.eq(commit[-1])
        return m
