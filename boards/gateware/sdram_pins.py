"""The SDRAM controller's signals at the pins of an Amaranth platform."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module
from amaranth.lib import io


class SdramPins(Elaboratable):
    """A double data rate register in each buffer, and the chip's clock from the domain ``chip``.

    Parameters
    ----------
    port : a platform's ``sdram`` resource, requested with ``dir="-"``.
    pins : of :func:`boards.gateware.sdram.sdram_pins`.
    """

    def __init__(self, port: Any, pins: Any):
        self.port = port
        self.pins = pins

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        port, pins = self.port, self.pins
        columns, rows = pins.columns, pins.rows
        n_bits, n_masks = len(pins.dq_o) // 2, len(pins.dqm) // 2
        outputs = {
            "ras": (~columns.code[2], ~rows.code[2]),
            "cas": (~columns.code[1], ~rows.code[1]),
            "we": (~columns.code[0], ~rows.code[0]),
            "ba": (columns.ba, rows.ba),
            "a": (columns.a, rows.a),
            "dqm": (pins.dqm[:n_masks], pins.dqm[n_masks:]),
        }
        for name, (first, second) in outputs.items():
            m.submodules[name] = buffer = io.DDRBuffer("o", getattr(port, name))
            m.d.comb += [buffer.o[0].eq(first), buffer.o[1].eq(second)]
        for name in ("clk_en", "cs"):
            m.submodules[name] = constant = io.Buffer("o", getattr(port, name))
            m.d.comb += constant.o.eq(1)
        for i in range(n_bits):  # each has an enable of its own, beside its pin
            m.submodules[f"dq_{i}"] = dq = io.DDRBuffer("io", port.dq[i])
            m.d.comb += [
                dq.o[0].eq(pins.dq_o[i]),
                dq.o[1].eq(pins.dq_o[n_bits + i]),
                dq.oe.eq(pins.dq_oe),
                pins.dq_i[i].eq(dq.i[0]),
                pins.dq_i[n_bits + i].eq(dq.i[1]),
            ]
        m.submodules.clk = clk = io.DDRBuffer("o", port.clk, o_domain="chip")
        m.d.comb += Cat(clk.o[0], clk.o[1]).eq(0b01)
        return m
