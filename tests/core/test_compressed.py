"""Compressed instructions: what they stand for, on the core, and in an operator's program."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
import unicorn
from amaranth.sim import Simulator
from unicorn import riscv_const

from arch.compressed import expand, is_compressed
from arch.config import load_config
from arch.riscv import Csr, Mcause
from gen.instructions import InstructionError, check_instructions
from hw.core.expander import Expander
from hw.core.options import CpuOptions
from sim.blocks import choose_seed
from sim.reference import random_inputs
from sim.run import prepare_bytes, run_verilog
from tests.core.compressed_program import pack
from tests.core.encoding import csr, i_type, j_type, load_constant
from tests.core.lockstep import compare
from tests.core.random_program import random_program
from tests.core.simulate import MEMORY_BYTES, run
from tests.model_builder import ModelBuilder

PARCELS = [parcel for parcel in range(1 << 16) if is_compressed(parcel)]
COMPRESSED = frozenset(("compressed",))
# Few entries with short tags: predictions for other instructions are frequent.
CONFUSED = CpuOptions(rvfi=True, compressed=True, branch_targets=4, tag_bits=1)
CODE, DATA, DATA_BYTES = 0x1_0000, 0x2_0000, 0x2000
N_PROGRAMS, CYCLES = 4, 12_000


class Processor:
    """One instruction at a time in Unicorn."""

    def __init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        self._uc.mem_map(0, 1 << 24)
        self._registers = [riscv_const.UC_RISCV_REG_X0 + i for i in range(32)]

    def step(self, code: bytes, values: list[int]) -> tuple[int, list[int], bytes] | None:
        """Pc, registers and data behind it; None if it is illegal or ends in the environment."""
        uc = self._uc
        uc.mem_write(CODE, code)
        uc.mem_write(DATA, bytes(range(256)) * (DATA_BYTES // 256))
        for register, value in zip(self._registers[1:], values[1:], strict=True):
            uc.reg_write(register, value)
        uc.ctl_remove_cache(CODE, CODE + 8)
        try:
            uc.emu_start(CODE, -1, count=1)
        except unicorn.UcError:
            return None
        registers = [uc.reg_read(register) for register in self._registers]
        return uc.reg_read(riscv_const.UC_RISCV_REG_PC), registers, self._data()

    def _data(self) -> bytes:
        return bytes(self._uc.mem_read(DATA, DATA_BYTES))


def is_elsewhere_legal(parcel: int) -> bool:
    """Reserved here, but of an extension that Unicorn has: F, D, Zcb, or RV64's shifts."""
    quadrant, funct3 = parcel & 3, parcel >> 13
    if quadrant != 1 and funct3 in (1, 3, 5, 7):
        return True
    if (quadrant, funct3) == (0, 4):
        return True
    return quadrant in (1, 2) and bool(parcel >> 12 & 1) and funct3 == (4 if quadrant == 1 else 0)


def is_same(short: int, long: int) -> bool:
    """Only the address of the next instruction is another one."""
    return short == long or (short, long) == (CODE + 2, CODE + 4)


def test_each_stands_for_what_it_does_in_unicorn() -> None:
    rng, processor = random.Random(1), Processor()
    checked = 0
    for parcel in PARCELS:
        values = [0] + [DATA + 4 * rng.randrange(DATA_BYTES // 16) for _ in range(31)]
        short = processor.step(struct.pack("<2H", parcel, 1), values)
        word = expand(parcel)
        if word is None:
            assert short is None or is_elsewhere_legal(parcel), f"{parcel:#06x} does something"
            continue
        long = processor.step(struct.pack("<I", word), values)
        assert (short is None) == (long is None) == (word == 0x0010_0073), f"{parcel:#06x}"
        if short is None or long is None:
            continue
        found = [short[0], *short[1]]
        assert all(map(is_same, found, [long[0], *long[1]])) and short[2] == long[2], (
            f"{parcel:#06x} is not {word:#010x}"
        )
        checked += 1
    assert checked > 28_000


def test_the_expander_makes_of_each_what_it_stands_for() -> None:
    expander = Expander()

    async def testbench(ctx) -> None:  # type: ignore[no-untyped-def]
        for parcel in PARCELS:
            ctx.set(expander.parcel, parcel)
            word = expand(parcel)
            assert ctx.get(expander.insn) == (parcel if word is None else word), f"{parcel:#06x}"

    simulator = Simulator(expander)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize(("wait_percent", "irq_percent"), [(0, 0), (20, 1)])
def test_random_programs_do_what_the_simulator_does(
    wait_percent: int, irq_percent: int, tmp_path: Path
) -> None:
    first = choose_seed()
    n_short = 0
    for seed in range(first, first + N_PROGRAMS):
        print(f"seed {seed} (repeat with WEFT_SEED={seed})", flush=True)
        image = random_program(seed, pack=pack)
        done = run(image, tmp_path, max_cycles=CYCLES, seed=seed, wait_percent=wait_percent,
                   irq_percent=irq_percent, options=CONFUSED)  # fmt: skip
        assert compare(done, image, COMPRESSED) > CYCLES // 10
        n_short += sum(is_compressed(record.insn) for record in done.records())
    assert n_short > N_PROGRAMS * CYCLES // 100


def test_a_fault_of_the_second_half_names_its_address(tmp_path: Path) -> None:
    handler, last = 0x40, MEMORY_BYTES - 2
    start = [*load_constant(5, handler), csr(Csr.MTVEC, 5, 1, 0), j_type(last - 12, 0)]
    read = [csr(number, 0, 2, 6) for number in (Csr.MEPC, Csr.MTVAL, Csr.MCAUSE)]
    image = [
        (0, struct.pack(f"<{len(start)}I", *start)),
        (handler, struct.pack("<4I", *read, j_type(0, 0))),
        (last, struct.pack("<H", i_type(1, 7, 0, 7, 0x13) & 0xFFFF)),
    ]
    done = run(image, tmp_path, max_cycles=200, options=CONFUSED)
    assert compare(done, image, COMPRESSED) > 20
    values = [record.rd_data for record in done.records() if record.rd == 6]
    assert values == [last, MEMORY_BYTES, Mcause.INSTRUCTION_FAULT]


def test_reserved_ones_are_refused_in_programs() -> None:
    nop, zero, reserved = 0x0001, 0, 0x8000
    check_instructions(struct.pack("<4H", nop, zero, nop, nop), 0, {}, COMPRESSED)
    for parcels, at in (((nop, reserved), 2), ((zero, nop), 0)):
        code = struct.pack("<2H", *parcels)
        with pytest.raises(InstructionError, match=f"at 0x0000000{at}, which is not"):
            check_instructions(code, 0, {}, COMPRESSED)


def test_an_operator_is_smaller_and_bit_exact() -> None:
    config = load_config("tiny")
    assert config.core != "none"
    core = config.core.model_copy(update={"compressed": True})
    sizes = []
    for each in (config.model_copy(update={"core": core}), config):
        b = ModelBuilder(1)
        prepared = prepare_bytes(b.build(b.softmax(b.input((3, 7)))), "softmax", each)
        (layer,) = prepared.program.layers
        assert layer.engine == "core"
        (image,) = prepared.images
        sizes.append(len(image.imem))
        if len(sizes) == 1:
            done = run_verilog(prepared, [random_inputs(prepared.graph, 1)])
            assert done.bit_exact, done.outcomes[0].mismatch
    assert sizes[0] < 0.85 * sizes[1]
