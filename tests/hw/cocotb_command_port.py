"""cocotb: a command port shows each command's configuration and whether its waits are met."""

from __future__ import annotations

import os
import random

import cocotb

from arch.isa import CONFIG_WORDS, Command, Encoder, Opcode
from hw.command_port import config_layout
from hw.interfaces import N_ENGINES
from tests.hw.bench import Bench, Source, Watch, unpack
from tests.hw.dma_commands import items_of

OPCODE = Opcode[os.environ["WEFT_OPCODE"]]


def random_command(before: dict[str, int]) -> Command:
    """Some words differ from the last command's, in random bits."""
    config = dict(before)
    for fmt in CONFIG_WORDS[OPCODE]:
        if random.random() < 0.5:
            config |= fmt.unpack(random.getrandbits(64))
    waits = tuple(random.choice((0, 1, 5, 300, 0xFFFF)) for _ in range(N_ENGINES))
    return Command(OPCODE, config, waits)


class Engine:
    """Holds each command for a random time and compares it with what was sent."""

    def __init__(self, dut, commands: list[Command]):
        self.dut, self.expected = dut, list(commands)
        self.layout = config_layout(OPCODE)
        self.completed = [0] * N_ENGINES
        self.seen_completed = [0] * N_ENGINES
        self.hold = 0

    def drive(self) -> None:
        for e in range(N_ENGINES):
            if random.random() < 0.1:
                self.completed[e] = min(0xFFFF, self.completed[e] + random.choice((1, 1, 200)))
        counts = sum(count << 16 * e for e, count in enumerate(self.completed))
        self.dut.completed.value = counts
        if not self.hold:
            self.hold = random.choice((1, 1, 2, 9))
        self.dut.ready.value = self.hold == 1

    def sample(self) -> None:
        if int(self.dut.valid.value):
            command = self.expected[0]
            config = unpack(self.layout, int(self.dut.config.value))
            found = {name: getattr(config, name) for name in command.config}
            assert found == command.config
            met = int(self.dut.met.value)
            for e, wait in enumerate(command.waits):
                assert met >> e & 1 == (self.seen_completed[e] >= wait), f"engine {e}"
            self.hold -= 1
            if self.hold == 0:
                self.expected.pop(0)
        self.seen_completed = list(self.completed)


@cocotb.test()
async def commands_come_out_as_they_were_encoded(dut):
    """Words left out keep their value; waits are compared one cycle late, never early."""
    bench = Bench(dut)
    config = {field.name: 0 for fmt in CONFIG_WORDS[OPCODE] for field in fmt.fields}
    encoder, commands, items = Encoder(), [], []
    for _ in range(300):
        command = random_command(config)
        config = dict(command.config)
        commands.append(command)
        items += items_of(encoder.encode(command))
    source = bench.add(Source(dut, "commands", pause=0.3))
    source.queue.extend(items)
    engine = bench.add(Engine(dut, commands))
    await bench.start(completed=0, ready=0)
    await bench.until(lambda: not engine.expected, "all commands")
    assert not source.queue


@cocotb.test()
async def an_idle_engine_sees_a_command_two_cycles_after_its_last_item(dut):
    bench = Bench(dut)
    source = bench.add(Source(dut, "commands"))
    seen: list[int] = []
    bench.add(Watch(lambda: seen.append(int(dut.valid.value))))
    await bench.start(completed=0, ready=0)
    source.queue.extend(items_of(Encoder().encode(Command(OPCODE, {}))))
    await bench.until(lambda: source.taken == 1, "the item is taken")
    first = bench.cycle
    await bench.until(lambda: seen[-1], "valid")
    assert bench.cycle - first == 2
