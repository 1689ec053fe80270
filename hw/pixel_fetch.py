"""Fetches the pixels of each pass from the scratchpad and lines them up for the array."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from arch.isa import Mode
from arch.params import Params, log2_exact
from hw.pass_generator import pass_layout
from hw.window_reader import window_request_layout

DEPTH = 16
"""Slots in flight or waiting; more than the latency of a scratchpad read."""


def slot_layout(params: Params) -> data.StructLayout:
    """What the array takes in one step.

    ``data``: convolution: the byte of each row, lowest first; otherwise the windows of all
    streams. ``valid``: streams whose pixel lies inside the image.
    """
    return data.StructLayout(
        {
            "data": 8 * params.streams * params.window_bytes,
            "valid": params.streams,
        }
    )


class PixelFetch(wiring.Component):
    """Runs ahead of the array: addresses, bounds, and the merge of streams into rows.

    Members
    -------
    passes : one for each traversal of the tile; taken without a pause between them.
    request, windows, windows_valid : to and from the window reader.
    slots : ``run`` of them for each row of each pass, in order.
    """

    def __init__(self, params: Params):
        self.params = params
        windows = data.ArrayLayout(8 * params.window_bytes, params.streams)
        super().__init__(
            {
                "passes": In(stream.Signature(pass_layout(params))),
                "request": Out(stream.Signature(window_request_layout(params))),
                "windows": In(windows),
                "windows_valid": In(1),
                "slots": Out(stream.Signature(slot_layout(params))),
                "idle": Out(1),
            }
        )

    def _side_layout(self) -> data.StructLayout:
        """What travels beside a request: which streams are valid and how rows are merged."""
        p = self.params
        first = max(1, log2_exact(p.pair_rows))
        return data.StructLayout(
            {
                "mode": 2,
                "pad": 8,
                "valid": p.streams,
                "enable": p.streams,
                "first": data.ArrayLayout(first, p.streams),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        address = log2_exact(p.scratchpad_bytes)

        # The next pass waits here, so that who makes passes need not know when the last one ends.
        next_valid, take = Signal(), Signal()
        next_pass = Signal(pass_layout(p), reset_less=True)

        # Stage 1: the common address and coordinates of the slot.
        s1_valid = Signal()
        s1_pass = Signal(pass_layout(p), reset_less=True)
        c = s1_pass.geometry
        s1_address = Signal(address, reset_less=True)
        row_next = Signal(address, reset_less=True)
        s1_x, s1_y = Signal(signed(17)), Signal(signed(17))
        slot, row, last_slot, last_row = Signal(16), Signal(16), Signal(16), Signal(16)
        row_end, pass_end = Signal(), Signal()
        s1_go = Signal()
        m.d.comb += [
            row_end.eq(slot == last_slot),
            pass_end.eq(row_end & (row == last_row)),
            take.eq(~s1_valid | (s1_go & pass_end)),
            self.passes.ready.eq(~next_valid),
        ]
        with m.If(self.passes.ready):
            m.d.sync += [next_valid.eq(self.passes.valid), next_pass.eq(self.passes.payload)]
        with m.If(s1_go):
            m.d.sync += [
                slot.eq(slot + 1),
                s1_address.eq(s1_address + c.pixel_step),
                s1_x.eq(s1_x + c.x_step),
            ]
            with m.If(row_end):
                m.d.sync += [
                    slot.eq(0),
                    row.eq(row + 1),
                    s1_address.eq(row_next),
                    row_next.eq(row_next + c.row_step),
                    s1_x.eq(c.x0),
                    s1_y.eq(s1_y + c.y_step),
                ]
        with m.If(take):
            base, geometry = next_pass.base, next_pass.geometry
            with m.If(next_valid):
                m.d.sync += next_valid.eq(0)
            m.d.sync += [
                s1_valid.eq(next_valid),
                s1_pass.eq(next_pass),
                s1_address.eq(base),
                row_next.eq(base + geometry.row_step),
                s1_x.eq(geometry.x0),
                s1_y.eq(geometry.y0),
                last_slot.eq(geometry.run - 1),
                last_row.eq(geometry.tile_h - 1),
                slot.eq(0),
                row.eq(0),
            ]

        # Stage 2: each stream's address and coordinates.
        side = self._side_layout()
        s2_valid, s2_go = Signal(), Signal()
        s2_request = Signal(window_request_layout(p), reset_less=True)
        s2_side = Signal(side, reset_less=True)
        s2_inside = Signal(p.streams)
        s2_height, s2_width = Signal(16), Signal(16)
        m.d.comb += s1_go.eq(s1_valid & (~s2_valid | s2_go))
        with m.If(~s2_valid | s2_go):
            m.d.sync += [
                s2_valid.eq(s1_valid),
                s2_height.eq(c.height),
                s2_width.eq(c.width),
                s2_side.mode.eq(c.mode),
                s2_side.pad.eq(c.pad),
                s2_side.enable.eq(Cat(one.enable for one in s1_pass.streams)),
            ]
            for s in range(p.streams):
                first, last = self._wanted(s1_pass, s)
                m.d.sync += [
                    s2_request.address[s].eq(s1_address + s1_pass.streams[s].offset),
                    s2_request.first[s].eq(first),
                    s2_request.last[s].eq(last),
                    s2_side.first[s].eq(s1_pass.streams[s].first),
                ]
        for s in range(p.streams):
            s2_x, s2_y = Signal(signed(18), name=f"s2_x_{s}"), Signal(signed(18), name=f"s2_y_{s}")
            with m.If(~s2_valid | s2_go):
                m.d.sync += [
                    s2_x.eq(s1_x + s1_pass.streams[s].dx),
                    s2_y.eq(s1_y + s1_pass.streams[s].dy),
                ]
            m.d.comb += s2_inside[s].eq(
                (s2_x >= 0) & (s2_x < s2_width) & (s2_y >= 0) & (s2_y < s2_height)
            )
        elementwise = s2_side.mode == Mode.ELEMENTWISE
        reads = s2_side.enable & (s2_inside | elementwise.replicate(p.streams))

        in_flight = Signal(range(DEPTH + 1))
        room = Signal()  # for one more than was in flight a cycle ago: known early in the cycle
        accepted, popped = Signal(), Signal()  # popped: in the last cycle
        m.submodules.sides = sides = SyncFIFO(width=side.size, depth=DEPTH)
        m.d.comb += [
            self.request.payload.eq(s2_request),
            self.request.payload.enable.eq(reads),
            self.request.valid.eq(s2_valid & room),
            accepted.eq(self.request.valid & self.request.ready),
            s2_go.eq(accepted),
            sides.w_en.eq(accepted),
            self.idle.eq(~next_valid & ~s1_valid & ~s2_valid),
        ]
        side_in = Signal(side)
        m.d.comb += [side_in.eq(s2_side), side_in.valid.eq(reads), sides.w_data.eq(side_in)]
        m.d.sync += [
            popped.eq(self.slots.valid & self.slots.ready),
            in_flight.eq(in_flight + accepted - popped),
            room.eq(in_flight < DEPTH - 1),
        ]

        # The windows are here: merge them, and wait for the array.
        side_out = Signal(side)
        layout = slot_layout(p)
        m.submodules.slot_fifo = slots = SyncFIFO(width=layout.size, depth=DEPTH)
        slot_in = Signal(layout)
        m.d.comb += [
            side_out.eq(sides.r_data),
            sides.r_en.eq(self.windows_valid),
            slot_in.data.eq(
                Mux(side_out.mode == Mode.CONVOLUTION, self._merge(side_out), self.windows)
            ),
            slot_in.valid.eq(side_out.valid),
            slots.w_data.eq(slot_in),
            slots.w_en.eq(self.windows_valid),
            self.slots.payload.eq(slots.r_data),
            self.slots.valid.eq(slots.r_rdy),
            slots.r_en.eq(self.slots.ready),
        ]
        return m

    def _wanted(self, one_pass, s: int):
        """First byte and the one behind the last that :meth:`_merge` takes of a stream's window."""
        p = self.params
        merges = one_pass.geometry.mode == Mode.CONVOLUTION
        first = one_pass.streams[s].first if s % p.streams_per_pair else 0
        pair = s // p.streams_per_pair
        last = one_pass.rows[pair]
        for later in reversed(range(s + 1, (pair + 1) * p.streams_per_pair)):
            last = Mux(one_pass.streams[later].enable, one_pass.streams[later].first, last)
        return Mux(merges, first, 0), Mux(merges, last, p.window_bytes)

    def _merge(self, side):
        """The byte of each row: of the last stream of its pair that starts at or before it."""
        p = self.params
        windows = [self.windows[s] for s in range(p.streams)]
        row_bytes = []
        for row in range(p.rows):
            pair, byte = divmod(row, p.pair_rows)
            stream_0 = pair * p.streams_per_pair

            def padded(s: int, byte: int = byte):
                return Mux(side.valid[s], windows[s].word_select(byte, 8), side.pad)

            value = padded(stream_0)
            for s in range(stream_0 + 1, stream_0 + p.streams_per_pair):
                chosen = side.enable[s] & (side.first[s] <= byte)
                value = Mux(chosen, padded(s), value)
            row_bytes.append(value)
        return Cat(row_bytes)
