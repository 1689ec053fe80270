"""What the engines do, as pulses for a test bench."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.interfaces import N_ENGINES


class Trace(wiring.Component):
    """Starts and ends of commands.

    Members
    -------
    busy, ended : of each engine: EngineStatus.busy and EngineStatus.completed.
    explicit, explicit_started : engines that announce their starts themselves, and the pulses.
    started, completed : one cycle for each command; without an announcement, a command starts
        when its engine becomes busy, or stays busy after the end of another.
    """

    def __init__(self, explicit: int):
        self.explicit = explicit
        super().__init__(
            {
                "busy": In(N_ENGINES),
                "ended": In(N_ENGINES),
                "explicit_started": In(N_ENGINES),
                "started": Out(N_ENGINES),
                "completed": Out(N_ENGINES),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        was_busy, had_ended = Signal(N_ENGINES), Signal(N_ENGINES)
        implied = self.busy & (~was_busy | had_ended)
        explicit = (1 << N_ENGINES) - 1 & self.explicit
        m.d.sync += [
            was_busy.eq(self.busy),
            had_ended.eq(self.ended),
            self.started.eq((implied & ~explicit) | (self.explicit_started & explicit)),
            self.completed.eq(self.ended),
        ]
        return m
