"""Linking of the core's program with what it needs of the standard libraries, and no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from arch.errors import WeftError
from arch.params import Params
from compiler.core_image import CoreFullError
from firmware.libraries import providers
from gen.linker_map import core_memory_bytes, linker_script
from gen.toolchain import CORE, SourceError, ToolchainError, run_zig


class FirmwareSizeError(CoreFullError):
    """Firmware that does not fit the core's memories."""


def link_core(
    params: Params,
    objects: Sequence[Path],
    output: Path,
    archives: Sequence[Path] | None = None,
) -> None:
    """Link ``objects``, adding library objects for as long as symbols are missing.

    With ``archives`` those are the libraries, and no others.

    Raises :class:`SourceError` for a symbol that nothing defines and :class:`FirmwareSizeError`.
    """
    script = output.with_suffix(".ld")
    script.write_text(linker_script(params))
    linked = [*objects, *(archives or ())]
    while (text := _lld(script, linked, output, "--no-demangle")) is not None:
        missing = sorted(set(re.findall(r"error: undefined(?: \w+)? symbol: (\S+)", text)))
        found = [path for symbol in missing for path in _definitions(symbol, linked)]
        found = [] if archives is not None else found
        if not found:
            raise _error(params, _lld(script, linked, output) or text)
        linked += dict.fromkeys(found)


def _definitions(symbol: str, linked: Sequence[Path]) -> list[Path]:
    """Objects that may define a symbol, not linked yet, of the first provider to have any."""
    for provide in providers(CORE):
        found = [path for path in provide(symbol) if path not in linked]
        if found:
            return found
    return []


def _lld(script: Path, objects: Sequence[Path], output: Path, *flags: str) -> str | None:
    """None on success, or what the linker says."""
    command = ["ld.lld", "-m", "elf32lriscv", "-static", "--gc-sections", "--relax-gp"]
    command += ["--wrap=__divsf3", "--wrap=__divdf3"]  # runtime/division.cc
    command += ["--error-limit=0", "--color-diagnostics=never", *flags]
    code, text = run_zig([*command, "-T", script, "-o", output, *objects])
    return text if code else None


def _error(params: Params, text: str) -> WeftError:
    """The linker's first complaint as one line."""
    imem_bytes, dmem_bytes = core_memory_bytes(params)
    name = params.config.name
    over = re.search(r"region '(IMEM|DMEM)': overflowed by (\d+) bytes", text)
    if over is not None:
        key, size = {"IMEM": ("imem_kib", imem_bytes), "DMEM": ("dmem_kib", dmem_bytes)}[over[1]]
        return FirmwareSizeError(
            f"firmware: needs {size + int(over[2])} bytes of {over[1]}, and configuration {name}"
            f" has {size}; raise core.{key} or use fewer operators"
        )
    undefined = re.search(
        r"undefined(?: \w+)? symbol: (.+)\n>>> referenced by (\S+?)(?: \(.*\))?$",
        text,
        re.MULTILINE,
    )
    if undefined is not None:
        return SourceError(
            f"{undefined[2]}: {undefined[1]} is used, and neither the operators nor the core's"
            " libraries define it; do without it or define it"
        )
    twice = re.search(
        r"duplicate symbol: (.+)\n>>> defined at (\S+?)(?: \(.*\))?$", text, re.MULTILINE
    )
    if twice is not None:
        return SourceError(f"{twice[2]}: {twice[1]} is defined twice; make one of them static")
    lines = [line for line in text.splitlines() if "error:" in line]
    return ToolchainError(f"linker: {lines[0] if lines else text[:200]!r}")
