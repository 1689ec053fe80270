"""Compressed instructions (extension C without floating point): what each one stands for.

Source: The RISC-V Instruction Set Manual, volume I, chapter "C", tables of the quadrants for RV32.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ZERO, ONE = -1, -2
"""Bits of a template that are always 0 or 1; the others are numbers of bits of the parcel."""

_LOAD, _OP_IMM, _STORE, _OP, _LUI, _BRANCH, _JALR, _JAL = (
    0x03, 0x13, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F,
)  # fmt: skip
_ADD, _WORD, _SLL, _XOR, _SRL, _OR, _AND = 0, 2, 1, 4, 5, 6, 7
_EBREAK = 0x0010_0073

Bits = list[int]


@dataclass(frozen=True)
class Form:
    """One kind of compressed instruction; a parcel has at most one.

    Members
    -------
    mask, value : it is one where the parcel has this value in the bits of the mask,
    differs : and not any of these: lowest bit and number of bits of a field, and a value.
    template : the 32 bits of the instruction that it stands for, the lowest first.
    """

    mask: int
    value: int
    differs: tuple[tuple[int, int, int], ...]
    template: tuple[int, ...]

    def fits(self, parcel: int) -> bool:
        return parcel & self.mask == self.value and not any(
            parcel >> low & ((1 << width) - 1) == value for low, width, value in self.differs
        )


def is_compressed(parcel: int) -> bool:
    """Whether an instruction that begins with these 16 bits ends with them."""
    return parcel & 3 != 3


def expand(parcel: int) -> int | None:
    """The instruction of 32 bits that a compressed one stands for; None for a reserved one.

    Parameters
    ----------
    parcel : 16 bits, of which the lowest two are not both set.
    """
    for form in FORMS:
        if form.fits(parcel):
            return sum(
                (bit == ONE or (bit >= 0 and parcel >> bit & 1)) << place
                for place, bit in enumerate(form.template)
            )
    return None


def _field(low: int, n: int) -> Bits:
    return list(range(low, low + n))


def _constant(value: int, n: int) -> Bits:
    return [ONE if value >> i & 1 else ZERO for i in range(n)]


def _number(n: int, places: Mapping[int, int], sign: int = ZERO) -> Bits:
    """``n`` bits of a number: ``places`` says which bit of the parcel goes where in it, ``sign``
    which one fills the places from the highest of these on."""
    top = max(places.values())
    bits = [ZERO] * top + [sign] * (n - top)
    for here, there in places.items():
        bits[there] = here
    return bits


def _i_type(opcode: int, funct3: int, rd: Bits, rs1: Bits, immediate: Bits) -> Bits:
    return _constant(opcode, 7) + rd + _constant(funct3, 3) + rs1 + immediate


def _s_type(rs1: Bits, rs2: Bits, offset: Bits) -> Bits:
    return _constant(_STORE, 7) + offset[:5] + _constant(_WORD, 3) + rs1 + rs2 + offset[5:12]


def _r_type(funct7: int, rs2: Bits, rs1: Bits, funct3: int, rd: Bits, opcode: int = _OP) -> Bits:
    return _constant(opcode, 7) + rd + _constant(funct3, 3) + rs1 + rs2 + _constant(funct7, 7)


def _branch(funct3: int, rs1: Bits, offset: Bits) -> Bits:
    low = [offset[11], *offset[1:5]]
    high = [*offset[5:11], offset[12]]
    return _constant(_BRANCH, 7) + low + _constant(funct3, 3) + rs1 + _constant(0, 5) + high


def _jump(rd: int, offset: Bits) -> Bits:
    bits = [*offset[12:20], offset[11], *offset[1:11], offset[20]]
    return _constant(_JAL, 7) + _constant(rd, 5) + bits


def _form(pattern: str, template: Bits, *differs: tuple[int, int, int]) -> Form:
    """``pattern`` are the parcel's bits, the highest first; a dot for any."""
    bits = pattern.replace(" ", "")
    assert len(bits) == 16 and len(template) == 32
    mask = int("".join("0" if bit == "." else "1" for bit in bits), 2)
    return Form(mask, int(bits.replace(".", "0"), 2), differs, tuple(template))


def _forms() -> Iterable[Form]:
    x0, ra, sp = (_constant(number, 5) for number in (0, 1, 2))
    rd, rs2 = _field(7, 5), _field(2, 5)
    near, near_2 = _field(7, 3) + [ONE, ZERO], _field(2, 3) + [ONE, ZERO]  # x8 to x15
    immediate = _number(12, {2: 0, 3: 1, 4: 2, 5: 3, 6: 4, 12: 5}, sign=12)
    amount = rs2 + _constant(0, 7)
    near_offset = _number(12, {6: 2, 10: 3, 11: 4, 12: 5, 5: 6})
    jump = {3: 1, 4: 2, 5: 3, 11: 4, 2: 5, 7: 6, 6: 7, 9: 8, 10: 9, 8: 10, 12: 11}
    branch = _number(13, {3: 1, 4: 2, 10: 3, 11: 4, 2: 5, 5: 6, 6: 7, 12: 8}, sign=12)
    add_sp = _number(12, {6: 4, 2: 5, 5: 6, 3: 7, 4: 8, 12: 9}, sign=12)
    add4_sp = _number(12, {6: 2, 5: 3, 11: 4, 12: 5, 7: 6, 8: 7, 9: 8, 10: 9})
    load_sp = _number(12, {4: 2, 5: 3, 6: 4, 12: 5, 2: 6, 3: 7})
    store_sp = _number(12, {9: 2, 10: 3, 11: 4, 12: 5, 7: 6, 8: 7})
    upper = _constant(_LUI, 7) + rd + rs2 + [12] * 15
    no_amount, no_rd, no_rs2 = (2, 5, 0), (7, 5, 0), (2, 5, 0)

    yield _form("000 ........ ... 00", _i_type(_OP_IMM, _ADD, near_2, sp, add4_sp), (5, 8, 0))
    yield _form("010 ... ... .. ... 00", _i_type(_LOAD, _WORD, near_2, near, near_offset))
    yield _form("110 ... ... .. ... 00", _s_type(near, near_2, near_offset))
    yield _form("000 . ..... ..... 01", _i_type(_OP_IMM, _ADD, rd, rd, immediate))
    yield _form("001 ........... 01", _jump(1, _number(21, jump, sign=12)))
    yield _form("101 ........... 01", _jump(0, _number(21, jump, sign=12)))
    yield _form("010 . ..... ..... 01", _i_type(_OP_IMM, _ADD, rd, x0, immediate))
    # Zero is reserved in these two; it is told apart by the sign.
    for pattern, differs in (("011 1 ..... ..... 01", ()), ("011 0 ..... ..... 01", (no_amount,))):
        yield _form(pattern, upper, (7, 5, 2), *differs)
    for pattern, differs in (("011 1 00010 ..... 01", ()), ("011 0 00010 ..... 01", (no_amount,))):
        yield _form(pattern, _i_type(_OP_IMM, _ADD, sp, sp, add_sp), *differs)
    yield _form("100 0 00 ... ..... 01", _i_type(_OP_IMM, _SRL, near, near, amount))
    arithmetic = rs2 + _constant(0x20, 7)
    yield _form("100 0 01 ... ..... 01", _i_type(_OP_IMM, _SRL, near, near, arithmetic))
    yield _form("100 . 10 ... ..... 01", _i_type(_OP_IMM, _AND, near, near, immediate))
    yield _form("100 0 11 ... 00 ... 01", _r_type(0x20, near_2, near, _ADD, near))
    for which, funct3 in ((0b01, _XOR), (0b10, _OR), (0b11, _AND)):
        pattern = f"100 0 11 ... {which:02b} ... 01"
        yield _form(pattern, _r_type(0, near_2, near, funct3, near))
    yield _form("110 ... ... ..... 01", _branch(0, near, branch))
    yield _form("111 ... ... ..... 01", _branch(1, near, branch))
    yield _form("000 0 ..... ..... 10", _i_type(_OP_IMM, _SLL, rd, rd, amount))
    yield _form("010 . ..... ..... 10", _i_type(_LOAD, _WORD, rd, sp, load_sp), no_rd)
    yield _form("100 0 ..... ..... 10", _r_type(0, rs2, x0, _ADD, rd), no_rs2)
    yield _form("100 1 ..... ..... 10", _r_type(0, rs2, rd, _ADD, rd), no_rs2)
    yield _form("100 0 ..... 00000 10", _i_type(_JALR, 0, x0, rd, _constant(0, 12)), no_rd)
    yield _form("100 1 ..... 00000 10", _i_type(_JALR, 0, ra, rd, _constant(0, 12)), no_rd)
    yield _form("100 1 00000 00000 10", _constant(_EBREAK, 32))
    yield _form("110 ...... ..... 10", _s_type(sp, rs2, store_sp))


FORMS = tuple(_forms())
