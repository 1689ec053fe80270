"""Operators on the processor of the scalar datapath: what its firmware does for them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from arch.isa import Cause, Command, Encoder, Engine, Opcode, Space
from arch.memory_map import (
    DMEM_BASE,
    MMIO_BASE,
    SCRATCHPAD_BASE,
    WINDOW_BASE,
    WINDOW_BYTES,
    Mmio,
)
from arch.params import Params
from arch.riscv import Csr
from sim.riscv import AccessFault, Machine, Memory
from tests.core.encoding import (
    ECALL,
    MRET,
    b_type,
    csr,
    i_type,
    j_type,
    load_constant,
    lui,
    r_type,
    s_type,
)
from tests.microcode.configs import CORE_PARAMS
from tests.microcode.processor import REGION_BYTES, Processor

OP_IMM, LOAD, JALR = 0x13, 0x03, 0x67

MAILBOX, LINK, FUNCTION, ARGUMENT = 8, 1, 5, 10  # registers of the main loop
FIRST = 0x100  # where operators are
RETURN = i_type(0, LINK, 0, 0, JALR)
EBREAK = 0x00100073
MAIN_LOOP = [
    lui(MAILBOX, MMIO_BASE),
    s_type(Mmio.DONE, 0, MAILBOX, 2),
    i_type(Mmio.FUNCTION, MAILBOX, 2, FUNCTION, LOAD),
    i_type(Mmio.ARGUMENT, MAILBOX, 2, ARGUMENT, LOAD),
    i_type(0, FUNCTION, 0, LINK, JALR),
    s_type(Mmio.DONE, ARGUMENT, MAILBOX, 2),
    j_type(-16, 0),
]
BOOT = Command(Opcode.CORE, {"boot": 1})


def call(argument: int = 0, *, accept: bool = False) -> Command:
    return Command(Opcode.CORE, {"function": FIRST, "argument": argument, "accept": int(accept)})


def encoded(*commands: Command) -> list[int]:
    encoder = Encoder()
    return [word for command in commands for word in encoder.encode(command)]


def program(*commands: Command) -> bytes:
    return b"".join(w.to_bytes(8, "little") for w in encoded(*commands, Command(Opcode.END, {})))


def processor(operator: Sequence[int], params: Params = CORE_PARAMS) -> Processor:
    """With the main loop, and an operator behind it."""
    made = Processor(params)
    for at, code in ((0, MAIN_LOOP), (FIRST, operator)):
        for i, word in enumerate(code):
            made.imem[at + 4 * i : at + 4 * i + 4] = word.to_bytes(4, "little")
    return made


def error(p: Processor) -> tuple[int, int, int, int, int]:
    """Cause, engine, command, address, info."""
    source = p.register("ERROR_SOURCE")
    return (
        p.register("ERROR_CAUSE"),
        source >> 16,
        source & 0xFFFF,
        p.register("ERROR_ADDRESS"),
        p.register("ERROR_INFO"),
    )


class Core(Memory):
    """The memories as an operator of the systolic accelerator sees them, but for the mailbox."""

    def __init__(self, p: Processor):
        sizes, places = p.params.space_bytes, p.map
        self.dmem = bytearray(p.chip[places.dmem :][: sizes[Space.DMEM]])
        self.scratchpad = bytearray(p.chip[places.scratchpad :][: sizes[Space.SCRATCHPAD]])
        self.regions = [bytearray(p.region(i)) for i in range(8)]
        windows = [(WINDOW_BASE + i * WINDOW_BYTES, r) for i, r in enumerate(self.regions)]
        super().__init__([(DMEM_BASE, self.dmem), (SCRATCHPAD_BASE, self.scratchpad), *windows])
        self.imem = bytes(p.imem)

    def fetch(self, address: int, size: int = 4) -> int:
        if address + size > len(self.imem):
            raise AccessFault
        return int.from_bytes(self.imem[address : address + size], "little")


def test_a_call_before_the_first_boot_is_refused() -> None:
    p = processor([RETURN])
    p.run(program(call()))
    assert error(p) == (Cause.CONFIG, Engine.CORE, 0, 0, 0)
    assert p.run(program(BOOT, call())) == 0
    assert p.run(program(call())) == Cause.CONFIG, "each program boots anew"


def test_status_stops_the_program() -> None:
    p = processor([i_type(7, 0, 0, ARGUMENT, OP_IMM), RETURN])
    p.run(program(BOOT, call()))
    assert error(p) == (Cause.OP_STATUS, Engine.CORE, 1, 0, 7)


def test_arguments_arrive_and_the_log_is_written() -> None:
    p = processor(
        [
            s_type(Mmio.LOG, ARGUMENT, MAILBOX, 2),
            i_type(Mmio.PENDING, MAILBOX, 2, 6, LOAD),
            s_type(Mmio.LOG, 6, MAILBOX, 0),
            i_type(0, 0, 0, ARGUMENT, OP_IMM),
            RETURN,
        ]
    )
    assert p.run(program(BOOT, call(0x41), call(0x42))) == 0
    assert p.log == b"A\1B\1"


POINTERS = {
    20: DMEM_BASE,
    21: SCRATCHPAD_BASE + 1024,
    22: WINDOW_BASE + 1024,
    23: WINDOW_BASE + 6 * WINDOW_BYTES + 1024,
}


def random_operator(seed: int) -> list[int]:
    rng = random.Random(seed)
    code: list[int] = []
    free = [n for n in range(32) if n not in (LINK, MAILBOX, *POINTERS)]
    for n in free[1:]:
        value = rng.choice((rng.getrandbits(32), rng.randrange(-3, 4) & 0xFFFFFFFF, 1 << 31))
        code += load_constant(n, value)
    for n, address in POINTERS.items():
        code += load_constant(n, address)
    for _ in range(200):
        kind = rng.choice(("divide", "divide", "multiply", "load", "store", "csr", "fence"))
        rd, rs1, rs2 = rng.choice(free), rng.choice(free), rng.choice(free)
        pointer, at = rng.choice(list(POINTERS)), rng.randrange(-1024, 1024)
        if pointer == 20:
            at = abs(at)
        if kind == "divide":
            code.append(r_type(1, rs2, rs1, rng.randrange(4, 8), rd))
        elif kind == "multiply":
            code.append(r_type(rng.choice((0, 1)), rs2, rs1, rng.randrange(4), rd))
        elif kind == "load":
            width = rng.choice((0, 1, 2, 4, 5))
            code.append(i_type(at & -(1 << (width & 3)), pointer, width, rd, LOAD))
        elif kind == "store":
            width = rng.randrange(3)
            code.append(s_type(at & -(1 << width), rs2, pointer, width))
        elif kind == "csr":
            number = rng.choice((Csr.MSCRATCH, Csr.MCAUSE, Csr.MTVAL))
            if number == Csr.MCAUSE:  # not all of its bits are there
                code.append(csr(number, 0, 2, rd))
            else:
                code.append(csr(number, rs1, rng.choice((1, 2, 3, 5, 6, 7)), rd))
        else:
            code.append(rng.choice((0x0FF0000F, 0x0000100F, 0x10500073)))
    code += [s_type(4 * n, n, 20, 2) for n in range(32)]
    return [*code, i_type(0, 0, 0, ARGUMENT, OP_IMM), RETURN]


@pytest.mark.parametrize("seed", range(3))
def test_random_operators_leave_what_the_simulator_leaves(seed: int) -> None:
    p = processor(random_operator(seed))
    rng = random.Random(seed)
    for region in range(7):
        p.region(region)[:] = rng.randbytes(REGION_BYTES)
    core = Core(p)
    machine = Machine(core, pc=FIRST)
    machine.x[LINK], machine.x[MAILBOX] = 4 * 5, MMIO_BASE
    while machine.pc != 4 * 5:
        assert machine.step().trap is None
    p.operator.x[:] = [0] * 32
    assert p.run(program(BOOT, call())) == 0
    sizes, places = p.params.space_bytes, p.map
    dmem = p.chip[places.dmem :][: sizes[Space.DMEM]]
    assert dmem == core.dmem
    assert p.chip[places.scratchpad :][: sizes[Space.SCRATCHPAD]] == core.scratchpad
    assert [bytes(p.region(i)) for i in range(7)] == [bytes(r) for r in core.regions[:7]]


LAST = CORE_PARAMS.space_bytes[Space.IMEM] - 4
A, B = 6, 7  # registers
FAULTS: dict[str, list[int]] = {
    "ecall": [ECALL],
    "ebreak": [EBREAK],
    "illegal word": [0xFFFFFFFF],
    "zero": [0],
    "the multipliers": [r_type(0, A, B, 0, 0, 0x2B)],
    "an operator's start": [r_type(0, 0, A, 4, 0, 0x2B)],
    "load of eight bytes": [i_type(0, 0, 3, A, LOAD)],
    "store of eight bytes": [s_type(0, 0, 0, 3)],
    "unsigned load of a word": [i_type(0, 0, 6, A, LOAD)],
    "branch": [b_type(8, 0, 0, 2)],
    "jump and link": [i_type(0, 0, 1, A, JALR)],
    "fence": [0x0000200F],
    "load of code": [i_type(0, 0, 2, A, LOAD)],
    "store to code": [s_type(0, A, 0, 2)],
    "load of nothing": [lui(A, 0x40000000), i_type(4, A, 2, B, LOAD)],
    "misaligned load": [lui(A, DMEM_BASE), i_type(2, A, 2, B, LOAD)],
    "misaligned half": [lui(A, DMEM_BASE), i_type(3, A, 5, B, LOAD)],
    "misaligned store": [lui(A, DMEM_BASE), s_type(1, B, A, 1)],
    "misaligned load of a register": [i_type(1, MAILBOX, 2, B, LOAD)],
    "no such register": [i_type(0x40, MAILBOX, 2, B, LOAD)],
    "end of the data memory": [
        lui(A, DMEM_BASE + CORE_PARAMS.space_bytes[Space.DMEM]),
        s_type(0, B, A, 0),
    ],
    "window": [lui(A, WINDOW_BASE + REGION_BYTES), i_type(0, A, 0, B, LOAD)],
    "store in the window": [lui(A, WINDOW_BASE + REGION_BYTES), s_type(0, B, A, 2)],
    "csr": [csr(0x7C0, 0, 2, A)],
    "read-only csr": [csr(Csr.CYCLE, 0, 1, A)],
    "csr without a way": [csr(Csr.MSCRATCH, 0, 4, A)],
    "jump out of the memory": [lui(A, 0x12345000), i_type(8, A, 0, LINK, JALR)],
    "jump to half a word": [i_type(FIRST + 2, 0, 0, A, JALR)],
    "jump far": [j_type(0x40000, 5)],
    "jump back out of the memory": [j_type(-0x1000, 5)],
    "jump to half a word ahead": [j_type(0x46, 5)],
    "branch out of the memory": [b_type(-0x800, 0, 0, 0)],
    "branch to half a word": [b_type(0x802, 0, 0, 5)],
    "the end of the memory": [i_type(LAST, 0, 0, 0, JALR)],
}


@pytest.mark.parametrize("name", FAULTS)
def test_exceptions_are_those_of_the_simulator(name: str) -> None:
    """Without and with a handler, which reports what its registers say."""
    handler = 0x400
    p = processor(
        [
            i_type(-1, 0, 0, A, OP_IMM),
            s_type(Mmio.TRAP, ARGUMENT, MAILBOX, 2),
            i_type(handler, 0, 0, A, OP_IMM),
            csr(Csr.MTVEC, A, 1, 0),
            *FAULTS[name],
        ]
    )
    told = [Csr.MCAUSE, Csr.MEPC, Csr.MTVAL]
    code = [lui(A, DMEM_BASE)]
    for i, register in enumerate(told):
        code += [csr(register, 0, 2, B), s_type(4 * i, B, A, 2)]
    code.append(s_type(Mmio.DONE, 0, MAILBOX, 2))
    for i, word in enumerate(code):
        p.imem[handler + 4 * i : handler + 4 * i + 4] = word.to_bytes(4, "little")
    p.imem[LAST : LAST + 4] = (0x13).to_bytes(4, "little")
    core = Core(p)
    machine = Machine(core, pc=FIRST + 8)
    machine.x[LINK], machine.x[MAILBOX] = 4 * 5, MMIO_BASE
    trap = None
    while trap is None:
        step = machine.step()
        trap, pc = step.trap, step.pc
    before = bytes(core.dmem)
    p.run(program(BOOT, call(0)))
    assert error(p) == (Cause.CORE_TRAP, Engine.CORE, 1, pc, trap.cause)
    assert p.chip[p.map.dmem :][: len(before)] == before
    p.run(program(BOOT, call(10_000)))
    assert error(p) == (Cause.CORE_TRAP, Engine.CORE, 1, pc, trap.cause)
    words = [int.from_bytes(p.chip[p.map.dmem + 4 * i :][:4], "little") for i in range(len(told))]
    assert words == [trap.cause, pc, trap.value & 0xFFFFFFFF]


def test_a_handler_may_go_on_but_not_for_ever() -> None:
    """One that returns behind the exception, and one that never ends."""
    p = processor(
        [
            s_type(Mmio.TRAP, ARGUMENT, MAILBOX, 2),
            i_type(FIRST + 32, 0, 0, A, OP_IMM),
            csr(Csr.MTVEC, A, 1, 0),
            ECALL,
            i_type(0x42, 0, 0, A, OP_IMM),
            s_type(Mmio.LOG, A, MAILBOX, 2),
            EBREAK,
            0,
            # the handler
            csr(Csr.MEPC, 0, 2, A),
            i_type(4, A, 0, A, OP_IMM),
            csr(Csr.MEPC, A, 1, 0),
            MRET,
        ]
    )
    p.run(program(BOOT, call(100)))
    assert p.log == b"B", "what is behind the exception runs"
    assert error(p) == (Cause.CORE_TRAP, Engine.CORE, 1, FIRST + 12, 11), "the first is reported"
    endless = i_type(FIRST + 16, 0, 0, A, OP_IMM)
    ask = s_type(Mmio.TRAP, ARGUMENT, MAILBOX, 2)
    p = processor([ask, endless, csr(Csr.MTVEC, A, 1, 0), ECALL, j_type(0, 0)])
    p.run(program(BOOT, call(100)), watchdog=1_000_000)
    assert error(p) == (Cause.CORE_TRAP, Engine.CORE, 1, FIRST + 12, 11)
    assert p.cycles < 20_000


@pytest.mark.parametrize("code", [[j_type(0, 0)], [i_type(8, 0, 0, A, OP_IMM), j_type(-4, 0)]])
def test_the_watchdog_ends_operators_that_do_not(code: list[int]) -> None:
    p = processor([j_type(4, 0), *code])
    p.run(program(BOOT, call()), watchdog=2000)
    cause, engine, command, address, _ = error(p)
    assert (cause, engine, command) == (Cause.WATCHDOG, Engine.CORE, 1)
    assert FIRST + 4 <= address <= FIRST + 8
    p = processor([RETURN])
    assert p.run(program(BOOT, call(), call()), watchdog=2000) == 0


def test_waiting_for_a_command_during_boot_is_ended_by_the_watchdog() -> None:
    p = processor([])
    p.imem[4:8] = (0x13).to_bytes(4, "little")  # in the place of DONE
    p.run(program(BOOT), watchdog=5000)
    assert error(p) == (Cause.WATCHDOG, Engine.CORE, 0, 8, 0)


def giving(commands: Sequence[int]) -> list[int]:
    """An operator that gives words, then tells the log the load engine's counts."""
    code = []
    for word in commands:
        for register, half in ((Mmio.WORD_LOW, word & 0xFFFFFFFF), (Mmio.WORD, word >> 32)):
            code += [*load_constant(A, half), s_type(register, A, MAILBOX, 2)]
    code += [i_type(Mmio.LOAD_COUNTS, MAILBOX, 2, A, LOAD), lui(B, DMEM_BASE), s_type(0, A, B, 2)]
    return [*code, RETURN]


def fill(value: int, **config: int) -> Command:
    where = {"space": Space.SCRATCHPAD, "source": 1, "length": 8, "n1": 1, "n2": 1}
    return Command(Opcode.LOAD, {**where, "fill": value, **config})


def test_operators_give_commands() -> None:
    p = processor(giving(encoded(fill(3, int_base=16), fill(4, int_base=32))))
    commands = [BOOT, fill(9, int_base=64), call(accept=True), fill(5, int_base=48)]
    last = Command(Opcode.LOAD, fill(6, int_base=80).config, (2, 0, 2, 0))
    assert p.run(program(*commands, last)) == 0, error(p)
    scratchpad = p.chip[p.map.scratchpad :]
    assert [scratchpad[at] for at in (16, 32, 48, 64, 80)] == [3, 4, 5, 9, 6]
    assert int.from_bytes(p.chip[p.map.dmem :][:4], "little") == 0x0003_0003


def test_words_that_are_not_accepted() -> None:
    p = processor(giving(encoded(fill(3))))
    p.run(program(BOOT, call()))
    assert error(p) == (Cause.CONFIG, Engine.CORE, 1, 0, 0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (encoded(call()), (Cause.OPCODE, 15, 2, 0, 0)),
        (encoded(Command(Opcode.END, {})), (Cause.OPCODE, 15, 2, 0, 0)),
        ([0x55, 0], (Cause.OPCODE, 15, 2, 0, 0)),
        (encoded(Command(Opcode.LOAD, fill(1).config, (0, 0, 1, 0))), (Cause.WAIT, 15, 2, 0, 0)),
        (encoded(Command(Opcode.LOAD, fill(1).config, (1, 0, 0, 0))), (Cause.WAIT, 15, 2, 0, 0)),
        (encoded(fill(1))[:-1], (Cause.LENGTH, 15, 2, 0, 0)),
        (encoded(fill(1))[:1], (Cause.LENGTH, 15, 2, 0, 0)),
        (encoded(fill(1), fill(1, length=0)), (Cause.CONFIG, Engine.LOAD, 1, 0, 0)),
        (
            encoded(fill(1, int_base=CORE_PARAMS.scratchpad_bytes)),
            (Cause.RANGE, Engine.LOAD, 0, CORE_PARAMS.scratchpad_bytes, 0),
        ),
    ],
)
def test_commands_of_operators_that_are_refused(
    words: list[int], expected: tuple[int, ...]
) -> None:
    p = processor(giving(words))
    p.run(program(BOOT, call(accept=True)))
    assert error(p) == expected
