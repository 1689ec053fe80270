"""What each instruction of RV32IM and of the extensions does, for proofs.

Sources: volume I, chapters 2, 13 and 34; Bit-Manipulation ISA-extensions 1.0, chapter 2.

Multiplication and division are the stand-ins'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import C, Cat, Mux, Value

from tests.core.formal.stand_ins import (
    stand_in_division,
    stand_in_dot,
    stand_in_high,
    stand_in_product,
)

WORD = 32


@dataclass(frozen=True)
class View:
    """An instruction with the values of its registers; ``after`` is the address behind it."""

    insn: Value
    pc: Value
    after: Value
    a: Value
    b: Value

    @property
    def i_immediate(self) -> Value:
        return Cat(self.insn[20:], self.insn[31].replicate(20))

    @property
    def s_immediate(self) -> Value:
        return Cat(self.insn[7:12], self.insn[25:], self.insn[31].replicate(20))

    @property
    def b_immediate(self) -> Value:
        i = self.insn
        return Cat(C(0, 1), i[8:12], i[25:31], i[7], i[31].replicate(20))

    @property
    def u_immediate(self) -> Value:
        return Cat(C(0, 12), self.insn[12:])

    @property
    def j_immediate(self) -> Value:
        i = self.insn
        return Cat(C(0, 1), i[21:31], i[20], i[12:20], i[31].replicate(12))


@dataclass(frozen=True)
class Instruction:
    """Encoding and effect of an instruction.

    Members
    -------
    mask, match : it is the word ``insn`` where ``insn & mask == match``.
    rs1, rs2 : it reads these registers.
    value : what rd gets; None if there is none, or it is a load.
    target : where it may jump to.
    jumps : condition; None for always, where there is a target.
    access : log2 of the bytes that it loads or stores.
    signed : a load extends the sign.
    """

    mask: int
    match: int
    rs1: bool = False
    rs2: bool = False
    value: Callable[[View], Value] | None = None
    target: Callable[[View], Value] | None = None
    jumps: Callable[[View], Value] | None = None
    access: int | None = None
    signed: bool = False

    @property
    def load(self) -> bool:
        return self.match & 0x7F == 0x03

    @property
    def store(self) -> bool:
        return self.match & 0x7F == 0x23


Operation = Callable[[Value, Value], Value]


def _less(a: Value, b: Value) -> Value:
    return a.as_signed() < b.as_signed()


def _shift_right_arithmetic(a: Value, b: Value) -> Value:
    return (a.as_signed() >> b[:5])[:WORD]


OPERATIONS: dict[str, tuple[int, int, Operation]] = {  # funct3, funct7
    "add": (0, 0x00, lambda a, b: a + b),
    "sub": (0, 0x20, lambda a, b: a - b),
    "sll": (1, 0x00, lambda a, b: (a << b[:5])[:WORD]),
    "slt": (2, 0x00, _less),
    "sltu": (3, 0x00, lambda a, b: a < b),
    "xor": (4, 0x00, lambda a, b: a ^ b),
    "srl": (5, 0x00, lambda a, b: a >> b[:5]),
    "sra": (5, 0x20, _shift_right_arithmetic),
    "or": (6, 0x00, lambda a, b: a | b),
    "and": (7, 0x00, lambda a, b: a & b),
    "mul": (0, 0x01, stand_in_product),
    "mulh": (1, 0x01, lambda a, b: stand_in_high(a, b, 1, 1)),
    "mulhsu": (2, 0x01, lambda a, b: stand_in_high(a, b, 1, 0)),
    "mulhu": (3, 0x01, lambda a, b: stand_in_high(a, b, 0, 0)),
    "div": (4, 0x01, lambda a, b: stand_in_division(a, b, 1, 0)),
    "divu": (5, 0x01, lambda a, b: stand_in_division(a, b, 0, 0)),
    "rem": (6, 0x01, lambda a, b: stand_in_division(a, b, 1, 1)),
    "remu": (7, 0x01, lambda a, b: stand_in_division(a, b, 0, 1)),
}
WITH_IMMEDIATE = ("add", "slt", "sltu", "xor", "or", "and", "sll", "srl", "sra")
BRANCHES: dict[str, tuple[int, Operation]] = {
    "beq": (0, lambda a, b: a == b),
    "bne": (1, lambda a, b: a != b),
    "blt": (4, _less),
    "bge": (5, lambda a, b: ~_less(a, b)),
    "bltu": (6, lambda a, b: a < b),
    "bgeu": (7, lambda a, b: a >= b),
}
LOADS = {"lb": (0, 0), "lh": (1, 1), "lw": (2, 2), "lbu": (4, 0), "lhu": (5, 1)}
STORES = {"sb": 0, "sh": 1, "sw": 2}


def _register(operation: Operation) -> Callable[[View], Value]:
    return lambda v: operation(v.a, v.b)


def _immediate(operation: Operation) -> Callable[[View], Value]:
    return lambda v: operation(v.a, v.i_immediate)


def _table() -> dict[str, Instruction]:
    table = {
        "lui": Instruction(0x7F, 0x37, value=lambda v: v.u_immediate),
        "auipc": Instruction(0x7F, 0x17, value=lambda v: v.pc + v.u_immediate),
        "jal": Instruction(
            0x7F, 0x6F, value=lambda v: v.after, target=lambda v: v.pc + v.j_immediate
        ),
        "jalr": Instruction(
            0x707F, 0x67, rs1=True, value=lambda v: v.after,
            target=lambda v: (v.a + v.i_immediate) & 0xFFFFFFFE,
        ),
    }  # fmt: skip
    for name, (funct3, operation) in BRANCHES.items():
        table[name] = Instruction(
            0x707F, funct3 << 12 | 0x63, rs1=True, rs2=True,
            target=lambda v: v.pc + v.b_immediate, jumps=_register(operation),
        )  # fmt: skip
    for name, (funct3, size) in LOADS.items():
        table[name] = Instruction(
            0x707F, funct3 << 12 | 0x03, rs1=True, access=size, signed=funct3 < 4
        )
    for name, size in STORES.items():
        table[name] = Instruction(0x707F, size << 12 | 0x23, rs1=True, rs2=True, access=size)
    for name in WITH_IMMEDIATE:
        funct3, funct7, operation = OPERATIONS[name]
        shift = funct3 in (1, 5)
        mask = 0xFE00707F if shift else 0x707F
        match = (funct7 << 25 if shift else 0) | funct3 << 12 | 0x13
        immediate_name = "sltiu" if name == "sltu" else f"{name}i"
        table[immediate_name] = Instruction(mask, match, rs1=True, value=_immediate(operation))
    for name, (funct3, funct7, operation) in OPERATIONS.items():
        match = funct7 << 25 | funct3 << 12 | 0x33
        table[name] = Instruction(0xFE00707F, match, rs1=True, rs2=True, value=_register(operation))
    return table


INSTRUCTIONS = _table()
"""By name: RV32I but for FENCE, ECALL and EBREAK, and M."""


# ---- extensions ----------------------------------------------------------------------------------
def _rotate(a: Value, right: Value) -> Value:
    return (Cat(a, a) >> right)[:WORD]


def _leading_zeros(a: Value) -> Value:
    count: Value = C(WORD, 6)
    for i in range(WORD):
        count = Mux(a[i], WORD - 1 - i, count)
    return count


def _ones(a: Value) -> Value:
    return sum((a[i] for i in range(WORD)), C(0, 6))


def _bytes(a: Value) -> list[Value]:
    return [a[8 * i : 8 * i + 8] for i in range(4)]


BETWEEN_REGISTERS: dict[str, tuple[int, int, int, Operation]] = {  # opcode, funct3, funct7
    "sh1add": (0x33, 2, 0x10, lambda a, b: (a << 1) + b),
    "sh2add": (0x33, 4, 0x10, lambda a, b: (a << 2) + b),
    "sh3add": (0x33, 6, 0x10, lambda a, b: (a << 3) + b),
    "andn": (0x33, 7, 0x20, lambda a, b: a & ~b),
    "orn": (0x33, 6, 0x20, lambda a, b: a | ~b),
    "xnor": (0x33, 4, 0x20, lambda a, b: ~(a ^ b)),
    "min": (0x33, 4, 0x05, lambda a, b: Mux(_less(a, b), a, b)),
    "minu": (0x33, 5, 0x05, lambda a, b: Mux(a < b, a, b)),
    "max": (0x33, 6, 0x05, lambda a, b: Mux(_less(a, b), b, a)),
    "maxu": (0x33, 7, 0x05, lambda a, b: Mux(a < b, b, a)),
    "rol": (0x33, 1, 0x30, lambda a, b: _rotate(a, (32 - b[:5])[:5])),
    "ror": (0x33, 5, 0x30, lambda a, b: _rotate(a, b[:5])),
    "dot4": (0x0B, 0, 0x00, lambda a, b: stand_in_dot(a, b, 1)),
    "dot4_unsigned": (0x0B, 1, 0x00, lambda a, b: stand_in_dot(a, b, 0)),
}
OF_ONE_REGISTER: dict[str, tuple[int, int, int, Callable[[Value], Value]]] = {  # bits 31..20 last
    "clz": (0x13, 1, 0x600, _leading_zeros),
    "ctz": (0x13, 1, 0x601, lambda a: _leading_zeros(a[::-1])),
    "cpop": (0x13, 1, 0x602, _ones),
    "sext_b": (0x13, 1, 0x604, lambda a: Cat(a[:8], a[7].replicate(24))),
    "sext_h": (0x13, 1, 0x605, lambda a: Cat(a[:16], a[15].replicate(16))),
    "zext_h": (0x33, 4, 0x080, lambda a: Cat(a[:16], C(0, 16))),
    "orc_b": (0x13, 5, 0x287, lambda a: Cat((each != 0).replicate(8) for each in _bytes(a))),
    "rev8": (0x13, 5, 0x698, lambda a: Cat(reversed(_bytes(a)))),
}


def _optional_table() -> dict[str, Instruction]:
    table = {
        name: Instruction(
            0xFE00707F, funct7 << 25 | funct3 << 12 | opcode, rs1=True, rs2=True,
            value=_register(operation),
        )
        for name, (opcode, funct3, funct7, operation) in BETWEEN_REGISTERS.items()
    }  # fmt: skip
    table["rori"] = Instruction(
        0xFE00707F, 0x30 << 25 | 5 << 12 | 0x13, rs1=True,
        value=lambda v: _rotate(v.a, v.insn[20:25]),
    )  # fmt: skip
    for name, (opcode, funct3, funct12, of_one) in OF_ONE_REGISTER.items():
        table[name] = Instruction(
            0xFFF0707F, funct12 << 20 | funct3 << 12 | opcode, rs1=True, rs2=opcode == 0x33,
            value=lambda v, of_one=of_one: of_one(v.a),
        )  # fmt: skip
    return table


OPTIONAL = _optional_table()
"""By name: Zba, Zbb and the dot products."""
