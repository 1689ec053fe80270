"""The image of the scalar datapath's firmware on an instruction-set simulator, with operators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from arch.isa import Space
from arch.memory_map import DMEM_BASE, SCRATCHPAD_BASE
from arch.params import Params
from arch.registers import OFFSET
from arch.scalar import (
    BUS_BASE,
    CHIP_BASE,
    CODE_BASE,
    CONTROL_BASE,
    DATA_BYTES,
    HOST_BYTES,
    MAC_OPCODE,
    TRAP_VECTOR,
    Bus,
    ChipMap,
    Control,
    Guest,
    Mac,
    Request,
)
from gen.microcode import Microcode, microcode
from sim.riscv import AccessFault, Machine, Memory, signed

FIRST_REGION, REGION_BYTES = 4096, 4096  # regions of external memory, one behind the other
SYSTEM, DIVISION = 0x73, 1


@cache
def image_of(params: Params) -> Microcode:
    return microcode(params)


def words(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


class Firmware(Memory):
    """What the firmware's loads and stores see."""

    def __init__(self, processor: Processor):
        super().__init__([])
        self.processor = processor

    def fetch(self, address: int, size: int = 4) -> int:
        rom, at = self.processor.rom, address - CODE_BASE
        return int.from_bytes(rom[at : at + size], "little")

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        p = self.processor
        if address < DATA_BYTES:
            p.least_sp = min(p.least_sp, p.firmware.x[2])
            return p.data, address
        at = address - CHIP_BASE
        assert 0 <= at < len(p.chip), hex(address)
        return p.chip, at

    def load(self, address: int, size: int) -> int:
        if address >> 28 == CONTROL_BASE >> 28:
            return self.processor.read_control(address - CONTROL_BASE)
        if address >> 28 == BUS_BASE >> 28:
            return self.processor.read_bus(address - BUS_BASE)
        return super().load(address, size)

    def store(self, address: int, size: int, value: int) -> None:
        if address >> 28 == CONTROL_BASE >> 28:
            self.processor.write_control(address - CONTROL_BASE, value)
        elif address >> 28 == BUS_BASE >> 28:
            self.processor.write_bus(address - BUS_BASE, size, value)
        else:
            super().store(address, size, value)


class Operator(Memory):
    """What an operator's loads and stores see without the firmware's help."""

    def __init__(self, processor: Processor):
        super().__init__([])
        self.processor = processor

    def fetch(self, address: int, size: int = 4) -> int:
        return int.from_bytes(self.processor.imem[address : address + size], "little")

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        p = self.processor
        for base, space, place in (
            (DMEM_BASE, Space.DMEM, p.map.dmem),
            (SCRATCHPAD_BASE, Space.SCRATCHPAD, p.map.scratchpad),
        ):
            if 0 <= address - base < p.params.space_bytes[space]:
                return p.chip, place + address - base
        raise AccessFault


class Processor:
    """The processor, its memories, control and bus; a cycle is half of an instruction's time.

    Members
    -------
    least_sp : how deep the firmware's stack has been.
    log : bytes for the host.
    """

    def __init__(self, params: Params):
        self.params, self.map = params, ChipMap(params)
        image = image_of(params)
        self.rom = words(image.code)
        self.data = bytearray(DATA_BYTES)
        self.data[HOST_BYTES : HOST_BYTES + 4 * len(image.data)] = words(image.data)
        self.chip = bytearray(b"\xa5" * self.map.n_bytes)
        self.bus = bytearray(FIRST_REGION + 8 * REGION_BYTES)
        self.firmware = Machine(Firmware(self))
        self.operator = Machine(Operator(self))
        self.firmware.pc, self.in_operator = CODE_BASE, False
        self.sums = [0] * 4
        self.log = bytearray()
        self.least_sp = DATA_BYTES
        self.request, self.state = 0, 0
        self.cycles = self.watch = self.bus_address = self.bus_error = 0
        self.operator_pc = 0
        for i in range(8):  # the last is that of programs
            self.set_register(f"REGION{i}_BASE", FIRST_REGION + i * REGION_BYTES if i < 7 else 0)
            self.set_register(f"REGION{i}_SIZE", REGION_BYTES)
            self.set_register(f"REGION{i}_FLAGS", 3)

    def region(self, index: int) -> memoryview:
        at = self.register(f"REGION{index}_BASE")
        return memoryview(self.bus)[at : at + REGION_BYTES]

    @property
    def imem(self) -> memoryview:
        n = self.params.space_bytes[Space.IMEM]
        return memoryview(self.chip)[self.map.imem : self.map.imem + n]

    def register(self, name: str) -> int:
        at = OFFSET[name]
        return int.from_bytes(self.data[at : at + 4], "little")

    def set_register(self, name: str, value: int) -> None:
        at = OFFSET[name]
        self.data[at : at + 4] = value.to_bytes(4, "little")

    # ---- what is around it -------------------------------------------------------------------
    def read_control(self, offset: int) -> int:
        return {
            Control.REQUEST: self.request,
            Control.CYCLES: self.cycles,
            Control.BUS_ERROR: self.bus_error,
            Control.WATCH: int(self.expired),
        }[Control(offset)]

    @property
    def expired(self) -> bool:
        return bool(self.watch) and self.cycles >= self.watch

    def write_control(self, offset: int, value: int) -> None:
        if offset == Control.STATE:
            self.state, self.request = value & 3, 0
        elif offset == Control.BUS_ADDRESS:
            assert value % 4 == 0
            self.bus_address, self.bus_error = value, 0
        elif offset == Control.WATCH:
            self.watch = self.cycles + value if value else 0
        elif offset == Control.LOG:
            self.log.append(value & 0xFF)

    def _beat(self, offset: int) -> int:
        at = self.bus_address
        if offset & ~3 == Bus.NEXT:
            self.bus_address += 4
        if at + 4 > len(self.bus):
            self.bus_error = 1
            return 0
        return at + offset % 4

    def read_bus(self, offset: int) -> int:
        at = self._beat(offset)
        return int.from_bytes(self.bus[at : at + 4], "little")

    def write_bus(self, offset: int, size: int, value: int) -> None:
        at = self._beat(offset)
        if not self.bus_error:
            self.bus[at : at + size] = value.to_bytes(size, "little")

    # ---- instructions ------------------------------------------------------------------------
    def run(self, program: bytes, *, watchdog: int = 0, most: int = 2_000_000) -> int:
        """A program at the start of memory, with all regions; returns ERROR_CAUSE."""
        self.bus[: len(program)] = program
        self.set_register("PROGRAM_BYTES", len(program))
        self.set_register("WATCHDOG", watchdog)
        self.set_register("PROGRAM_REGION", 7)
        self.request = Request.DOORBELL
        self.cycles = 0
        for _ in range(most):
            if not self.request:
                break
            self._step()
        assert not self.request, "the program does not end"
        return self.register("ERROR_CAUSE")

    def _step(self) -> None:
        self.cycles += 2
        if self.in_operator:
            self._step_operator()
            return
        machine = self.firmware
        word = machine.memory.fetch(machine.pc)
        if word & 0x7F == MAC_OPCODE:
            self._custom(word)
            return
        step = machine.step()
        assert step.trap is None, (hex(step.pc), step.trap)

    def _step_operator(self) -> None:
        machine = self.operator
        word, pc = machine.memory.fetch(machine.pc), machine.pc
        is_division = word & 0x7F == 0x33 and word >> 25 == DIVISION and word >> 14 & 1
        if not (self.expired or word & 0x7F == SYSTEM or is_division):
            before = list(machine.x)
            step = machine.step()
            if step.trap is None and step.next_pc < len(self.imem):
                return
            machine.x[:] = before
        self.operator_pc = pc
        self.in_operator = False
        self.firmware.pc = CODE_BASE + TRAP_VECTOR

    def _custom(self, word: int) -> None:
        machine = self.firmware
        operation, select, rd = word >> 12 & 7, word >> 25, word >> 7 & 31
        a, b = machine.x[word >> 15 & 31], machine.x[word >> 20 & 31]
        machine.pc += 4
        result = None
        if operation in (Mac.BROADCAST, Mac.EACH):
            for c in range(4):
                left = signed(a >> 8 * (c if operation == Mac.EACH else select), 8)
                self.sums[c] = self.sums[c] + left * signed(b >> 8 * c, 8) & 0xFFFFFFFF
        elif operation == Mac.READ:
            result = self.sums[select]
        elif operation == Mac.WRITE:
            self.sums[select] = a
        elif operation == Guest.ENTER:
            self.operator.pc, self.in_operator = a, True
        elif operation == Guest.GET_PC:
            result = self.operator_pc
        elif operation == Guest.GET_REGISTER:
            result = self.operator.x[a & 31]
        elif b & 31:
            self.operator.x[b & 31] = a
        if result is not None and rd:
            machine.x[rd] = result
