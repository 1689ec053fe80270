"""The firmware of the scalar datapath, built for the host, as a device."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arch import registers
from arch.isa import Engine, Space
from arch.params import Params
from arch.registers import OFFSET, Access, State
from arch.scalar import ChipMap, Request
from gen.microcode import SOURCE_FOLDER, headers_of, microcode_sources
from gen.toolchain import SourceError, built_once, digest_of, find_zig, first_diagnostic, run_zig
from sim.device import DeviceError

HERE = Path(__file__).parent
FLAGS = (
    "-std=c++17",
    "-O1",
    "-fno-strict-aliasing",
    "-fsigned-char",
    "-fPIC",
    "-ffreestanding",
    "-fno-builtin",
    "-nostdlib",
    "-DWEFT_HOST",
)
# The processor cannot do misaligned accesses: here they end the test.
TRAPS = ("-fsanitize=alignment", "-fsanitize-trap=all")


@cache
def library(params: Params) -> Path:
    """A shared library with the firmware for a configuration and the machine around it."""
    headers = headers_of(params)
    sources = [path for path in microcode_sources() if path.suffix == ".cc"]
    sources.append(HERE / "host_machine.cc")
    texts = [
        path.read_bytes()
        for folder in (SOURCE_FOLDER, HERE, headers)
        for path in sorted(folder.iterdir())
        if path.suffix in (".h", ".cc")
    ]

    def build(path: Path) -> None:
        folders = [f"-I{folder}" for folder in (SOURCE_FOLDER, HERE, headers)]
        code, text = run_zig(["c++", "-shared", *FLAGS, *TRAPS, *folders, *sources, "-o", path])
        if code:
            raise SourceError(first_diagnostic(text) or text[:500])

    return built_once(
        "microcode", digest_of(find_zig().version, FLAGS, TRAPS, *texts), ".so", build
    )


class MicrocodeDevice:
    """sim.device.Device: programs run when CONTROL.start is written. Memory starts at address 0.

    Members
    -------
    chip : on-chip memories, by arch.scalar.ChipMap.
    beats : read and written by the last program.
    """

    def __init__(self, params: Params, memory_bytes: int):
        self.params = params
        self.chip_map = ChipMap(params)
        lib = ctypes.CDLL(str(library(params)))
        for name in ("machine_chip", "machine_host"):
            getattr(lib, name).restype = ctypes.c_void_p
        for name in ("machine_run", "machine_start", "machine_started", "machine_completed"):
            getattr(lib, name).restype = ctypes.c_uint32
        self._lib = lib
        self.memory = np.zeros(memory_bytes, np.uint8)
        lib.machine_bus(ctypes.c_void_p(self.memory.ctypes.data), memory_bytes)
        chip = ctypes.c_uint8 * self.chip_map.n_bytes
        self.chip = np.ctypeslib.as_array(chip.from_address(lib.machine_chip()))
        self.chip[:] = 0
        self._values = {"CONTROL": 0, "INTERRUPT": 0, "INTERRUPT_ENABLE": 0, "STATUS": 0}
        c = params.config
        for register in registers.REGISTERS:
            self.host(register.name).value = 0
        self.host("ID").value = registers.IDENTITY
        self.host("VERSION").value = registers.VERSION
        self.host("DIGEST").value = c.digest
        self.host("SHAPE").value = c.rows | c.cols << 8 | c.lanes << 16 | c.streams << 24
        self.bus_error()
        self._answered(State.IDLE)
        assert lib.machine_start(0) == 0xFFFFFFFF  # power-up: nothing to answer

    def host(self, name: str) -> ctypes.c_uint32:
        """A register as the firmware sees it."""
        return ctypes.c_uint32.from_address(self._lib.machine_host(OFFSET[name]))

    def space(self, space: Space) -> NDArray[np.uint8]:
        """From the first byte of an on-chip memory on."""
        chip = self.chip_map
        starts = {
            Space.SCRATCHPAD: chip.scratchpad,
            Space.WEIGHTS: chip.weights,
            Space.TABLES: chip.tables,
        }
        return self.chip[starts[space] :]

    def bus_error(self, first: int = 1, last: int = 0) -> None:
        """Bus addresses of beats that answer with an error from now on; by default none."""
        self._lib.machine_bad(first, last)

    def _answered(self, state: int) -> None:
        """What a write of arch.scalar.Control.STATE does."""
        assert state >> 4 == 0
        self._values["STATUS"] = registers.STATUS.pack({"state": state & 3, "quiet": 1})
        self._values["INTERRUPT"] |= state >> 2

    async def read_register(self, offset: int) -> int:
        name = _register(offset).name
        return self._values.get(name, self.host(name).value)

    async def write_register(self, offset: int, value: int) -> None:
        register = _register(offset)
        name = register.name
        if register.access is Access.READ:
            raise DeviceError(f"{name}: read only")
        if name == "CONTROL":
            fields = registers.CONTROL.unpack(value)
            if fields["reset"]:
                self.reset()
            elif fields["start"]:
                self._answered(self._lib.machine_run())
                assert not self._lib.machine_outside()
        elif name == "INTERRUPT":
            self._values[name] &= ~value
        elif name in self._values:
            self._values[name] = value
        else:
            self.host(name).value = value

    def reset(self, request: Request = Request.RESET) -> None:
        """A soft reset, with what the hardware tells the firmware of it."""
        self._values |= {"INTERRUPT": 0, "INTERRUPT_ENABLE": 0}
        self._answered(self._lib.machine_start(request))

    async def write_memory(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = np.frombuffer(data, np.uint8)

    async def read_memory(self, address: int, n_bytes: int) -> bytes:
        return self.memory[address : address + n_bytes].tobytes()

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        return bool(self._values["INTERRUPT"] & self._values["INTERRUPT_ENABLE"])

    @property
    def beats(self) -> tuple[int, int]:
        return self._lib.machine_reads(), self._lib.machine_writes()

    def traced(self, engine: Engine) -> tuple[int, int]:
        """Commands of an engine that started and completed in the last program, modulo 256."""
        shift = 8 * engine
        started, completed = self._lib.machine_started(), self._lib.machine_completed()
        return started >> shift & 0xFF, completed >> shift & 0xFF


def _register(offset: int) -> registers.Register:
    return next(register for register in registers.REGISTERS if register.offset == offset)
