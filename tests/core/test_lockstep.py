"""Random programs on the core do exactly what they do on the instruction-set simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.core.options import CpuOptions
from sim.blocks import choose_seed
from tests.core.lockstep import compare
from tests.core.random_program import random_program
from tests.core.simulate import run

N_PROGRAMS, CYCLES = 8, 12_000


@pytest.mark.parametrize(
    ("wait_percent", "irq_percent"), [(0, 0), (30, 0), (0, 2), (15, 1)],
    ids=["plain", "wait_states", "interrupts", "both"],
)  # fmt: skip
def test_random_programs_do_what_the_simulator_does(
    wait_percent: int, irq_percent: int, tmp_path: Path
) -> None:
    first = choose_seed()
    for seed in range(first, first + N_PROGRAMS):
        print(f"seed {seed} (repeat with WEFT_SEED={seed})", flush=True)
        image = random_program(seed)
        done = run(image, tmp_path, max_cycles=CYCLES, seed=seed, wait_percent=wait_percent,
                   irq_percent=irq_percent)  # fmt: skip
        assert compare(done, image) > CYCLES // 10


def test_random_programs_with_all_extensions_do_what_the_simulator_does(tmp_path: Path) -> None:
    options = CpuOptions(rvfi=True, zba=True, zbb=True, dot4=True)
    first = choose_seed()
    for seed in range(first, first + N_PROGRAMS):
        print(f"seed {seed} (repeat with WEFT_SEED={seed})", flush=True)
        image = random_program(seed, optional_percent=50)
        done = run(image, tmp_path, max_cycles=CYCLES, seed=seed, wait_percent=10, options=options)
        assert compare(done, image, frozenset(("zba", "zbb", "dot4"))) > CYCLES // 10
