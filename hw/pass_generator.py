"""Unrolls an array command into passes over the pixels of its tile."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.isa import Mode
from arch.params import Params, log2_exact
from hw.weight_fetch import descriptor_layout


def geometry_layout(params: Params) -> data.StructLayout:
    """How the pixels of a pass follow each other; fields as in the command set."""
    address = log2_exact(params.scratchpad_bytes)
    return data.StructLayout(
        {
            "mode": 2,
            "pad": 8,
            "row_step": address,
            "pixel_step": address,
            "y_step": 8,
            "x_step": 8,
            "y0": signed(16),
            "x0": signed(16),
            "height": 16,
            "width": 16,
            "run": 16,
            "tile_h": 16,
        }
    )


def pass_command_layout(params: Params) -> data.StructLayout:
    """What this block needs of an array command; addresses are scratchpad bytes."""
    address = log2_exact(params.scratchpad_bytes)
    return data.StructLayout(
        {
            "geometry": geometry_layout(params),
            "in_base": address,
            "in_block_step": address,
            "b_offset": address,  # element-wise: operand b less operand a
            "binary": 1,
            "cb_step": address,
            "entries": 16,
            "cb_count": 16,
            "blocks": 16,
        }
    )


def pass_layout(params: Params) -> data.StructLayout:
    """One pass: where its first slot lies and how each stream differs from it."""
    address = log2_exact(params.scratchpad_bytes)
    first = max(1, log2_exact(params.pair_rows))
    one = data.StructLayout(
        {
            "offset": address,
            "dy": signed(16),
            "dx": signed(16),
            "first": first,
            "enable": 1,
        }
    )
    return data.StructLayout(
        {
            "geometry": geometry_layout(params),
            "base": address,
            "streams": data.ArrayLayout(one, params.streams),
            "rows": descriptor_layout(params)["rows"].shape,
        }
    )


class PassGenerator(wiring.Component):
    """Pairs pass descriptors with base addresses.

    Members
    -------
    command : taken when the last one is finished.
    descriptors : one for each entry and block, in order (not for element-wise commands, whose
        blocks have one pass each, with operand b on stream 1).
    passes : one a cycle at most.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "command": In(stream.Signature(pass_command_layout(params))),
                "descriptors": In(stream.Signature(descriptor_layout(params))),
                "passes": Out(stream.Signature(pass_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        command = Signal(pass_command_layout(p), reset_less=True)
        block, entry, cb = Signal(16), Signal(16), Signal(16)
        block_base = Signal(log2_exact(p.scratchpad_bytes))
        current = Signal(pass_layout(p), reset_less=True)
        elementwise = command.geometry.mode == Mode.ELEMENTWISE
        m.d.comb += self.passes.payload.eq(current)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                m.d.sync += [
                    command.eq(self.command.payload),
                    block_base.eq(self.command.payload.in_base),
                    block.eq(0),
                    entry.eq(0),
                    cb.eq(0),
                ]
                with m.If(self.command.valid):
                    m.next = "DESCRIPTOR"
            with m.State("DESCRIPTOR"):
                m.d.comb += self.descriptors.ready.eq(~elementwise)
                m.d.sync += [
                    current.base.eq(block_base),
                    current.geometry.eq(command.geometry),
                    current.rows.eq(self.descriptors.payload.rows),
                ]
                for s in range(p.streams):
                    one = self.descriptors.payload.streams[s]
                    target = current.streams[s]
                    m.d.sync += [
                        target.offset.eq(one.offset),
                        target.dy.eq(one.dy),
                        target.dx.eq(one.dx),
                        target.first.eq(one.first),
                        target.enable.eq(one.enable),
                    ]
                    with m.If(elementwise):
                        m.d.sync += [
                            target.offset.eq(command.b_offset if s == 1 else 0),
                            target.enable.eq({0: 1, 1: command.binary}.get(s, 0)),
                        ]
                with m.If(elementwise | self.descriptors.valid):
                    m.next = "PASS"
            with m.State("PASS"):
                m.d.comb += self.passes.valid.eq(1)
                with m.If(self.passes.ready):
                    m.d.sync += [
                        cb.eq(cb + 1),
                        current.base.eq(current.base + command.cb_step),
                    ]
                    with m.If((cb == command.cb_count - 1) | elementwise):
                        m.d.sync += [cb.eq(0), entry.eq(entry + 1)]
                        m.next = "DESCRIPTOR"
                        with m.If((entry == command.entries - 1) | elementwise):
                            m.d.sync += [
                                entry.eq(0),
                                block.eq(block + 1),
                                block_base.eq(block_base + command.in_block_step),
                            ]
                            with m.If(block == command.blocks - 1):
                                m.next = "IDLE"
        return m
