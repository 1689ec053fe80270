"""Pieces of C header text that the generators share."""

from __future__ import annotations

from collections.abc import Iterable

from arch.bits import WordFormat
from arch.op_interface import CField, CStruct

_LINE = 100


def commented(code: str, doc: str) -> list[str]:
    """``code`` with its comment behind it, or before it where the line would be too long."""
    comment = f"/* {doc} */"
    if len(code) + len(comment) + 2 <= _LINE:
        return [f"{code}  {comment}"]
    indent = code[: len(code) - len(code.lstrip())]
    return [f"{indent}{comment}", code]


def define(name: str, value: str, doc: str = "") -> list[str]:
    """A ``#define`` with its documentation."""
    line = f"#define {name} {value}"
    return commented(line, doc) if doc else [line]


def unsigned32(value: int, digits: int = 8) -> str:
    """A 32-bit constant that C, C++ and the assembler read alike."""
    return f"WEFT_U32(0x{value:0{digits}X})"


def constant_macros() -> list[str]:
    """Wrappers that give constants their type in C and leave them bare in assembly."""
    return [
        "#ifdef __ASSEMBLER__",
        "#define WEFT_U32(x) x",
        "#define WEFT_U64(x) x",
        "#else",
        "#include <stdint.h>",
        "#define WEFT_U32(x) UINT32_C(x)",
        "#define WEFT_U64(x) UINT64_C(x)",
        "#endif",
    ]


def word_format(prefix: str, fmt: WordFormat) -> list[str]:
    """Shift and in-place mask of each field; ``(word & MASK) >> SHIFT`` reads one.

    Signed fields are marked in their comment; they are two's complement and want sign extension.
    """
    digits, wrapper = (16, "WEFT_U64") if fmt.width == 64 else (8, "WEFT_U32")
    lines = []
    for field in fmt.fields:
        name = f"{prefix}_{field.name.upper()}"
        mask = ((1 << field.width) - 1) << field.lsb
        doc = f"signed; {field.doc}" if field.signed else field.doc
        lines += define(f"{name}_SHIFT", str(field.lsb), doc)
        lines += define(f"{name}_MASK", f"{wrapper}(0x{mask:0{digits}X})")
    return lines


def guarded(guard: str, body: Iterable[str]) -> str:
    """A whole header with its include guard."""
    return "\n".join(
        [
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            *body,
            "",
            f"#endif /* {guard} */",
            "",
        ]
    )


def _member(field: CField) -> list[str]:
    gap = "" if field.type.endswith("*") else " "
    count = f"[{field.count}]" if field.count else ""
    return commented(f"    {field.type}{gap}{field.name}{count};", field.doc)


def c_struct(struct: CStruct) -> list[str]:
    """A typedef of the structure."""
    lines = [f"/* {struct.doc} */", "typedef struct {"]
    for field in struct.fields:
        lines += _member(field)
    return [*lines, f"}} {struct.name};"]
