"""Stands for an engine that the configuration lacks: every command is an error."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import Cause, Opcode
from hw.command_port import CommandPort
from hw.interfaces import EngineStatus, command_signature, completed_layout


class AbsentEngine(wiring.Component):
    """Refuses commands with the cause ABSENT.

    Members
    -------
    commands, completed, status : see hw.interfaces.
    """

    def __init__(self, opcode: Opcode):
        self.opcode = opcode
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.port = port = CommandPort(self.opcode)
        connect(m, flipped(self.commands), port.commands)
        refused = Signal()
        m.d.sync += refused.eq(port.valid)
        m.d.comb += [
            port.completed.eq(self.completed),
            self.status.error.eq(port.valid & ~refused),
            self.status.cause.eq(Cause.ABSENT),
            self.status.busy.eq(port.valid),
        ]
        return m
