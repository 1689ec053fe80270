"""Writes what operators see of the rest, the same for every configuration.

firmware/weft_abi.h has the structures and constants of the operator interface,
firmware/weft_commands.h the formats of commands. ``python -m gen.op_header`` rewrites both; a test
holds them equal to :func:`op_header` and :func:`commands_header`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from pathlib import Path

from arch import op_interface, op_params
from gen.c_header import command_lines
from gen.c_text import c_struct, constant_macros, define, guarded

FIRMWARE = Path(__file__).parent.parent / "firmware"
ABI_HEADER = FIRMWARE / "weft_abi.h"
COMMANDS_HEADER = FIRMWARE / "weft_commands.h"


def _values(prefix: str, values: Iterable[enum.IntEnum | enum.IntFlag]) -> list[str]:
    lines: list[str] = []
    for value in values:
        doc = op_interface.STATUS_TEXT[value] if isinstance(value, op_interface.OpStatus) else ""
        lines += define(f"WEFT_{prefix}_{value.name}", str(int(value)), doc)
    return lines


def op_header() -> str:
    """The C99 and C++17 header of the operator interface, the same for every configuration."""
    body = [
        "/* Made by python -m gen.op_header from arch/op_interface.py and arch/op_params.py. */",
        "",
        "#include <stdint.h>",
        "",
        *define("WEFT_MAX_RANK", str(op_interface.MAX_RANK), "dimensions of a tensor"),
        *define(
            "WEFT_NAME_BYTES", str(op_interface.NAME_BYTES), "of an operator's name, with its 0"
        ),
        "",
        "/* Element types, numbered as TfLiteType. */",
        *_values("TYPE", op_interface.TensorType),
        "",
        "/* Flags of a tensor. */",
        *_values("TENSOR", op_interface.TensorFlag),
        "",
        "/* What an operator returns. */",
        *_values("STATUS", op_interface.OpStatus),
    ]
    interface = (
        op_interface.TENSOR,
        op_interface.PRODUCT,
        op_interface.ACCELERATOR,
        op_interface.OP,
    )
    for struct in (*interface, *op_params.STRUCTS):
        body += ["", *c_struct(struct)]
    return guarded("WEFT_ABI_H", body)


def commands_header() -> str:
    """The C99 and C++17 header of the command stream."""
    made = "/* Made by python -m gen.op_header from arch/isa.py. */"
    return guarded("WEFT_COMMANDS_H", [made, "", *constant_macros(), *command_lines()])


if __name__ == "__main__":
    ABI_HEADER.write_text(op_header())
    COMMANDS_HEADER.write_text(commands_header())
