"""Verilog of the accelerator, with the port names that bus tools expect."""

from __future__ import annotations

import re
from typing import Any

from amaranth.back import verilog

from arch.params import Params
from gen.accelerator import accelerator


def module_name(params: Params) -> str:
    """Name of the top-level module."""
    return f"weft_{params.config.name}"


def flat_ports(component: Any) -> dict[str, tuple[Any, Any]]:
    """Ports of a component by their path, joined by single underscores, with their directions."""
    ports = {}
    for path, member, value in component.signature.flatten(component):
        signal = value.as_value() if hasattr(value, "as_value") else value
        ports["_".join(str(part) for part in path)] = (signal, member.flow)
    return ports


def emit(component: Any, name: str) -> str:
    """One Verilog text, the same for the same component."""
    ports = {port: (signal, None) for port, (signal, _) in flat_ports(component).items()}
    text = verilog.convert(
        component, name=name, ports=ports, emit_src=False, strip_internal_attrs=True
    )
    return _fold_memory_init(text)


def npu_verilog(params: Params) -> str:
    """The whole accelerator as one Verilog file."""
    return emit(accelerator(params), module_name(params))


_INIT = re.compile(
    r"(?P<indent> *)initial begin\n"
    r"(?P<body>(?: *\\?[\w\[\]. ]+\[\d+\] = \d+'(?:h0+|d0);\n)+) *end\n"
)
_ROW = re.compile(r" *(?P<memory>\\?[\w\[\]. ]+)\[(?P<row>\d+)\] = (?P<value>\d+'(?:h0+|d0));\n")


def _fold_memory_init(text: str) -> str:
    """A loop instead of a line for each row of a memory that starts as zeros."""

    def fold(match: re.Match[str]) -> str:
        rows = list(_ROW.finditer(match["body"]))
        memory, indent = rows[0]["memory"], match["indent"]
        if [int(r["row"]) for r in rows] != list(range(len(rows))):
            return match[0]
        if any(r["memory"] != memory for r in rows):
            return match[0]
        name = re.sub(r"\W", "", memory)
        return (
            f"{indent}integer init_{name};\n"
            f"{indent}initial for (init_{name} = 0; init_{name} < {len(rows)}; "
            f"init_{name} = init_{name} + 1)\n"
            f"{indent}  {memory}[init_{name}] = {rows[0]['value']};\n"
        )

    return _INIT.sub(fold, text)


# Yosys lets every combinational block read a register that is zero from the start.
_START = re.compile(
    r"^(?P<indent> *)reg (?P<name>\\\$auto\$verilog_backend\S+) +=.*;$", re.MULTILINE
)


def start_blocks(text: str) -> str:
    """Let simulators with events run every combinational block at time zero.

    An initial value is no event to Icarus Verilog; an assignment is one. Without it, blocks whose
    inputs never change would never run.
    """
    return _START.sub(r"\g<0>\n\g<indent>initial \g<name> <= 1'h1;", text)
