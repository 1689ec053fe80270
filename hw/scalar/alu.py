"""Arithmetic of RV32I and Zmmul, all of it in the cycle in which it is asked for."""

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.core.decode import Funct3

XLEN = 32
SHIFT_BITS = 5


class Alu(wiring.Component):
    """Combinational.

    Members
    -------
    a, b : operands.
    funct3 : which result, as in the instructions OP.
    alternative : SUB, SRA instead of ADD, SRL.
    subtract : the sum is a difference; SLT and branches need it.
    multiply : the product instead, whose half and signs funct3 tells.
    result : of the instruction.
    total : a + b, or a - b.
    equal, less, less_unsigned : of a and b, with ``subtract``.
    """

    a: In(XLEN)
    b: In(XLEN)
    funct3: In(3)
    alternative: In(1)
    subtract: In(1)
    multiply: In(1)
    result: Out(XLEN)
    total: Out(XLEN)
    equal: Out(1)
    less: Out(1)
    less_unsigned: Out(1)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a, b = self.a, self.b
        carried = Signal(XLEN + 2)
        m.d.comb += [
            # The lowest bit is the carry in.
            carried.eq(
                Cat(1, a).as_unsigned() + Cat(self.subtract, b ^ self.subtract.replicate(XLEN))
            ),
            self.total.eq(carried[1:]),
            self.less_unsigned.eq(~carried[XLEN + 1]),
            self.less.eq(Mux(a[-1] ^ b[-1], a[-1], self.less_unsigned)),
            self.equal.eq(~(a ^ b).any()),
        ]
        high, low = self._product(m)
        with m.Switch(self.funct3):
            with m.Case(Funct3.ADD):
                m.d.comb += self.result.eq(self.total)
            with m.Case(Funct3.SLT):
                m.d.comb += self.result.eq(self.less)
            with m.Case(Funct3.SLTU):
                m.d.comb += self.result.eq(self.less_unsigned)
            with m.Case(Funct3.XOR):
                m.d.comb += self.result.eq(a ^ b)
            with m.Case(Funct3.OR):
                m.d.comb += self.result.eq(a | b)
            with m.Case(Funct3.AND):
                m.d.comb += self.result.eq(a & b)
            with m.Default():
                m.d.comb += self.result.eq(self._shifted())
        with m.If(self.multiply):
            m.d.comb += self.result.eq(Mux(self.funct3 == 0, low, high))
        return m

    def _product(self, m: Module) -> tuple[Value, Value]:
        """High and low half; MUL, MULH, MULHSU, MULHU are funct3 0 to 3."""
        a_sign = self.a[-1] & (self.funct3 != 3)
        b_sign = self.b[-1] & ~self.funct3[1]
        product = Signal(2 * XLEN)
        m.d.comb += product.eq(Cat(self.a, a_sign).as_signed() * Cat(self.b, b_sign).as_signed())
        return product[XLEN:], product[:XLEN]

    def _shifted(self) -> Value:
        """One shifter to the right; a shift to the left goes through it in reverse."""
        left = self.funct3 == Funct3.SLL
        fill = self.a[-1] & self.alternative & ~left
        value = Mux(left, self.a[::-1], self.a)
        shifted = Cat(value, fill).as_signed() >> self.b[:SHIFT_BITS]
        return Mux(left, shifted[:XLEN][::-1], shifted[:XLEN])
