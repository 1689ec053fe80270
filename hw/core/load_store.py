"""Byte lanes of loads and stores."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


class StoreLanes(wiring.Component):
    """Puts a store's data into their lanes and names the lanes of an access; combinational.

    Members
    -------
    size : log2 of the bytes: 0, 1 or 2.
    offset : address modulo 4.
    data : register that is stored.
    misaligned : the address is not a multiple of the size; the rest is void then.
    strobe : lanes of the access.
    wdata : the data in every lane where they can be.
    """

    size: In(2)
    offset: In(2)
    data: In(32)
    misaligned: Out(1)
    strobe: Out(4)
    wdata: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        with m.Switch(self.size):
            with m.Case(0):
                m.d.comb += self.strobe.eq(1 << self.offset)
                m.d.comb += self.wdata.eq(self.data[:8].replicate(4))
            with m.Case(1):
                m.d.comb += self.strobe.eq(Mux(self.offset[1], 0b1100, 0b0011))
                m.d.comb += self.wdata.eq(self.data[:16].replicate(2))
                m.d.comb += self.misaligned.eq(self.offset[0])
            with m.Default():
                m.d.comb += self.strobe.eq(0b1111)
                m.d.comb += self.wdata.eq(self.data)
                m.d.comb += self.misaligned.eq(self.offset != 0)
        return m


class LoadLanes(wiring.Component):
    """Moves a load's bytes to the right and extends their sign.

    The selections are decoded and registered with ``take``, so that the memory's output, which
    comes late, passes two levels of logic.

    Members
    -------
    take : an access is issued with ``size`` (log2 of the bytes), ``unsigned`` and ``offset``
        (address modulo 4).
    word : later, the word that was read.
    value : what the register gets; combinational from ``word``.
    """

    take: In(1)
    size: In(2)
    unsigned: In(1)
    offset: In(2)
    word: In(32)
    value: Out(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        lane = [self.word[8 * i : 8 * i + 8] for i in range(4)]
        # Which lane gives the lowest byte, the second byte, and the sign of the bytes above it.
        lowest, second = Signal(4), Signal(4)
        byte_sign, any_sign, is_word = Signal(4), Signal(4), Signal()
        byte, half = self.size == 0, self.size == 1
        with m.If(self.take):
            m.d.sync += is_word.eq(~(byte | half))
            for i in range(4):
                at = self.offset == i
                at_half = half & (self.offset[1] == i >> 1)
                word = ~(byte | half)
                m.d.sync += [
                    lowest[i].eq((byte & at) | (at_half & (i % 2 == 0)) | (word & (i == 0))),
                    second[i].eq((at_half & (i % 2 == 1)) | (word & (i == 1))),
                    byte_sign[i].eq(byte & at & ~self.unsigned),
                    any_sign[i].eq(((byte & at) | (at_half & (i % 2 == 1))) & ~self.unsigned),
                ]

        def choose(name: str, bits: list[Value], selected: Value) -> Value:
            """One of four, in two halves that are merged with what follows."""
            parts = [Signal(len(bits[0]), name=f"{name}_{i}") for i in range(2)]
            for i, part in enumerate(parts):
                m.d.comb += part.eq(
                    (bits[2 * i] & selected[2 * i].replicate(len(part)))
                    | (bits[2 * i + 1] & selected[2 * i + 1].replicate(len(part)))
                )
            return parts[0] | parts[1]

        signs = [each[7] for each in lane]
        second_sign = choose("second_sign", signs, byte_sign)
        upper_sign = choose("upper_sign", signs, any_sign)
        m.d.comb += [
            self.value[:8].eq(choose("lowest_byte", lane, lowest)),
            self.value[8:16].eq(
                (lane[1] & second[1].replicate(8))
                | (lane[3] & second[3].replicate(8))
                | second_sign.replicate(8)
            ),
            self.value[16:].eq((self.word[16:] & is_word.replicate(16)) | upper_sign.replicate(16)),
        ]
        return m


class LoadMerge(wiring.Component):
    """Chooses between a load's value, which comes late, and others; combinational.

    Members
    -------
    value : the load's value.
    others : what else three destinations may get.
    selected : for each of them, the load's value is wanted.
    results : what they get.
    """

    value: In(32)
    others: In(data.ArrayLayout(32, 3))
    selected: In(3)
    results: Out(data.ArrayLayout(32, 3))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        for i in range(3):
            m.d.comb += self.results[i].eq(Mux(self.selected[i], self.value, self.others[i]))
        return m
