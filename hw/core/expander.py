"""Turns compressed instructions into those of 32 bits that they stand for."""

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.compressed import FORMS, ONE, ZERO, Form


class Expander(wiring.Component):
    """Extension C without floating point; combinational.

    A reserved encoding is passed on as it is, with zeros above it: its lowest bits are not those
    of an instruction of 32 bits, so the decoder finds it illegal.

    Members
    -------
    parcel : 16 bits whose lowest two are not both set; else the result is void.
    insn : the instruction of 32 bits.
    """

    parcel: In(16)
    insn: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        fits = Signal(len(FORMS))
        m.d.comb += fits.eq(Cat(self._fits(form) for form in FORMS))
        for place in range(32):
            # For each bit that may go here, the forms in which it does.
            sources: dict[int, list[int]] = {}
            for i, form in enumerate(FORMS):
                sources.setdefault(form.template[place], []).append(i)
            sources.pop(ZERO, None)
            terms = [
                Cat(fits[i] for i in forms).any() & (1 if bit == ONE else self.parcel[bit])
                for bit, forms in sources.items()
            ]
            if place < 16:
                terms.append(self.parcel[place] & ~fits.any())
            m.d.comb += self.insn[place].eq(Cat(terms).any())
        return m

    def _fits(self, form: Form) -> Signal:
        p = self.parcel
        bits = [p[i] ^ (~form.value >> i & 1) for i in range(16) if form.mask >> i & 1]
        return Cat(
            *bits, *(p[low : low + width] != value for low, width, value in form.differs)
        ).all()
