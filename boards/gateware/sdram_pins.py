"""The SDRAM controller's signals at the pins of an Amaranth platform."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module
from amaranth.lib import io


class SdramPins(Elaboratable):
    """A register in each buffer, and the chip's clock from the domain ``shifted``.

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
        outputs = {
            "clk_en": pins.cke,
            "cs": ~pins.cs_n,
            "ras": ~pins.ras_n,
            "cas": ~pins.cas_n,
            "we": ~pins.we_n,
            "ba": pins.ba,
            "a": pins.a,
            "dqm": pins.dqm,
        }
        for name, value in outputs.items():
            m.submodules[name] = buffer = io.FFBuffer("o", getattr(port, name))
            m.d.comb += buffer.o.eq(value)
        for i in range(len(port.dq)):  # each has an enable of its own, beside its pin
            m.submodules[f"dq_{i}"] = dq = io.FFBuffer("io", port.dq[i])
            m.d.comb += [
                dq.o.eq(pins.dq_o[i]),
                dq.oe.eq(pins.dq_oe),
                pins.dq_i[i].eq(dq.i),
            ]
        m.submodules.clk = clk = io.DDRBuffer("o", port.clk, o_domain="shifted")
        m.d.comb += Cat(clk.o[0], clk.o[1]).eq(0b01)
        return m
