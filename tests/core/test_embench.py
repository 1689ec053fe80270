"""Cycles per instruction are measured around the benchmark alone, and a wrong result is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.embench import measure
from tests.core.simulate import TRACED
from tests.firmware.test_gcc import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

N_ROUNDS = 10_000
MAIN = """
int initialise_board(void), start_trigger(void), stop_trigger(void), benchmark(void);
int main(void) {
    initialise_board();
    for (volatile int i = 0; i < 10; i++) {}
    start_trigger();
    const int result = benchmark();
    stop_trigger();
    return result != EXPECTED;
}
"""
LOOP = f"""
int benchmark(void) {{
    int left = {N_ROUNDS};
    __asm__ volatile("1: BODY\\n addi %0, %0, -1\\n bnez %0, 1b" : "+r"(left) : : "t0", "t1");
    return left;
}}
"""


def checkout(folder: Path, body: str, expected: int = 0) -> Path:
    """Sources as those of Embench-IoT lie, of one benchmark with a loop."""
    (folder / "src" / "loop").mkdir(parents=True)
    (folder / "support").mkdir()
    (folder / "src" / "loop" / "loop.c").write_text(LOOP.replace("BODY", body))
    (folder / "support" / "main.c").write_text(MAIN.replace("EXPECTED", str(expected)))
    (folder / "support" / "beebsc.c").write_text("")
    return folder


@pytest.mark.parametrize(
    ("body", "n_instructions", "n_cycles"),
    [("nop", 3, 3), ("divu t0, t1, %0", 3, 3 + 34), ("lw t0, 0(sp)\\n add t0, t0, t0", 4, 5)],
    ids=["nothing", "division", "load"],
)
def test_a_loop_takes_the_cycles_of_its_instructions(
    body: str, n_instructions: int, n_cycles: int, tmp_path: Path
) -> None:
    if "div" in body:  # a dividend that takes all steps
        body = f"li t1, -1\\n {body}"
        n_instructions, n_cycles = n_instructions + 1, n_cycles + 1
    ratio = measure(checkout(tmp_path, body), "loop", ["-march=rv32im", "-O2"], TRACED)
    assert ratio == pytest.approx(n_cycles / n_instructions, rel=0.01)


def test_a_wrong_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^loop: the result is wrong \(exit code 1\)$"):
        measure(checkout(tmp_path, "nop", expected=1), "loop", ["-march=rv32im", "-O2"], TRACED)
