"""Requantisation exactly as TensorFlow Lite's reference kernels do it: double rounding.

Source: MultiplyByQuantizedMultiplier in tensorflow/lite/kernels/internal/common.cc, built without
TFLITE_SINGLE_ROUNDING; arch.quant.requantize is the same in numbers.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

LATENCY = 8
"""Cycles from ``value`` to ``result``."""


def scale_layout() -> data.StructLayout:
    """Multiplier below 2**31 and shift from -31 to 30."""
    return data.StructLayout({"multiplier": 31, "shift": signed(6)})


class Requantize(wiring.Component):
    """One lane: clamp(value * multiplier * 2**(shift - 31) + zero_point, low, high).

    A value a cycle, without back pressure.

    Members
    -------
    value, scale : sampled together.
    zero_point, low, high : constant while values are under way.
    result : ``LATENCY`` cycles later.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "value": In(signed(32)),
                "scale": In(scale_layout()),
                "zero_point": In(signed(8)),
                "low": In(signed(16)),
                "high": In(signed(16)),
                "result": Out(signed(16)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        # 1: left shift, with the wrap to 32 bits that the reference has.
        s1_x, s1_q, s1_right = _stage(1, x=signed(32), q=31, right=5)
        left = Mux(self.scale.shift > 0, self.scale.shift[:5], 0)
        right = Mux(self.scale.shift < 0, (-self.scale.shift)[:5], 0)
        m.d.sync += [
            s1_x.eq((self.value << left)[:32]),
            s1_q.eq(self.scale.multiplier),
            s1_right.eq(right),
        ]
        # 2: four partial products, as multipliers of 18 bits want them. 3: their sum.
        s2_hh, s2_hl, s2_lh, s2_ll, s2_right = _stage(
            2, hh=signed(32), hl=signed(33), lh=signed(33), ll=32, right=5
        )
        x_high, x_low = s1_x[16:].as_signed(), s1_x[:16]
        q_high, q_low = s1_q[16:], s1_q[:16]
        m.d.sync += [
            s2_hh.eq(x_high * q_high),
            s2_hl.eq(x_high * q_low),
            s2_lh.eq(x_low * q_high),
            s2_ll.eq(x_low * q_low),
            s2_right.eq(s1_right),
        ]
        s3_product, s3_right = _stage(3, product=signed(64), right=5)
        middle = s2_hl + s2_lh
        outer = Cat(s2_ll, s2_hh).as_signed()
        m.d.sync += [
            s3_product.eq(outer + Cat(Const(0, 16), middle).as_signed()),
            s3_right.eq(s2_right),
        ]
        # 4: rounding doubling high multiply (it cannot saturate: the multiplier is positive).
        s4_high, s4_right = _stage(4, high=signed(32), right=5)
        m.d.sync += [
            s4_high.eq(s3_product[31:63].as_signed() + s3_product[30]),
            s4_right.eq(s3_right),
        ]
        # 5: rounding, ties away from zero. 6: shift.
        s5_rounded, s5_right = _stage(5, rounded=signed(33), right=5)
        (s6_y,) = _stage(6, y=signed(32))
        half = ((1 << s4_right) >> 1)[:31]
        negative = s4_high[-1] & (s4_right != 0)
        m.d.sync += [
            s5_rounded.eq(s4_high + Cat(half, Const(0, 1)).as_signed() - negative),
            s5_right.eq(s4_right),
            s6_y.eq(s5_rounded >> s5_right),
        ]
        # 7: zero point (wraps, as the reference does). 8: clamp.
        (s7_y,) = _stage(7, y=signed(32))
        m.d.sync += [
            s7_y.eq(s6_y + self.zero_point),
            self.result.eq(Mux(s7_y < self.low, self.low, Mux(s7_y > self.high, self.high, s7_y))),
        ]
        return m


def _stage(number: int, **shapes) -> list[Signal]:
    """Registers of one pipeline stage."""
    return [
        Signal(shape, name=f"s{number}_{name}", reset_less=True) for name, shape in shapes.items()
    ]
