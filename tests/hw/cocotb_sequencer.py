"""cocotb: the sequencer dispatches and refuses programs exactly as arch.decode does."""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Sequence

import cocotb

from arch.decode import Decoder, ProgramError
from arch.isa import (
    CONFIG_WORDS,
    HEADER,
    WAITS,
    WORD_BYTES,
    Cause,
    Command,
    Encoder,
    Engine,
    Opcode,
)
from hw.interfaces import command_item_layout
from tests.hw.bench import Bench, Sink, Source, unpack
from tests.hw.configs import variant
from tests.hw.memory_client import ReadResponder

PARAMS = variant(os.environ["WEFT_VARIANT"])
OPCODES = {opcode.engine: opcode for opcode in Opcode if opcode.engine is not None}
REGION = 5
ROUNDS = int(os.environ["WEFT_ROUNDS"])


Plan = list[int]
"""Words that the core gives while it runs a command with ``accept``."""


def random_command(opcode: Opcode) -> Command:
    """Any configuration, without waits."""
    config: dict[str, int] = {}
    for fmt in CONFIG_WORDS[opcode]:
        config |= fmt.unpack(random.getrandbits(64))
    return Command(opcode, config)


def random_plan(spoiled: bool) -> Plan:
    """Commands of the core: good ones, or the last one is cut or not the core's to give."""
    others = [opcode for engine, opcode in OPCODES.items() if engine is not Engine.CORE]
    words = []
    for _ in range(random.choice((0, 1, 1, 3))):
        words += Encoder().encode(random_command(random.choice(others)))
    if spoiled and random.random() < 0.3:
        kind = random.choice(("core", "end", "wait", "cut", "bit"))
        command = Command(random.choice(others), {})
        if kind in ("core", "end"):
            command = Command(Opcode.CORE if kind == "core" else Opcode.END, {})
        elif kind == "wait":
            waits = random.choice(((0, 0, 1, 0), (60_000, 0, 0, 0), (0, 0, 0, 60_000)))
            command = Command(random.choice(others), {}, waits)
        last = Encoder().encode(command)
        if kind == "cut":
            last = Encoder().encode(random_command(random.choice(others)))[:-1]
        elif kind == "bit":
            last[0] ^= 1 << random.randrange(64)
        words += last
    return words


def random_program(n_commands: int, accepts: float = 0.3) -> list[list[int]]:
    """Words of the commands of a good program, END included.

    ``accepts``: how many of the core's commands do.
    """
    encoder = Encoder()
    configs = {opcode: {} for opcode in OPCODES.values()}
    counts = [0] * len(Engine)
    commands = []
    for _ in range(n_commands):
        opcode = random.choice(list(OPCODES.values()))
        for fmt in CONFIG_WORDS[opcode]:
            if random.random() < 0.4:
                configs[opcode] |= fmt.unpack(random.getrandbits(64))
        if opcode is Opcode.CORE:
            configs[opcode]["accept"] = int(random.random() < accepts)
        waits = tuple(random.randint(0, count) for count in counts)
        commands.append(encoder.encode(Command(opcode, dict(configs[opcode]), waits)))
        counts[opcode.engine] += 1
    waits = tuple(random.randint(0, count) for count in counts)
    commands.append(encoder.encode(Command(Opcode.END, {}, waits)))
    return commands


def spoil(commands: list[list[int]]) -> list[int]:
    """Break a program at a random place in one of the ways that a sequencer must notice."""
    command = random.choice(commands)
    kind = random.choice(("bit", "opcode", "words", "mask", "wait", "cut", "word", "none"))
    if kind == "bit":
        command[random.randrange(2)] ^= 1 << random.randrange(64)
    elif kind in ("opcode", "words", "mask"):
        fields = HEADER.unpack(command[0])
        field = HEADER["opcode" if kind == "opcode" else kind]
        fields[field.name] = random.getrandbits(field.width)
        command[0] = HEADER.pack(fields)
    elif kind == "wait":
        waits = WAITS.unpack(command[1])
        waits[random.choice(list(waits))] += random.choice((1, 2, 1000))
        command[1] = WAITS.pack({name: min(value, 0xFFFF) for name, value in waits.items()})
    elif kind == "word":
        command.append(random.getrandbits(64))
    words = [word for words in commands for word in words]
    return words[: random.randrange(len(words) + 1)] if kind == "cut" else words


def engines_of(plan: Plan) -> list[int]:
    """How many commands a good plan has for each engine."""
    counts, position = [0] * len(Engine), 0
    while position < len(plan):
        header = HEADER.unpack(plan[position])
        counts[header["opcode"] & 3] += 1
        position += 2 + header["words"]
    return counts


class EngineStub:
    """Takes an engine's commands as a CommandPort does and completes them in order, later."""

    def __init__(self, dut, engine: Engine, slow: float, plans: Sequence[Plan] = ()):
        self.engine, self.slow = engine, slow
        self.plans = deque(plans)
        self.n_given = [0] * len(Engine)
        self.given: Source | None = Source(dut, "given", 0.3) if engine is Engine.CORE else None
        self.opcode = OPCODES[engine]
        self.sink = Sink(dut, f"commands__{engine.value}", self.take, gate=lambda: not self.busy)
        self.busy = 0
        self.words = [0] * len(CONFIG_WORDS[self.opcode])
        self.waits: tuple[int, ...] = ()
        self.taken: list[Command] = []
        self.open: deque[int] = deque()
        self.completes = False
        self.layout = command_item_layout()

    def take(self, bits: int) -> None:
        item = unpack(self.layout, bits)
        if item.is_waits:
            self.waits = tuple(WAITS.unpack(item.word).values())
        else:
            self.words[item.index] = item.word
        if item.last:
            config: dict[str, int] = {}
            for fmt, word in zip(CONFIG_WORDS[self.opcode], self.words, strict=True):
                config |= fmt.unpack(word)
            self.taken.append(Command(self.opcode, config, self.waits))
            if config.get("accept"):
                assert self.given is not None
                plan = self.plans.popleft() if self.plans else []
                self.given.queue.extend(plan)
                self.n_given = [a + b for a, b in zip(self.n_given, engines_of(plan), strict=True)]
            self.busy = 1 + int(random.expovariate(1) * self.slow)
            self.open.append(self.busy + int(random.expovariate(1) * self.slow))

    def drive(self) -> None:
        if self.given is not None:
            self.given.drive()
        gives = self.given is not None and (self.given.queue or self.given.offering)
        self.completes = bool(self.open) and self.open[0] <= 0 and not gives
        if self.completes:
            self.open.popleft()
        self.sink.drive()

    def sample(self) -> None:
        self.busy = max(0, self.busy - 1)
        if self.open:
            self.open[0] -= 1
        self.sink.sample()
        if self.given is not None:
            self.given.sample()


class System:
    """The sequencer with its memory and four engines; checks the counts in every cycle."""

    def __init__(
        self,
        dut,
        program: bytes,
        offset: int = 0,
        slow: float = 0.0,
        plans: Sequence[Plan] = (),
        **memory,
    ):
        self.dut = dut
        self.bench = Bench(dut)
        image = bytes(random.getrandbits(8) for _ in range(offset)) + program + bytes(64)
        self.fetch = self.bench.add(ReadResponder(dut, "fetch", PARAMS, image, **memory))
        self.engines = [self.bench.add(EngineStub(dut, e, slow, plans)) for e in Engine]
        self.bench.add(self)
        self.completed = [0] * len(Engine)
        self.ended = ""
        self.all_completed = False
        self.first_cycle = self.last_cycle = 0
        self.offset, self.n_bytes = offset, len(program)

    async def run(self, limit: int = 200_000) -> None:
        await self.bench.start(
            run=0, region=REGION, offset=self.offset, n_bytes=self.n_bytes, engine_completed=0
        )
        self.first_cycle = self.bench.cycle
        self.dut.run.value = 1
        await self.bench.until(lambda: self.ended, "the program ends", limit)
        await self.bench.cycles(50)

    def was_given_last(self) -> bool:
        """Whether the program was refused and the core's last command accepts commands."""
        taken = self.engines[Engine.CORE].taken
        return self.ended == "error" and bool(taken) and bool(taken[-1].config["accept"])

    def of_program(self) -> list[int]:
        """Commands that engines have taken, without those of the core."""
        n_given = self.engines[Engine.CORE].n_given
        return [len(e.taken) - n for e, n in zip(self.engines, n_given, strict=True)]

    def drive(self) -> None:
        bits = sum(engine.completes << e for e, engine in enumerate(self.engines))
        self.dut.engine_completed.value = bits

    def sample(self) -> None:
        d = self.dut
        counts = int(d.completed.value)
        seen = [counts >> 16 * e & 0xFFFF for e in range(4)]
        if seen != self.completed:  # what the core gave is over, and counts are set back
            self.completed = self.of_program()
            assert seen == self.completed
        done, error = int(d.done.value), int(d.error.value)
        if done or error:
            assert not self.ended, "ends twice"
            self.all_completed = self.completed == self.of_program()
            self.ended = "done" if done else "error"
            self.last_cycle = self.bench.cycle
            self.report = [int(x.value) for x in (d.cause, d.dispatched, d.address, d.info)]
        for e, engine in enumerate(self.engines):
            self.completed[e] += engine.completes
        if int(self.fetch.beats.valid.value):
            assert int(self.fetch.beats_ready.value), "the fetch holds up the bus"


def take_given(decoder: Decoder, plan: Plan, commands: list[list[Command]]) -> None:
    """Add what the core gives while it runs one command."""
    words: list[int] = []
    for word in plan:
        words.append(word)
        given = decoder.given(words)
        if given is not None:
            commands[given[0]].append(given[1])
            words = []
    if words:
        raise decoder.fail(Cause.LENGTH)


def expect(
    program: bytes, plans: Sequence[Plan] = ()
) -> tuple[list[list[Command]], ProgramError | None]:
    """What arch.decode makes of a program: commands of each engine, and the error."""
    commands: list[list[Command]] = [[] for _ in Engine]
    left, decoder = deque(plans), Decoder()
    try:
        for engine, command in decoder.commands(program):
            commands[engine].append(command)
            before = list(decoder.dispatched)
            if not (engine is Engine.CORE and command.config["accept"]):
                continue
            take_given(decoder, left.popleft() if left else [], commands)
            decoder.set_back(before)
    except ProgramError as error:
        return commands, error
    return commands, None


def compare(system: System, program: bytes, plans: Sequence[Plan] = ()) -> Cause:
    """Fail unless the sequencer did what arch.decode says; the cause, for statistics."""
    commands, error = expect(program, plans)
    for e, engine in enumerate(system.engines):
        assert engine.taken == commands[e], f"{engine.engine.name}: other commands"
    # What the core gave is refused at once; else all that came before is complete first.
    assert system.all_completed or system.was_given_last()
    if error is None:
        assert system.ended == "done"
        return Cause.NONE
    assert system.ended == "error"
    assert system.report == [error.cause, error.command & 0xFFFF, 0, 0]
    return error.cause


def to_bytes(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(WORD_BYTES, "little") for word in words)


@cocotb.test()
@cocotb.parametrize(spoiled=[False, True], index=list(range(ROUNDS)))
async def random_programs_are_dispatched_or_refused_as_decoded(dut, spoiled, index):
    """Good programs and broken ones, with random memory latency and slow engines."""
    commands = random_program(random.choice((0, 1, 5, 40, 120)))
    words = spoil(commands) if spoiled else [word for words in commands for word in words]
    program = to_bytes(words)
    if spoiled and random.random() < 0.2:
        program = program[: max(0, len(program) - random.randrange(8))]
    latency = random.choice((1, 8, 60))
    has_core = PARAMS.config.has_core
    plans = [random_plan(spoiled) for _ in range(len(words) if has_core else 0)]
    system = System(
        dut,
        program,
        plans=plans,
        offset=8 * random.randrange(40),
        slow=random.choice((0, 3, 30)),
        latency=lambda: 1 + random.randrange(latency),
        pause=random.choice((0.0, 0.5)),
    )
    await system.run()
    if system.was_given_last():
        await system.bench.cycles(2000)  # what the core gave may still wait for its engine
    cause = compare(system, program, plans)
    dut._log.info("%d words: %s", len(words), cause.name)
    assert all(region == REGION for region, _, _ in system.fetch.requests)
    assert all(
        system.offset <= offset and offset + length <= system.offset + len(program) // 8 * 8
        for _, offset, length in system.fetch.requests
    ), "asks for bytes outside the program"


@cocotb.test()
@cocotb.parametrize(cause=[Cause.REGION, Cause.BUS], index=list(range(ROUNDS)))
async def a_program_that_cannot_be_read_stops_where_it_ends(dut, cause, index):
    """Commands before the fault are dispatched; a fault behind END does not matter."""
    words = [word for words in random_program(60) for word in words]
    program = to_bytes(words) + bytes(8 * random.randrange(60))
    offset = 8 * random.randrange(20)
    limit = offset + 8 * random.randrange(len(program) // 8 + 1)

    def fault(first: int, length: int) -> Cause:
        return cause if first + length > limit else Cause.NONE

    system = System(dut, program, offset=offset, slow=4, fault=fault)
    await system.run()
    refused = [first for _, first, length in system.fetch.requests if first + length > limit]
    readable = program[: refused[0] - offset] if refused else program
    commands, error = expect(readable)
    for e, engine in enumerate(system.engines):
        # Part of a command may have gone to its queue; a whole one may not be missing.
        assert engine.taken == commands[e]
    if error is None:
        assert system.ended == "done"
    else:
        assert system.ended == "error"
        assert system.report == [cause, error.command, refused[0], REGION]


@cocotb.test()
async def a_word_is_dispatched_each_cycle(dut):
    """Memory and engines without delay: as many cycles as words, a few more for the start.

    A command of two words, whose waits are its last item, takes a cycle more.
    """
    commands = random_program(400, accepts=0)
    words = [word for words in commands for word in words]
    n_bare = sum(len(words) == 2 for words in commands)
    system = System(dut, to_bytes(words), latency=lambda: 1)
    for engine in system.engines:
        engine.sink.gate = lambda: True
    await system.run()
    compare(system, to_bytes(words))
    per_word = max(1, WORD_BYTES // PARAMS.axi_bytes)
    cycles = system.last_cycle - system.first_cycle
    dut._log.info("%d words in %d cycles", len(words), cycles)
    assert cycles <= len(words) * per_word + n_bare + 40


@cocotb.test(skip=os.environ["WEFT_LONG"] != "1")
async def an_engine_counts_to_65535_and_no_further(dut):
    """The command that would overflow the count is refused."""
    header = HEADER.pack({"opcode": Opcode.CORE, "words": 0, "mask": 0})
    program = to_bytes([header, 0] * 65540)
    system = System(dut, program, latency=lambda: 1)
    await system.run(limit=1_000_000)
    assert compare(system, program) is Cause.LENGTH
    assert len(system.engines[Engine.CORE].taken) == 65535
