"""cocotb: random array commands equal the functional model."""

from __future__ import annotations

import os
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from arch.isa import Command, Encoder, Engine, Opcode, initial_config
from sim.model import FunctionalModel
from tests.array_commands import ArrayCommands
from tests.hw.array_bench import shape_params

N_COMMANDS = int(os.environ.get("WEFT_COMMANDS", "120"))


class Bench:
    """Drives the ports of ArrayBench; all inputs change at the falling edge."""

    def __init__(self, dut, params):
        self.dut, self.p = dut, params

    async def start(self) -> None:
        Clock(self.dut.clk, 10, unit="ns").start()
        for name in (
            "commands__valid",
            "load_write__valid",
            "weight_write__valid",
            "store_read__request__valid",
            "completed",
            "rst",
        ):
            getattr(self.dut, name).value = 0
        if self.p.config.elementwise:
            self.dut.table_write__valid.value = 0
        self.dut.rst.value = 1
        await FallingEdge(self.dut.clk)
        await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def put(self, port: str, payload: dict[str, int]) -> None:
        """Hand over one item of a stream."""
        d = self.dut
        value, lsb = 0, 0
        for item, width in payload.values():
            value |= (item & ((1 << width) - 1)) << lsb
            lsb += width
        getattr(d, f"{port}__payload").value = value
        getattr(d, f"{port}__valid").value = 1
        for _ in range(100_000):
            await RisingEdge(d.clk)
            taken = int(getattr(d, f"{port}__ready").value)
            await FallingEdge(d.clk)
            if taken:
                break
        else:
            raise AssertionError(f"hangs: {port} is never ready")
        getattr(d, f"{port}__valid").value = 0

    async def fill(self, port: str, data: np.ndarray, chunk_bits: int) -> None:
        n = self.p.axi_bytes
        for i in range(0, len(data), n):
            raw = int.from_bytes(data[i : i + n].tobytes(), "little")
            await self.put(
                port,
                {
                    "chunk": (i // n, chunk_bits),
                    "data": (raw, 8 * n),
                    "mask": (-1, n),
                },
            )

    async def read_back(self) -> np.ndarray:
        d, n = self.dut, self.p.axi_bytes
        out = bytearray()
        for i in range(self.p.scratchpad_bytes // n):
            d.store_read__request__payload.value = i
            d.store_read__request__valid.value = 1
            await FallingEdge(d.clk)
            d.store_read__request__valid.value = 0
            while not int(d.store_read__valid.value):
                await FallingEdge(d.clk)
            out += int(d.store_read__data.value).to_bytes(n, "little")
        return np.frombuffer(bytes(out), np.uint8)


@cocotb.test()
async def random_commands_equal_the_model(dut):
    p = shape_params(os.environ["WEFT_SHAPE"])
    rng = random.Random(random.randrange(1 << 30))
    bench = Bench(dut, p)
    await bench.start()
    model = FunctionalModel(p)
    n_rounds, done = 4, 0
    sp_bits = (p.scratchpad_bytes // p.axi_bytes - 1).bit_length()
    wm_bits = 24 - (p.axi_bytes - 1).bit_length()
    completed = 0

    async def count() -> None:
        nonlocal completed
        while True:
            await FallingEdge(dut.clk)
            if int(dut.status__completed.value):
                completed += 1
                dut.completed.value = completed << 16
            assert not int(dut.status__error.value), f"error, cause {int(dut.status__cause.value)}"

    cocotb.start_soon(count())
    encoder = Encoder()
    issued = 0
    for _ in range(n_rounds):
        memories = model.memories
        memories.scratchpad[:] = np.frombuffer(rng.randbytes(p.scratchpad_bytes), np.uint8)
        commands = []
        maker = ArrayCommands(rng, p, memories.weights)
        memories.tables[:] = np.frombuffer(rng.randbytes(len(memories.tables)), np.uint8)
        # Weights of all commands of a group must fit the ring at once.
        while len(commands) < N_COMMANDS // n_rounds:
            before, weights = maker.ring, memories.weights.copy()
            commands.append(maker.command())
            if maker.ring < before:  # it wrote over what the ones before it read
                commands.pop()
                memories.weights[:] = weights
                break
            if maker.ring > p.weight_words * 3 // 4:
                break
        if not commands:
            continue
        await bench.fill("load_write", memories.scratchpad, sp_bits)
        await bench.fill("weight_write", memories.weights, wm_bits)
        if p.config.elementwise:
            await bench.fill("table_write", memories.tables, wm_bits)
        base = issued
        for command in commands:
            waits = list(command.waits)
            waits[1] += base if waits[1] else 0
            words = encoder.encode(Command(command.opcode, command.config, tuple(waits)))
            header, wait_word, body = words[0], words[1], words[2:]
            mask = header >> 16 & 0xFFFF
            indices = [i for i in range(16) if mask >> i & 1]
            items = [(wait_word, 0, 1)] + [(w, i, 0) for w, i in zip(body, indices, strict=True)]
            for k, (word, index, is_waits) in enumerate(items):
                await bench.put(
                    "commands",
                    {
                        "word": (word, 64),
                        "index": (index, 4),
                        "is_waits": (is_waits, 1),
                        "last": (int(k == len(items) - 1), 1),
                    },
                )
            issued += 1
        for _ in range(200_000):
            if completed == issued:
                break
            await FallingEdge(dut.clk)
        assert completed == issued, f"hangs: {completed} of {issued} commands completed"
        owners = np.full(p.scratchpad_bytes, -1)
        defaults = initial_config(Opcode.ARRAY)
        for i, command in enumerate(commands):
            before = memories.scratchpad.copy()
            model.execute(Engine.ARRAY, Command(command.opcode, defaults | command.config))
            owners[before != memories.scratchpad] = i
        done += len(commands)
        got = await bench.read_back()
        bad = np.nonzero(got != memories.scratchpad)[0]
        if len(bad):
            where = int(bad[0])
            raise AssertionError(
                f"{len(bad)} bytes differ, first at {where:#x}: "
                f"{got[where]:#x} in Verilog, {memories.scratchpad[where]:#x} in the model; "
                f"last changed by command {owners[where]} of {len(commands)}: "
                f"{commands[owners[where]]}"
            )
    dut._log.info(f"{done} commands compared")
    assert done >= n_rounds
