"""The multiplier: four partial products, one register, their sum."""

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Multiplier(wiring.Component):
    """32 by 32 bits from four products of at most 17 by 17 bits, each one DSP block.

    Latency: 1 cycle. A product is held until the next one is taken.

    Parameters
    ----------
    dot4 : it also makes four products of bytes and adds them.

    Members
    -------
    a, b : factors.
    a_signed, b_signed : they are two's complement.
    take : multiply the factors of this cycle.
    bytes, bytes_signed : the factors are four bytes each, those of b signed, those of a signed with
        ``bytes_signed``.
    low, high : halves of the product, in the cycle after ``take`` and until the next.
    dot : instead, the sum of the products of bytes.
    """

    a: In(32)
    b: In(32)
    a_signed: In(1)
    b_signed: In(1)
    take: In(1)
    bytes: In(1)
    bytes_signed: In(1)
    low: Out(32)
    high: Out(32)
    dot: Out(32)

    def __init__(self, *, dot4: bool = False) -> None:
        self._dot4 = dot4
        super().__init__()

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a_low = Cat(self.a[:16], C(0, 1)).as_signed()
        b_low = Cat(self.b[:16], C(0, 1)).as_signed()
        a_high = Cat(self.a[16:], self.a_signed & self.a[31]).as_signed()
        b_high = Cat(self.b[16:], self.b_signed & self.b[31]).as_signed()
        factors = ((a_low, b_low), (a_low, b_high), (a_high, b_low), (a_high, b_high))
        products = [Signal(signed(34), name=f"product_{i}") for i in range(4)]
        low_low, low_high, high_low, high_high = products
        for i, (product, (a, b)) in enumerate(zip(products, factors, strict=True)):
            if self._dot4:
                a, b = self._byte_or(m, i, a, b)
            with m.If(self.take):
                m.d.sync += product.eq(a * b)
        if self._dot4:
            half = [(x + y)[:19].as_signed() for x, y in (products[:2], products[2:])]
            m.d.comb += self.dot.eq(half[0] + half[1])
        # Three numbers become two without a carry, so there is one carry chain and not two.
        x, y, z = Cat(low_low[16:32], high_high[:32]).as_signed(), low_high, high_low
        ones, twos, upper = Signal(signed(48)), Signal(signed(48)), Signal(signed(48))
        m.d.comb += [
            ones.eq(x ^ y ^ z),
            twos.eq((x & y) | (x & z) | (y & z)),
            upper.eq(ones + Cat(C(0, 1), twos).as_signed()),
            self.low.eq(Cat(low_low[:16], upper[:16])),
            self.high.eq(upper[16:]),
        ]
        return m

    def _byte_or(self, m: Module, i: int, a: Value, b: Value) -> tuple[Signal, Signal]:
        """Factors of a product: the given ones, or byte i of both."""
        at = slice(8 * i, 8 * i + 8)
        byte_a = Cat(self.a[at], self.bytes_signed & self.a[8 * i + 7]).as_signed()
        byte_b = self.b[at].as_signed()
        chosen = Signal(signed(17), name=f"a_{i}"), Signal(signed(17), name=f"b_{i}")
        m.d.comb += [
            chosen[0].eq(Mux(self.bytes, byte_a, a)),
            chosen[1].eq(Mux(self.bytes, byte_b, b)),
        ]
        return chosen
