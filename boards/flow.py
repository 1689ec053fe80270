"""From a design to a netlist, a placement and a bitstream, with open tools only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.errors import WeftError
from boards import tools
from boards.board import Fpga
from boards.gowin_synthesis import finish_netlist, gowin_script
from boards.resources import Netlist, component_of

OnStage = Callable[[str], None]
RTLIL, NETLIST = "top.il", "top.json"
PACKED, PLANNED = "packed.json", "planned.json"


class DoesNotFit(WeftError):
    """A design that needs more of something than its FPGA has."""


class TimingFailure(WeftError):
    """A design that is slower than its clock."""


@dataclass(frozen=True)
class Timing:
    """What place and route reached with one seed.

    Members
    -------
    fmax_mhz : of the accelerator's clock.
    path : the critical path as components, each once in a row, with where it starts and ends.
    logic_ns, routing_ns : its parts.
    """

    seed: int
    fmax_mhz: float
    path: str
    logic_ns: float
    routing_ns: float


def synthesis_script(
    fpga: Fpga,
    rows_in_logic: int,
    read: str = f"read_rtlil {RTLIL}",
    top: str = "top",
    purge: bool = False,
) -> str:
    """Commands for Yosys, from one that reads the design to a netlist in the file NETLIST.

    Memories are never read and written at one address at a time where it matters, so no logic is
    asked for that. Yosys leaves it out of ports that it makes of registers. Ports that are some in
    RTLIL keep theirs unless a parameter says otherwise, as for Gowin; with it ``medium`` has 2,200
    look-up tables and 2,800 flip-flops fewer on an ECP5 (not in boards/results).
    The modules that keep their hierarchy answer late in the cycle: apart from the rest, the few
    levels of logic behind them stay few; merged they cost 10 MHz on an ECP5.
    ``rows_in_logic``: rows of the array whose multipliers are built of look-up tables, because the
    FPGA has fewer multipliers than the design. ``purge``: names that nothing needs are removed
    before look-up tables are made.
    """
    if fpga.family == "gowin":
        return gowin_script(read, top, NETLIST)
    lines = [read, f"hierarchy -top {top}"]
    lines += ["setattr -mod -set keep_hierarchy 1 *.load_lanes *.load_merge"]
    if fpga.family == "ice40":  # has no distributed RAM
        lines += ["setattr -unset ram_style */m:*"]
        lines += ["delete *.npu.chip/t:$meminit*"]  # single-port RAM has no initial contents
    lines += ["proc"] if rows_in_logic else []  # booth skips modules with processes
    for row in range(rows_in_logic):
        wires = f"*.array_engine.array/w:activation_{row}_*"
        lines.append(f"booth {wires} %co1:+$mul[A] t:$mul %i")
    options = {
        "ecp5": f"synth_ecp5 -no-rw-check -top {top}",
        "ice40": f"synth_ice40 -no-rw-check -dsp -spram -top {top} -device u",
    }
    synth = options[fpga.family]
    if purge:
        lines += [f"{synth} -run begin:map_luts", "opt_clean -purge", f"{synth} -run map_luts:"]
    else:
        lines += [synth]
    lines += [f"write_json {NETLIST}"]
    return "\n".join(lines) + "\n"


def synthesise(fpga: Fpga, folder: Path, rows_in_logic: int) -> Netlist:
    """The netlist of the design in ``folder``."""
    try:
        _run_yosys(folder, synthesis_script(fpga, rows_in_logic))
    except tools.ToolError as error:
        # Yosys 0.70 cannot put what ABC made of some designs back into them (``medium`` with a
        # clock of 70 MHz, not with 62.5), and stops itself; with fewer names it can.
        if "Assert `" not in str(error):
            raise
        _run_yosys(folder, synthesis_script(fpga, rows_in_logic, purge=True))
    if fpga.family == "gowin":
        finish_netlist(folder / NETLIST)
    return Netlist(folder / NETLIST)


def _run_yosys(folder: Path, script: str) -> None:
    (folder / "top.ys").write_text(script)
    # What it prints ends where ABC begins, which takes its output away; its log goes on.
    arguments = ["-q", "-l", "yosys.log", "top.ys"]
    tools.call(tools.YOSYS, arguments, folder, "yosys.out", "yosys.log")


def check_fit(title: str, fpga: Fpga, needs: Mapping[str, int]) -> None:
    """Raises :class:`DoesNotFit` with the first resource that is short."""
    for resource, limit in fpga.limits.items():
        need = needs.get(resource, 0)
        if need > limit:
            raise DoesNotFit(
                f"{title}: needs {need:,} of {resource} and {fpga.name} has {limit:,}; "
                "use a smaller configuration or a larger board (see: weft boards)"
            )


PLACERS = {
    "ecp5": (tools.NEXTPNR_ECP5,),
    "ice40": (tools.NEXTPNR_ICE40,),
    "gowin": (tools.NEXTPNR_GOWIN, tools.GOWIN_PACK),
}


PINS = {
    "ecp5": ("--lpf", "top.lpf"),
    "ice40": ("--pcf", "top.pcf"),
    "gowin": ("--vopt", "cst=top.cst"),
}


def floorplan(fpga: Fpga, folder: Path) -> str:
    """A netlist in which block RAM and multipliers have their sites."""
    from boards.floorplan import choose_sites, give_sites  # SciPy: only for who builds bitstreams

    arguments = ["--json", NETLIST, "--pack-only", "--write", PACKED]
    arguments += [*fpga.arguments, *PINS[fpga.family]]
    tools.call(PLACERS[fpga.family][0], arguments, folder, "packing.log")
    chosen = choose_sites(folder / NETLIST, folder / PACKED, fpga.sites, fpga.tiles)
    give_sites(folder / NETLIST, chosen, folder / PLANNED)
    return PLANNED


def _own_options(family: str, seed: int) -> list[str]:
    """Options of a family's nextpnr for how it places, and for what it writes."""
    if family == "ecp5":  # timing counts for more than by default
        return ["--placer-heap-timingweight", "25", "--textcfg", f"placed{seed}.config"]
    if family == "ice40":
        return ["--asc", f"placed{seed}.asc"]
    return ["--write", f"placed{seed}.json"]


def place(fpga: Fpga, folder: Path, netlist: str, seed: int, clock_hz: int) -> dict[str, Any]:
    """Place and route a netlist in ``folder``; returns nextpnr's report."""
    report = f"report{seed}.json"
    arguments = ["--json", netlist, "--seed", str(seed), "--report", report]
    arguments += ["--freq", f"{clock_hz / 1e6:g}"]  # of clocks that no constraint names
    arguments += ["--timing-allow-fail", *fpga.arguments, *PINS[fpga.family]]
    arguments += _own_options(fpga.family, seed)
    tools.call(PLACERS[fpga.family][0], arguments, folder, f"nextpnr{seed}.log")
    result: dict[str, Any] = json.loads((folder / report).read_text())
    return result


def pack(fpga: Fpga, folder: Path, seed: int) -> Path:
    """The bitstream of a placement."""
    if fpga.family == "ecp5":
        arguments = ["--compress", f"placed{seed}.config", "top.bit"]
        tools.call(tools.ECPPACK, arguments, folder, "pack.log")
        return folder / "top.bit"
    if fpga.family == "ice40":
        tools.call(tools.ICEPACK, [f"placed{seed}.asc", "top.bin"], folder, "pack.log")
        return folder / "top.bin"
    arguments = ["-d", "GW2A-18C", "-o", "top.fs", f"placed{seed}.json"]
    tools.call(tools.GOWIN_PACK, arguments, folder, "pack.log")
    return folder / "top.fs"


def timing_of(report: Mapping[str, Any], seed: int) -> Timing:
    """The slowest path within the accelerator's clock domain, the slowest of the design."""
    domains = report["fmax"]
    clock = min(domains, key=lambda name: domains[name]["achieved"])
    paths = [p for p in report["critical_paths"] if _domain(p["from"]) == _domain(p["to"]) == clock]
    path = paths[0]["path"] if paths else []
    return Timing(
        seed,
        round(domains[clock]["achieved"], 2),
        _describe(path),
        round(sum(step["delay"] for step in path if step["type"] != "routing"), 2),
        round(sum(step["delay"] for step in path if step["type"] == "routing"), 2),
    )


def _domain(end: str) -> str:
    return end.removeprefix("posedge ").removeprefix("negedge ")


def _describe(path: list[Mapping[str, Any]]) -> str:
    """The components that a path goes through, in order."""
    names: list[str] = []
    for step in path:
        for cell in (step["from"]["cell"], step["to"]["cell"]):
            name = component_of(cell) if "." in cell and not cell.startswith("$") else ""
            if name and (not names or names[-1] != name):
                names.append(name)
    return " > ".join(names)
