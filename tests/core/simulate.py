"""Runs programs on the Verilated core (harness.cc)."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hw.core.cpu import Cpu
from hw.core.options import CpuOptions
from sim.blocks import emit_verilog
from sim.build import BuildOptions, build_simulation

IMEM_BASE, DMEM_BASE, MEMORY_BYTES = 0, 0x1000_0000, 1 << 18
DEVICE_BASE, DEVICE_BYTES = 0xF000_0000, 12
EXIT, PRINT, IRQ = DEVICE_BASE, DEVICE_BASE + 4, DEVICE_BASE + 8

Image = Sequence[tuple[int, bytes]]


@dataclass(frozen=True)
class Record:
    """One retired instruction, as the core's RVFI port reports it; struct Record of harness.cc."""

    flags: int
    pc: int
    insn: int
    rd: int
    rd_data: int
    pc_next: int
    address: int
    masks: int
    rdata: int
    wdata: int
    rs1_data: int
    rs2_data: int

    @property
    def trap(self) -> bool:
        return bool(self.flags & 1)

    @property
    def first_of_handler(self) -> bool:
        return bool(self.flags & 2)


@dataclass(frozen=True)
class Run:
    """What a program did.

    Members
    -------
    exit_word : what it stored to EXIT; -1 if it ran until the limit of cycles.
    cycles, instructions : until then.
    printed : words stored to PRINT.
    trace : file with the records, or None.
    """

    exit_word: int
    cycles: int
    instructions: int
    printed: list[int]
    trace: Path | None

    def records(self) -> Iterator[Record]:
        assert self.trace is not None
        size = 4 * 12
        with self.trace.open("rb") as file:
            while len(chunk := file.read(size)) == size:
                yield Record(*struct.unpack("<12I", chunk))


TRACED = CpuOptions(rvfi=True)


@cache
def simulator(options: CpuOptions = TRACED) -> Path:
    """The built harness."""
    main = Path(__file__).parent / "harness.cc"
    flags = "-O2 -DRVFI" if options.rvfi else "-O2"
    simulation = build_simulation(
        {"weft_core.v": emit_verilog(Cpu(options), "weft_core")},
        "weft_core",
        BuildOptions(public_depth=0, main=str(main), cxx_flags=flags),
    )
    return simulation.folder / "sim"


def run(
    image: Image,
    folder: Path | None = None,
    *,
    max_cycles: int = 1_000_000,
    seed: int = 1,
    wait_percent: int = 0,
    irq_percent: int = 0,
    options: CpuOptions = TRACED,
) -> Run:
    """Run a program from address 0.

    Parameters
    ----------
    image : addresses and contents.
    folder : where the trace goes; none is written without it.
    wait_percent : chance in each cycle that the data bus is not ready, or does not answer.
    irq_percent : chance in each cycle that the interrupt line rises.
    """
    with tempfile.TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / "image.bin"
        path.write_bytes(b"".join(struct.pack("<2I", a, len(data)) + data for a, data in image))
        trace = folder / "trace.bin" if folder else None
        arguments = [str(path), str(trace or "-"), str(max_cycles), str(seed)]
        arguments += [str(wait_percent), str(irq_percent)]
        done = subprocess.run(
            [str(simulator(options)), *arguments], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"harness ended with {done.returncode}: {done.stderr}"
    lines = done.stdout.split("\n")
    printed = [int(line.split()[1]) for line in lines if line.startswith("print ")]
    (end,) = [line.split() for line in lines if line.startswith("end ")]
    return Run(int(end[1]), int(end[2]), int(end[3]), printed, trace)
