"""Compares what the core did, instruction by instruction, with the instruction-set simulator."""

from __future__ import annotations

from arch.riscv import EXTERNAL_INTERRUPT, Csr
from sim.riscv import AccessFault, Machine, Memory, Step
from tests.core.simulate import (
    DEVICE_BASE,
    DEVICE_BYTES,
    DMEM_BASE,
    IMEM_BASE,
    MEMORY_BYTES,
    Image,
    Record,
    Run,
)

_CYCLES = {Csr.MCYCLE, Csr.CYCLE, Csr.TIME}
_CYCLES_HIGH = {Csr.MCYCLEH, Csr.CYCLEH, Csr.TIMEH}


class HarnessMemory(Memory):
    """The harness's memories: code cannot be stored to, the devices cannot be loaded from."""

    def __init__(self, image: Image):
        imem, dmem = bytearray(MEMORY_BYTES), bytearray(MEMORY_BYTES)
        super().__init__([(IMEM_BASE, imem), (DMEM_BASE, dmem)])
        for address, data in image:
            region, base = (imem, IMEM_BASE) if address < DMEM_BASE else (dmem, DMEM_BASE)
            region[address - base : address - base + len(data)] = data

    def store(self, address: int, size: int, value: int) -> None:
        if DEVICE_BASE <= address < DEVICE_BASE + DEVICE_BYTES:
            return
        if IMEM_BASE <= address < IMEM_BASE + MEMORY_BYTES:
            raise AccessFault
        super().store(address, size, value)


def compare(run: Run, image: Image, extensions: frozenset[str] = frozenset()) -> int:
    """Assert that every record is what the simulator does; return how many there were."""
    machine = Machine(HarnessMemory(image), extensions=extensions)
    count = 0
    previous: Step | None = None
    for record in run.records():
        if record.first_of_handler and (previous is None or previous.trap is None):
            _interrupt(machine, record)
        _tell_time(machine, record)
        step = machine.step()
        count += 1
        _compare(record, step, previous, count)
        previous = step
    return count


def _interrupt(machine: Machine, record: Record) -> None:
    where = f"handler entered at {record.pc:#x} in place of {machine.pc:#x}"
    assert machine.interrupt_enabled, f"{where}, and interrupts are off"
    machine.interrupt()


def _tell_time(machine: Machine, record: Record) -> None:
    """What only the hardware knows: cycles and the interrupt line."""
    number = record.insn >> 20
    if record.insn & 0x7F != 0x73 or not record.insn >> 12 & 3 or record.trap:
        return
    if number in _CYCLES:
        machine.cycle = machine.cycle & ~0xFFFFFFFF | record.rd_data
    if number in _CYCLES_HIGH:
        machine.cycle = machine.cycle & 0xFFFFFFFF | record.rd_data << 32
    if number == Csr.MIP:
        machine.irq = bool(record.rd_data >> EXTERNAL_INTERRUPT & 1)


def _compare(record: Record, step: Step, previous: Step | None, count: int) -> None:
    seen = (record.trap, record.pc, record.rd, record.rd_data, record.pc_next)
    expected = (step.trap is not None, step.pc, step.rd, step.value, step.next_pc)
    where = f"instruction {count}, pc {step.pc:#x}, insn {step.insn:#010x} ({step.trap})"
    if step.trap is None or step.insn:
        assert record.insn == step.insn, f"{where}: fetched {record.insn:#010x}"
    assert seen == expected, f"{where}: {_hex(seen)} instead of {_hex(expected)}"
    kind, address, size, value = step.access
    lanes = ((1 << size) - 1) << (address & 3)
    read_mask, write_mask = record.masks & 15, record.masks >> 4
    assert read_mask == (lanes if kind == "load" else 0), f"{where}: lanes read {read_mask:#x}"
    assert write_mask == (lanes if kind == "store" else 0), f"{where}: lanes {write_mask:#x}"
    if kind:
        assert record.address == address & ~3, f"{where}: address {record.address:#x}"
        word = record.rdata if kind == "load" else record.wdata
        data = word >> 8 * (address & 3) & ((1 << 8 * size) - 1)
        assert data == value, f"{where}: {kind} of {data:#x} instead of {value:#x}"
    if previous is not None and previous.trap is not None:
        assert record.first_of_handler, f"{where}: not marked as a handler's first"


def _hex(values: tuple[object, ...]) -> str:
    return ", ".join(hex(v) if isinstance(v, int) else str(v) for v in values)
