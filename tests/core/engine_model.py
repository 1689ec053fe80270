"""What the core engine does with commands, on the instruction-set simulator."""

from __future__ import annotations

from dataclasses import dataclass, field

from arch.isa import Cause
from arch.memory_map import (
    DMEM_BASE,
    IMEM_BASE,
    MMIO_BASE,
    SCRATCHPAD_BASE,
    WINDOW_BASE,
    WINDOW_BYTES,
    Mmio,
)
from sim.riscv import AccessFault, Machine, Memory

MAX_STEPS = 20_000  # of one command; beyond it runs for ever


@dataclass
class World:
    """The memories around the core. Regions: (bytes, readable, writable)."""

    imem: bytearray
    dmem: bytearray
    scratchpad: bytearray
    regions: list[tuple[bytearray, bool, bool]]


@dataclass(frozen=True)
class Outcome:
    """How a command ended; ``address`` is None where only the hardware knows it."""

    cause: Cause = Cause.NONE
    address: int | None = 0
    info: int = 0


class EngineMemory(Memory):
    """Addresses as arch.memory_map has them, with the registers of the mailbox."""

    def __init__(self, world: World):
        super().__init__([(DMEM_BASE, world.dmem), (SCRATCHPAD_BASE, world.scratchpad)])
        self.world = world
        self.call: tuple[int, int] | None = None
        self.done: int | None = None
        self.misused = False
        self.log = bytearray()

    def fetch(self, address: int, size: int = 4) -> int:
        offset = address - IMEM_BASE
        if not 0 <= offset <= len(self.world.imem) - size:
            raise AccessFault
        return int.from_bytes(self.world.imem[offset : offset + size], "little")

    def load(self, address: int, size: int) -> int:
        if address >= WINDOW_BASE:
            return int.from_bytes(self._external(address, size, 1), "little")
        register = self._register(address)
        if register is None:
            return super().load(address, size)
        if register == Mmio.PENDING:
            return int(self.call is not None)
        if register in (Mmio.FUNCTION, Mmio.ARGUMENT):
            assert self.call is not None, "the core reads a command that is not there"
            return self.call[register == Mmio.ARGUMENT]
        return 0

    def store(self, address: int, size: int, value: int) -> None:
        if address >= WINDOW_BASE:
            self._external(address, size, 2)[:] = value.to_bytes(size, "little")
            return
        register = self._register(address)
        if register is None:
            super().store(address, size, value)
        elif register == Mmio.DONE:
            self.done = value
        elif register == Mmio.WORD:
            self.misused = True
        elif register == Mmio.LOG:
            self.log.append(value & 255)

    def _register(self, address: int) -> int | None:
        offset = address - MMIO_BASE
        # The registers fill a block of a power of two.
        return offset & ~3 if 0 <= offset < 1 << (max(Mmio) | 3).bit_length() else None

    def _external(self, address: int, size: int, permission: int) -> memoryview:
        region, offset = divmod(address - WINDOW_BASE, WINDOW_BYTES)
        content = self.world.regions[region]
        if not content[permission] or offset + size > len(content[0]):
            raise AccessFault
        return memoryview(content[0])[offset : offset + size]


@dataclass
class EngineModel:
    """Executes commands one after the other."""

    world: World
    memory: EngineMemory = field(init=False)
    machine: Machine | None = None

    def __post_init__(self) -> None:
        self.memory = EngineMemory(self.world)

    @property
    def log(self) -> bytes:
        return bytes(self.memory.log)

    def boot(self, address: int) -> Outcome:
        self.machine = Machine(self.memory, pc=address)
        return self._run()

    def call(self, function: int, argument: int) -> Outcome:
        if self.machine is None:
            return Outcome(Cause.CONFIG)
        self.memory.call = (function, argument)
        outcome = self._run()
        self.memory.call = None
        return outcome

    def _run(self) -> Outcome:
        assert self.machine is not None
        self.memory.done = None
        for _ in range(MAX_STEPS):
            step = self.machine.step()
            if step.trap is not None:
                return Outcome(Cause.CORE_TRAP, step.pc, step.trap.cause)
            if self.memory.misused:
                return Outcome(Cause.CONFIG)
            if self.memory.done is not None:
                status = self.memory.done
                return Outcome(Cause.OP_STATUS, 0, status) if status else Outcome()
        return Outcome(Cause.WATCHDOG, None)
