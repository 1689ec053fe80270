"""cocotb tests of the accumulator; two of them fail when the environment asks for it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge


async def reset(dut) -> None:
    Clock(dut.clk, 10, "ns").start()
    dut.rst.value = 1
    dut.i__valid.value = 0
    dut.o__ready.value = 0
    await RisingEdge(dut.clk)
    await FallingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def sums_follow_python(dut):
    """Random items with random pauses give the running sum."""
    await reset(dut)
    expected, seen, total = [], [], 0
    while len(seen) < 100:
        dut.i__valid.value = random.random() < 0.7
        item = random.randrange(-128, 128)
        dut.i__payload.value = item & 0xFF
        dut.o__ready.value = random.random() < 0.7
        await RisingEdge(dut.clk)
        if dut.i__valid.value == 1 and dut.i__ready.value == 1:
            total += item
            expected.append(total)
        if dut.o__valid.value == 1 and dut.o__ready.value == 1:
            seen.append(dut.o__payload.value.to_signed())
        await FallingEdge(dut.clk)
    assert seen == expected[: len(seen)]


@cocotb.test()
async def fails_when_asked(dut):
    await reset(dut)
    Path(os.environ["SEED_FILE"]).write_text(str(random.randrange(1 << 30)))
    assert os.environ.get("WRONG") != "1", "asked to fail"
