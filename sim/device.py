"""What the host can do to an accelerator, whatever it is, and the functional model behind it."""

from __future__ import annotations

from typing import Protocol, cast

from arch import registers
from arch.decode import ProgramError
from arch.errors import WeftError
from arch.isa import N_REGIONS, Cause
from arch.params import Params
from arch.registers import Access, State
from sim.model import CoreCall, FunctionalModel, Region


class DeviceError(WeftError):
    """A device that does not answer as it should, or a request that it cannot take."""


class Device(Protocol):
    """An accelerator as its host sees it: registers, memory, an interrupt.

    The functional model, the Verilog simulation and a board's host link implement it. Addresses
    of registers are byte offsets (arch.registers.OFFSET), addresses of memory are bus addresses.
    """

    async def read_register(self, offset: int) -> int: ...

    async def write_register(self, offset: int, value: int) -> None: ...

    async def write_memory(self, address: int, data: bytes) -> None: ...

    async def read_memory(self, address: int, n_bytes: int) -> bytes: ...

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        """True once the interrupt line is up, False when it stayed down for so many cycles."""
        ...


_BY_OFFSET = {register.offset: register for register in registers.REGISTERS}


class FunctionalDevice:
    """The functional model with the registers and the memory of an accelerator.

    Parameters
    ----------
    params : the configuration.
    memory_bytes, memory_base : size and bus address of external memory, zero at first.
    core_call : what CORE commands run; see FunctionalModel.

    A program runs when CONTROL.start is written and has ended when the write returns. It has no
    time: counters read 0, and the watchdog does nothing.
    """

    def __init__(
        self,
        params: Params,
        memory_bytes: int,
        memory_base: int = 0,
        core_call: CoreCall | None = None,
    ):
        self.model = FunctionalModel(params, core_call)
        self.memory = bytearray(memory_bytes)
        self.memory_base = memory_base
        self._values = {register.name: 0 for register in registers.REGISTERS}
        self._values |= registers.identity(params.config)
        self._set_state(State.IDLE)

    # ---- Device ------------------------------------------------------------------------------
    async def read_register(self, offset: int) -> int:
        register = _register(offset)
        if register.access is Access.WRITE:
            raise refused(offset, "read")
        return self._values[register.name]

    async def write_register(self, offset: int, value: int) -> None:
        register = _register(offset)
        if register.access is Access.READ:
            raise refused(offset, "write")
        if register.name == "CONTROL":
            fields = registers.CONTROL.unpack(value)
            if fields["reset"]:
                self._reset()
            elif fields["start"]:
                self._start()
        elif register.access is Access.READ_WRITE:
            self._values[register.name] = value
        elif register.access is Access.WRITE_ONE_TO_CLEAR:
            self._values[register.name] &= ~value

    async def write_memory(self, address: int, data: bytes) -> None:
        self._view(address, len(data))[:] = data

    async def read_memory(self, address: int, n_bytes: int) -> bytes:
        return bytes(self._view(address, n_bytes))

    async def wait_interrupt(self, timeout_cycles: int) -> bool:
        return bool(self._values["INTERRUPT"] & self._values["INTERRUPT_ENABLE"])

    # ---- behind it ---------------------------------------------------------------------------
    def _view(self, address: int, n_bytes: int) -> memoryview:
        offset = address - self.memory_base
        if offset < 0 or offset + n_bytes > len(self.memory):
            raise outside_memory(address, n_bytes, self.memory_base, len(self.memory))
        return memoryview(self.memory)[offset : offset + n_bytes]

    def _set_state(self, state: State) -> None:
        self._values["STATUS"] = registers.STATUS.pack({"state": state, "quiet": 1})

    def _reset(self) -> None:
        for register in registers.REGISTERS:
            if not register.name.startswith("REGION") and register.access is not Access.READ:
                self._values[register.name] = 0
        self._set_error(Cause.NONE, 0, 0, 0)
        self._set_state(State.IDLE)

    def _set_error(self, cause: int, source: int, address: int, info: int) -> None:
        self._values |= {
            "ERROR_CAUSE": cause,
            "ERROR_SOURCE": source,
            "ERROR_ADDRESS": address & 0xFFFFFFFF,
            "ERROR_INFO": info & 0xFFFFFFFF,
        }

    def _regions(self) -> list[Region]:
        regions = []
        for i in range(N_REGIONS):
            base = self._values[f"REGION{i}_BASE"] | self._values[f"REGION{i}_BASE_HIGH"] << 32
            size = self._values[f"REGION{i}_SIZE"]
            flags = registers.REGION_FLAGS.unpack(self._values[f"REGION{i}_FLAGS"])
            # A view, so that regions that overlap see each other's bytes as on the bus.
            view = self._view(base, size) if size else memoryview(bytearray())
            data = cast(bytearray, view)
            regions.append(Region(data, read=bool(flags["read"]), write=bool(flags["write"])))
        return regions

    def _program(self) -> bytes:
        index, offset = self._values["PROGRAM_REGION"], self._values["PROGRAM_OFFSET"]
        n_bytes = self._values["PROGRAM_BYTES"]
        region = self.model.regions[index] if index < N_REGIONS else Region(bytearray())
        if not region.read or offset + n_bytes > len(region.data):
            raise ProgramError(Cause.REGION, None, 0, offset, index)
        return bytes(region.data[offset : offset + n_bytes])

    def _start(self) -> None:
        pending = registers.INTERRUPT
        self._set_error(Cause.NONE, 0, 0, 0)
        try:
            self.model.regions = self._regions()
            self.model.run(self._program())
        except ProgramError as error:
            engine = registers.SEQUENCER if error.engine is None else int(error.engine)
            source = registers.ERROR_SOURCE.pack({"command": error.command, "engine": engine})
            self._set_error(error.cause, source, error.address, error.info)
            self._set_state(State.ERROR)
            self._values["INTERRUPT"] |= pending.pack({"error": 1})
        else:
            self._set_state(State.DONE)
            self._values["INTERRUPT"] |= pending.pack({"done": 1})


def _register(offset: int) -> registers.Register:
    try:
        return _BY_OFFSET[offset]
    except KeyError:
        raise refused(offset, "access") from None


def refused(offset: int, what: str) -> DeviceError:
    """The error for an access that the device answers with SLVERR."""
    known = _BY_OFFSET.get(offset)
    name = f"{known.name}, {known.access.value}" if known else "no register"
    return DeviceError(
        f"register 0x{offset:03x} ({name}): the device refused to {what} it; see "
        "arch/registers.py for what it takes"
    )


def outside_memory(address: int, n_bytes: int, base: int, size: int) -> DeviceError:
    """The error for bytes that the device's memory does not have."""
    return DeviceError(
        f"memory 0x{address:x}, {n_bytes} bytes: outside 0x{base:x} to 0x{base + size - 1:x}; "
        "give the device more memory"
    )
