"""Cycles per instruction of the core in Embench-IoT, with memories that never wait.

``python -m tests.core.embench CHECKOUT [NAME ...]`` compiles the benchmarks of a checkout of
Embench-IoT with riscv64-unknown-elf-gcc and picolibc, runs each as often as it asks for a clock of
1 MHz (some four million cycles), and prints what the core's own counters say.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import geometric_mean

from firmware.gcc import find_gcc
from gen.elf import read_elf
from hw.core.options import CpuOptions
from tests.core.simulate import DMEM_BASE, IMEM_BASE, MEMORY_BYTES, run

BOARD = Path(__file__).with_name("embench_board.S")
SECTIONS = {".text": IMEM_BASE, ".data": DMEM_BASE}
LINK_SCRIPT = f"""
ENTRY(_reset)
MEMORY {{
  code : ORIGIN = {IMEM_BASE}, LENGTH = {MEMORY_BYTES}
  data : ORIGIN = {DMEM_BASE}, LENGTH = {MEMORY_BYTES}
}}
SECTIONS {{
  .text : {{ *(.text.reset) *(.text* .rodata* .srodata*) }} > code
  .data : {{ *(.data*) __global_pointer$ = . + 0x800; *(.sdata*) }} > data
  .bss : {{ *(.sbss* .bss* COMMON) }} > data
  _stack = {DMEM_BASE + MEMORY_BYTES - 16};
  /DISCARD/ : {{ *(.eh_frame* .comment .note*) }}
}}
"""
MAX_CYCLES = 100_000_000


def build(checkout: Path, name: str, folder: Path, flags: Sequence[str]) -> list[tuple[int, bytes]]:
    """One benchmark as addresses and contents."""
    script, linked = folder / "link.ld", folder / "linked.elf"
    script.write_text(LINK_SCRIPT)
    support = checkout / "support"
    sources = [*sorted((checkout / "src" / name).glob("*.c"))]
    if not sources:
        raise SystemExit(f"{name}: no such benchmark in {checkout / 'src'}")
    sources += [support / "main.c", support / "beebsc.c"]
    command = [str(find_gcc().program), "-mabi=ilp32", *flags, "-w", "--specs=picolibc.specs"]
    command += ["-ffunction-sections", "-fdata-sections", "-nostartfiles", "-Wl,--gc-sections"]
    command += ["-DCPU_MHZ=1", "-DWARMUP_HEAT=1", "-Wa,-march=rv32im_zicsr", f"-I{support}"]
    command += [*map(str, sources), str(BOARD), f"-T{script}", "-lm", "-o", str(linked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr.strip()}")
    sections = read_elf(linked).sections
    return [(address, sections[name]) for name, address in SECTIONS.items() if name in sections]


def measure(checkout: Path, name: str, flags: Sequence[str], options: CpuOptions) -> float:
    """Run one benchmark, print a line, and return its cycles per instruction."""
    with tempfile.TemporaryDirectory() as folder:
        image = build(checkout, name, Path(folder), flags)
    done = run(image, max_cycles=MAX_CYCLES, options=options)
    if done.exit_word != 0 or len(done.printed) != 2:
        raise SystemExit(f"{name}: the result is wrong (exit code {done.exit_word})")
    cycles, instructions = done.printed
    ratio = cycles / instructions
    print(f"{name:16} {cycles:9} cycles {instructions:9} instructions {ratio:.3f}", flush=True)
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, help="folder of Embench-IoT's sources")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--flags", default="-O2", help="of the compiler; -O2")
    parser.add_argument("--compressed", action="store_true", help="a core with extension C")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    folders = (arguments.checkout / "src").glob("*/")
    names = arguments.names or sorted(folder.name for folder in folders)
    if not names:
        raise SystemExit(f"{arguments.checkout}: no benchmarks in its folder src")
    machine = "-march=rv32imc" if arguments.compressed else "-march=rv32im"
    flags = [machine, *arguments.flags.split()]
    options = CpuOptions(rvfi=True, compressed=arguments.compressed)  # built by tests as well
    with ThreadPoolExecutor(arguments.jobs) as pool:
        ratios = pool.map(lambda name: measure(arguments.checkout, name, flags, options), names)
        print(f"{len(names)} benchmarks, geometric mean {geometric_mean(ratios):.3f}")


if __name__ == "__main__":
    main()
