"""Drives and watches the ports of a block under cocotb, one step a cycle for all of them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import cocotb
from amaranth.lib import data
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

PERIOD_NS = 10


class Agent(Protocol):
    """Something at the ports: drives inputs in mid-cycle, then sees what the next edge sees."""

    def drive(self) -> None: ...

    def sample(self) -> None: ...


class Bench:
    """Clock, reset and agents of one simulation.

    Every falling edge all agents drive; when the block has settled all of them sample, so that
    what they see is what counts at the next rising edge.
    """

    def __init__(self, dut: Any):
        self.dut = dut
        self.agents: list[Agent] = []
        self.cycle = 0

    def add(self, agent: Any) -> Any:
        self.agents.append(agent)
        return agent

    async def start(self, **inputs: int) -> None:
        """Start the clock, set the inputs that no agent drives, and reset the block."""
        for name, value in inputs.items():
            getattr(self.dut, name).value = value
        self.dut.rst.value = 1
        Clock(self.dut.clk, PERIOD_NS, unit="ns").start()
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        await FallingEdge(self.dut.clk)
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        while True:
            for agent in self.agents:
                agent.drive()
            await ReadOnly()
            for agent in self.agents:
                agent.sample()
            self.cycle += 1
            await FallingEdge(self.dut.clk)

    async def cycles(self, n: int) -> None:
        for _ in range(n):
            await FallingEdge(self.dut.clk)

    async def until(self, done: Callable[[], Any], what: str, limit: int = 100_000) -> None:
        """Wait until ``done()``; fails after ``limit`` cycles."""
        end = self.cycle + limit
        while not done():
            assert self.cycle < end, f"not within {limit} cycles: {what}"
            await FallingEdge(self.dut.clk)


def pauses(probability: float) -> Iterator[bool]:
    """For cocotbext-axi: pause with that probability, in runs of random length."""
    while True:
        pause = random.random() < probability
        for _ in range(random.choice((1, 1, 1, 2, 5, 12))):
            yield pause


class Watch:
    """Calls a function in every cycle after the block has settled."""

    def __init__(self, look: Callable[[], None]):
        self.look = look

    def drive(self) -> None:
        pass

    def sample(self) -> None:
        self.look()


class Source:
    """Drives a stream with the items of ``queue``; offers one with probability ``1 - pause``."""

    def __init__(self, dut: Any, prefix: str, pause: float = 0.0):
        self.valid = getattr(dut, f"{prefix}__valid")
        self.ready = getattr(dut, f"{prefix}__ready")
        self.payload = getattr(dut, f"{prefix}__payload")
        self.pause = pause
        self.queue: deque[int] = deque()
        self.taken = 0
        self.offering = False
        self.valid.value = 0
        self.payload.value = 0

    def drive(self) -> None:
        if not self.offering:
            self.offering = bool(self.queue) and random.random() >= self.pause
            self.valid.value = self.offering
            if self.offering:
                self.payload.value = self.queue[0]

    def sample(self) -> None:
        if self.offering and int(self.ready.value):
            self.queue.popleft()
            self.taken += 1
            self.offering = False

    def withdraw(self) -> None:
        """Forget all items, as a block does that is reset; call at a falling edge."""
        self.queue.clear()
        self.offering = False
        self.valid.value = 0


class Sink:
    """Takes items of a stream with probability ``1 - pause``; checks that they keep still.

    ``on_item`` is called with each item taken (an integer). ``gate``, where given, says in each
    cycle whether an item may be taken. ``meaning`` reduces an item to what must keep still.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        on_item: Callable[[int], None],
        pause: float = 0.0,
        gate: Callable[[], bool] | None = None,
        meaning: Callable[[int], object] = lambda item: item,
    ):
        self.prefix = prefix
        self.valid = getattr(dut, f"{prefix}__valid")
        self.ready = getattr(dut, f"{prefix}__ready")
        self.payload = getattr(dut, f"{prefix}__payload")
        self.on_item = on_item
        self.pause = pause
        self.gate = gate or (lambda: True)
        self.meaning = meaning
        self.is_ready = False
        self.refused: int | None = None
        self.ready.value = 0

    def drive(self) -> None:
        self.is_ready = self.gate() and random.random() >= self.pause
        self.ready.value = self.is_ready

    def sample(self) -> None:
        valid = int(self.valid.value)
        # What nobody cares about may be undefined; whoever cares must not get the same each time.
        item = int(self.payload.value.resolve("random")) if valid else None
        if self.refused is not None:
            assert item is not None, f"{self.prefix}: an item went away while it waited"
            same = self.meaning(item) == self.meaning(self.refused)
            assert same, f"{self.prefix}: an item changed while it waited"
        self.refused = item if valid and not self.is_ready else None
        if valid and self.is_ready:
            assert item is not None
            self.on_item(item)

    def forget(self) -> None:
        """An item that waits may go away, because the block is halted or reset."""
        self.refused = None


def pack(layout: data.StructLayout, **fields: Any) -> int:
    """The bits of a struct."""
    return int(layout.const(fields).as_bits())


def unpack(layout: data.StructLayout, bits: int) -> Any:
    """A struct from its bits; fields by attribute."""
    return layout.from_bits(bits)
