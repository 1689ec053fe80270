"""The life of a program: doorbell, running, coming to rest, and the first error."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.isa import COUNT_BITS, Cause
from arch.registers import SEQUENCER, State
from hw.interfaces import N_ENGINES, EngineStatus, completed_layout

SETTLE_CYCLES = 4  # from ``halt`` until ``quiet`` shows what it led to


class Supervisor(wiring.Component):
    """Starts and stops programs; remembers how the last one ended.

    Members
    -------
    doorbell : one cycle: start a program; ignored unless at rest.
    soft_reset : one cycle: stop and forget.
    start : one cycle: engines and sequencer are reset; after a doorbell and after a soft reset.
    run : the program may run. ``halt`` is its complement; both are registers.
    quiet : no transaction is outstanding on the bus.
    statuses : the engines. ``sequencer`` : likewise; its ``completed`` ends the program well.
    completed, dispatched : commands, as the sequencer counts them.
    active : from doorbell or soft reset until rest.
    state : arch.registers.State.
    ended_well, ended_badly : one cycle in which the program comes to rest.
    cause, engine, command, address, info : the first error of the program; cause 0 if none.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "doorbell": In(1),
                "soft_reset": In(1),
                "start": Out(1),
                "run": Out(1),
                "halt": Out(1, init=1),
                "quiet": In(1),
                "statuses": In(EngineStatus()).array(N_ENGINES),
                "sequencer": In(EngineStatus()),
                "completed": In(completed_layout()),
                "dispatched": In(COUNT_BITS),
                "active": Out(1),
                "state": Out(2),
                "ended_well": Out(1),
                "ended_badly": Out(1),
                "cause": Out(4),
                "engine": Out(4),
                "command": Out(COUNT_BITS),
                "address": Out(32),
                "info": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        rest_state = Signal(2, init=State.IDLE)  # what STATUS shows at rest
        forget, was_running = Signal(), Signal()
        settle = Signal(range(SETTLE_CYCLES + 1))
        m.d.comb += self.state.eq(Mux(self.active, State.RUNNING, rest_state))

        m.d.sync += self.start.eq(0)
        with m.FSM() as phase:
            m.d.comb += self.active.eq(~phase.ongoing("REST"))
            with m.State("REST"):
                m.d.sync += [forget.eq(0), was_running.eq(0), settle.eq(0)]
                with m.If(self.soft_reset):
                    m.next = "STOP"
                with m.Elif(self.doorbell):
                    m.d.sync += self.start.eq(1)
                    m.next = "START"
            with m.State("START"):
                m.d.sync += was_running.eq(1)
                self._note(m, Cause.NONE, 0, 0)
                with m.If(~self.soft_reset):
                    m.d.sync += [self.run.eq(1), self.halt.eq(0)]
                    m.next = "RUN"
                with m.Else():
                    m.next = "STOP"
            with m.State("RUN"):
                failed = self._capture(m)
                with m.If(failed | self.sequencer.completed | self.soft_reset):
                    m.d.sync += [self.run.eq(0), self.halt.eq(1)]
                    m.next = "STOP"
            with m.State("STOP"):
                with m.If(settle != SETTLE_CYCLES):
                    m.d.sync += settle.eq(settle + 1)
                with m.Elif(self.quiet):
                    self._rest(m, rest_state, forget | self.soft_reset, was_running)
                    m.next = "REST"
                with m.If((settle == 0) & (self.cause != Cause.NONE)):
                    # Now the counts include what was completed in the cycle of the error.
                    self._name_command(m)
        with m.If(self.soft_reset):
            m.d.sync += forget.eq(1)
        return m

    def _capture(self, m: Module) -> Signal:
        """Keep the error of the engine with the lowest number; true if there is one."""
        found = Signal()
        sources = [*enumerate(self.statuses), (SEQUENCER, self.sequencer)]
        for engine, status in reversed(sources):
            with m.If(status.error):
                m.d.comb += found.eq(1)
                m.d.sync += [
                    self.cause.eq(status.cause),
                    self.engine.eq(engine),
                    self.address.eq(status.address),
                    self.info.eq(status.info),
                ]
        return found

    def _name_command(self, m: Module) -> None:
        m.d.sync += self.command.eq(self.dispatched)
        for engine in range(N_ENGINES):
            with m.If(self.engine == engine):
                m.d.sync += self.command.eq(self.completed[engine])

    def _note(self, m: Module, cause: Cause, engine: int, command: Signal | int) -> None:
        """An end that no engine reported."""
        m.d.sync += [
            self.cause.eq(cause),
            self.engine.eq(engine),
            self.command.eq(command),
            self.address.eq(0),
            self.info.eq(0),
        ]

    def _rest(self, m: Module, rest_state: Signal, forget: Signal, was_running: Signal) -> None:
        """Leave the state and the error that the host will find."""
        with m.If(forget):
            m.d.comb += self.ended_badly.eq(was_running)
            m.d.sync += [self.start.eq(1), rest_state.eq(State.IDLE)]
            with m.If(was_running):
                self._note(m, Cause.ABORTED, SEQUENCER, self.dispatched)
            with m.Else():
                self._note(m, Cause.NONE, 0, 0)
        with m.Elif(self.cause != Cause.NONE):
            m.d.comb += self.ended_badly.eq(1)
            m.d.sync += rest_state.eq(State.ERROR)
        with m.Else():
            m.d.comb += self.ended_well.eq(1)
            m.d.sync += rest_state.eq(State.DONE)
