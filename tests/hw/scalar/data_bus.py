"""What answers the loads and stores of the scalar datapath's processor in simulation."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator


async def serve(
    ctx: Any,
    bus: Any,
    rng: random.Random,
    find: Callable[[int], tuple[bytearray, int]],
    waits: Sequence[int] = (0,),
) -> None:
    """A cycle without an access, or an access and its answer.

    ``find`` gives the memory of an address, and where in it that is; ``waits`` : cycles, one of
    which passes before the answer.
    """
    ready = rng.random() < 0.7
    ctx.set(bus.ready, ready)
    if not (ready and ctx.get(bus.valid)):
        await ctx.tick()
        return
    address = ctx.get(bus.address)
    memory, at = find(address & ~3)
    strobe, data = ctx.get(bus.strobe), ctx.get(bus.wdata).to_bytes(4, "little")
    assert 0 <= at < len(memory), hex(address)
    assert bool(strobe) == ctx.get(bus.write)
    for byte in range(4):
        if strobe >> byte & 1:
            memory[at + byte] = data[byte]
    await ctx.tick()
    ctx.set(bus.ready, 0)
    for _ in range(rng.choice(waits)):
        await ctx.tick()
    ctx.set(bus.done, 1)
    ctx.set(bus.rdata, int.from_bytes(memory[at : at + 4], "little"))
    await ctx.tick()
    ctx.set(bus.done, 0)


def simulate(bench: Elaboratable, testbench: Callable[[Any], Any]) -> None:
    """Runs a test bench to its end."""
    simulator = Simulator(bench)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
