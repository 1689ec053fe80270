"""The core engine: executes CORE commands on the RISC-V core; only wires."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import WORD_BYTES
from arch.params import Params
from hw.core.core_bus import CoreBus
from hw.core.cpu import Cpu
from hw.core.mailbox import Mailbox
from hw.core.memories import CoreMemories
from hw.core.options import CpuOptions
from hw.interfaces import (
    ChunkRead,
    EngineStatus,
    ReadRequest,
    WriteRequest,
    chip_write_layout,
    command_signature,
    completed_layout,
)
from hw.scratchpad import CORE_BYTES, chunk_store_layout


class CoreEngine(wiring.Component):
    """The core with its memories, its ways to the others, and its end of the command stream.

    What the core sees at which address is in arch.memory_map; its accesses are in
    :class:`hw.core.core_bus.CoreBus`, the commands in :class:`hw.core.mailbox.Mailbox`.

    Members
    -------
    commands, completed, status, given, dispatched : see :class:`hw.core.mailbox.Mailbox`.
    writes : chunks for IMEM and DMEM from the load engine.
    scratchpad_read, scratchpad_write : the core's ports of the scratchpad.
    external_read, external_write : external memory.
    watchdog_cycles : cycles that a command may take; 0: no limit.
    log_valid, log_byte : a byte for the host's log, for one cycle, without back pressure.
    pc : address of an instruction under way.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "given": Out(stream.Signature(8 * WORD_BYTES)),
                "dispatched": In(completed_layout()),
                "writes": In(stream.Signature(chip_write_layout(params))),
                "scratchpad_read": Out(ChunkRead(CORE_BYTES)),
                "scratchpad_write": Out(stream.Signature(chunk_store_layout(params, CORE_BYTES))),
                "external_read": Out(ReadRequest(params)),
                "external_write": Out(WriteRequest(params)),
                "watchdog_cycles": In(32),
                "log_valid": Out(1),
                "log_byte": Out(8),
                "pc": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        assert self.params.config.core != "none"
        cpu = Cpu(CpuOptions.of(self.params.config.core))
        m.submodules.memories = memories = CoreMemories(self.params)
        m.submodules.bus = bus = CoreBus(self.params)
        m.submodules.mailbox = mailbox = Mailbox()
        m.submodules.cpu = ResetInserter(mailbox.core_reset)(cpu)
        connect(m, cpu.ibus, memories.fetch)
        connect(m, cpu.dbus, bus.core)
        connect(m, cpu.trap, mailbox.trap)
        connect(m, bus.memory, memories.data)
        connect(m, bus.mailbox, mailbox.access)
        connect(m, flipped(self.commands), mailbox.commands)
        connect(m, flipped(self.writes), memories.writes)
        for name in ("scratchpad_read", "scratchpad_write", "external_read", "external_write"):
            connect(m, getattr(bus, name), flipped(getattr(self, name)))
        connect(m, mailbox.status, flipped(self.status))
        connect(m, mailbox.given, flipped(self.given))
        m.d.comb += [
            mailbox.completed.eq(self.completed),
            mailbox.dispatched.eq(self.dispatched),
            mailbox.watchdog_cycles.eq(self.watchdog_cycles),
            mailbox.pc.eq(cpu.pc),
            mailbox.bus_idle.eq(bus.idle),
            cpu.reset_vector.eq(mailbox.reset_vector),
            bus.cancel.eq(mailbox.core_reset),
            bus.memory_taken.eq(memories.taken),
            memories.exclusive.eq(mailbox.core_reset),
            self.log_valid.eq(mailbox.log_valid),
            self.log_byte.eq(mailbox.log_byte),
            self.pc.eq(cpu.pc),
        ]
        return m
