"""The regression of ``make regress``: every cocotb test of the hardware, by name.

Entries are tests that carry the pytest marker ``regress(name)``; an entry's name is the marker's
with the test's parameters behind it. Each runs in a process of its own and leaves cocotb's results,
from which the table and the JUnit XML are made.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from arch.errors import WeftError
from sim.blocks import FILTER_VARIABLE, RESULTS_VARIABLE, SEED_VARIABLE, WAVES_VARIABLE
from sim.build import CLOCK_PERIOD_NS

ROOT = Path(__file__).resolve().parent.parent
MARKER = "regress"
SIMULATORS = ("verilator", "icarus")
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
LOG_LINES = 40  # of a failed entry's output that are shown


class RegressionError(WeftError):
    """A regression that cannot be run as asked."""


@dataclass(frozen=True)
class Entry:
    """One test: its name, its simulator, and how pytest calls it."""

    name: str
    simulator: str
    node_id: str


@dataclass
class Outcome:
    """How an entry went.

    Members
    -------
    entry, seed : what ran.
    result : ``passed``, ``failed`` or ``skipped``.
    seconds : wall time, with the build of the simulation where it was not in the cache.
    cycles : of simulated time; None where no simulation reported any.
    cases : cocotb's test cases (JUnit XML).
    output : of the process.
    """

    entry: Entry
    seed: int
    result: str = FAILED
    seconds: float = 0.0
    cycles: int | None = None
    cases: list[ElementTree.Element] = field(default_factory=list)
    output: str = ""


# ---- entries -----------------------------------------------------------------------------------
class _Collector:
    """A pytest plug-in that keeps the tests with the marker."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.errors: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")

    def pytest_collection_finish(self, session: Any) -> None:
        for item in session.items:
            marker = item.get_closest_marker(MARKER)
            if marker is not None:
                self.entries.append(_entry(item, str(marker.args[0])))


def _entry(item: Any, name: str) -> Entry:
    """The simulator is a column of its own, not a part of the name."""
    simulator, parts = SIMULATORS[0], [name]
    if hasattr(item, "callspec"):
        simulator = item.callspec.params.get("simulator", simulator)
        parts += [part for part in item.callspec.id.split("-") if part not in SIMULATORS]
    return Entry("-".join(parts), simulator, item.nodeid)


def find_entries() -> list[Entry]:
    """All entries, in the order of their names."""
    tests = ROOT / "tests"
    if not tests.is_dir():
        raise RegressionError(f"{tests}: not found; the regression wants a clone of the repository")
    try:
        import pytest
    except ImportError:
        raise RegressionError("pytest: not installed; run make setup") from None
    collector, printed = _Collector(), StringIO()
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    with redirect_stdout(printed):
        pytest.main([*options, "-c", str(ROOT / "pyproject.toml"), str(tests)], [collector])
    if collector.errors:
        raise RegressionError(f"{collector.errors[0]}; see it with pytest --collect-only")
    entries = sorted(collector.entries, key=lambda e: (e.name, e.simulator))
    for first, second in zip(entries, entries[1:], strict=False):
        if (first.name, first.simulator) == (second.name, second.simulator):
            raise RegressionError(
                f"{first.name}: is the name of {first.node_id} and of {second.node_id}; rename one"
            )
    return entries


def choose(entries: Sequence[Entry], patterns: Sequence[str], simulator: str) -> list[Entry]:
    """Entries of a simulator (or ``all``) whose names match one of the patterns, if there are any.

    Raises :class:`RegressionError` for a pattern that matches none.
    """
    available = [e for e in entries if simulator in ("all", e.simulator)]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(e.name, pattern) for e in available):
            elsewhere = sorted(
                {e.simulator for e in entries if fnmatch.fnmatchcase(e.name, pattern)}
            )
            remedy = f"it runs on {elsewhere[0]}" if elsewhere else "--list shows the names"
            raise RegressionError(f"--test {pattern}: matches no test on {simulator}; {remedy}")
    return [
        e
        for e in available
        if not patterns or any(fnmatch.fnmatchcase(e.name, pattern) for pattern in patterns)
    ]


# ---- running -----------------------------------------------------------------------------------
def run_entry(entry: Entry, seed: int, waves: Path | None = None) -> Outcome:
    """Run one entry in a process of its own; ``waves`` is the file for its waveform."""
    with tempfile.TemporaryDirectory(prefix="weft-regress-") as text:
        folder = Path(text)
        environment = {
            **os.environ,
            SEED_VARIABLE: str(seed),
            RESULTS_VARIABLE: str(folder / "results"),
        }
        if waves is not None:
            environment[WAVES_VARIABLE] = str(folder / "waves")
        started = time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"),
                *(f"--junitxml={folder / 'pytest.xml'}", entry.node_id),
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        outcome = Outcome(entry, seed, seconds=time.monotonic() - started, output=done.stdout)
        _read_results(outcome, folder, done.returncode)
        if waves is not None:
            _keep_waveform(folder / "waves", waves, outcome)
    return outcome


def _read_results(outcome: Outcome, folder: Path, code: int) -> None:
    """Result, cycles and test cases from what pytest and cocotb left."""
    for file in sorted((folder / "results").glob("*.xml")):
        outcome.cases += ElementTree.parse(file).getroot().iter("testcase")
    times = [
        float(item.get("value", "0"))
        for case in outcome.cases
        for item in case.iter("property")
        if item.get("name") == "sim_time_duration"
    ]
    if times:
        outcome.cycles = round(sum(times) / CLOCK_PERIOD_NS)
    report = folder / "pytest.xml"
    skipped = report.exists() and ElementTree.parse(report).find(".//skipped") is not None
    outcome.result = FAILED if code else SKIPPED if skipped else PASSED
    if outcome.result != FAILED and not skipped and not outcome.cases:
        outcome.result = FAILED
        outcome.output += "\nregress: the test passed without any cocotb result\n"
    told = any(case.find("failure") is not None for case in outcome.cases)
    if report.exists() and (skipped or (outcome.result == FAILED and not told)):
        outcome.cases += ElementTree.parse(report).getroot().iter("testcase")


def _keep_waveform(folder: Path, target: Path, outcome: Outcome) -> None:
    found = sorted(folder.glob("*.vcd"))
    if len(found) == 1:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(found[0], target)
    elif outcome.result == PASSED:
        raise RegressionError(f"{outcome.entry.name}: left {len(found)} waveforms, not one")


def run_all(entries: Sequence[Entry], seed: int | None, jobs: int) -> Iterator[Outcome]:
    """Outcomes as they come; without ``seed`` each entry gets a fresh one."""
    draw = random.SystemRandom().randrange
    with ThreadPoolExecutor(jobs) as pool:
        futures = [
            pool.submit(run_entry, entry, draw(1 << 31) if seed is None else seed)
            for entry in entries
        ]
        for future in as_completed(futures):
            yield future.result()


# ---- reports -----------------------------------------------------------------------------------
def junit(outcomes: Sequence[Outcome]) -> ElementTree.ElementTree:
    """JUnit XML: a suite for each entry, with cocotb's test cases."""
    root = ElementTree.Element("testsuites", name="weft regression")
    for outcome in outcomes:
        kinds = [{child.tag for child in case} for case in outcome.cases]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"{outcome.entry.name}.{outcome.entry.simulator}",
            tests=str(len(kinds)),
            failures=str(sum("failure" in kind for kind in kinds)),
            errors=str(sum("error" in kind for kind in kinds)),
            skipped=str(sum("skipped" in kind for kind in kinds)),
            time=f"{outcome.seconds:.3f}",
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("simulator", outcome.entry.simulator), ("seed", outcome.seed)):
            ElementTree.SubElement(properties, "property", name=name, value=str(value))
        suite.extend(outcome.cases)
        if outcome.result == FAILED:
            ElementTree.SubElement(suite, "system-out").text = _printable(outcome.output)
    return ElementTree.ElementTree(root)


def _printable(text: str) -> str:
    """Without control characters, which XML cannot hold."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


_STYLES = {PASSED: "green", FAILED: "bold red", SKIPPED: "yellow"}


def summary(outcomes: Sequence[Outcome]) -> Table:
    """The table at the end."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("test")
    table.add_column("simulator")
    for title in ("seed", "cycles", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("result")
    for o in outcomes:
        cycles = "" if o.cycles is None else f"{o.cycles:,}"
        table.add_row(
            o.entry.name,
            o.entry.simulator,
            str(o.seed),
            cycles,
            f"{o.seconds:.1f}",
            f"[{_STYLES[o.result]}]{o.result}[/]",
        )
    return table


def _again(outcome: Outcome) -> str:
    e = outcome.entry
    simulator = "" if e.simulator == SIMULATORS[0] else f" --simulator {e.simulator}"
    return f'make regress ARGS="--test {e.name}{simulator} --seed {outcome.seed}"'


# ---- the command -------------------------------------------------------------------------------
def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make regress", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    add = parser.add_argument
    add("--list", action="store_true", help="print the names and stop")
    add(
        *("-t", "--test"),
        action="append",
        default=[],
        metavar="NAME",
        help="run this test only; wildcards are allowed, and several --test",
    )
    add("--cocotb-test", metavar="REGEX", help="of each, only the cocotb tests that match")
    add("--seed", type=lambda text: int(text, 0), help="of all tests; otherwise fresh ones")
    add("--waves", type=Path, metavar="FILE.vcd", help="waveform of the one test that is chosen")
    add("--simulator", choices=(*SIMULATORS, "all"), default=SIMULATORS[0])
    add("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="tests at a time")
    add("--junit", type=Path, metavar="FILE.xml", help="write JUnit XML")
    return parser.parse_args(argv)


def _run(chosen: Sequence[Entry], options: argparse.Namespace, out: Console) -> list[Outcome]:
    if options.cocotb_test is not None:
        os.environ[FILTER_VARIABLE] = options.cocotb_test
    if options.waves is not None:
        if len(chosen) != 1:
            raise RegressionError(
                f"--waves: {len(chosen)} tests are chosen; choose one with --test NAME"
            )
        if options.waves.suffix != ".vcd":
            raise RegressionError(f"--waves {options.waves}: the file must end in .vcd")
        seed = options.seed
        seed = random.SystemRandom().randrange(1 << 31) if seed is None else seed
        return [run_entry(chosen[0], seed, options.waves.resolve())]
    outcomes = []
    for outcome in run_all(chosen, options.seed, max(1, options.jobs)):
        outcomes.append(outcome)
        out.print(
            f"[{len(outcomes)}/{len(chosen)}] {outcome.entry.name} on {outcome.entry.simulator}: "
            f"[{_STYLES[outcome.result]}]{outcome.result}[/] in {outcome.seconds:.1f} s",
            highlight=False,
        )
    order = {entry: i for i, entry in enumerate(chosen)}
    return sorted(outcomes, key=lambda outcome: order[outcome.entry])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the regression; returns the exit code: 1 if a test failed."""
    options = _arguments(argv)
    out = Console(soft_wrap=True)
    chosen = choose(find_entries(), options.test, options.simulator)
    if options.list:
        for entry in chosen:
            out.print(f"{entry.name:32} {entry.simulator}", highlight=False)
        return 0
    outcomes = _run(chosen, options, out)
    for outcome in outcomes:
        if outcome.result == FAILED:
            out.rule(outcome.entry.name)
            lines = outcome.output.rstrip().splitlines()[-LOG_LINES:]
            out.print("\n".join(lines), markup=False, highlight=False)
    out.print(summary(outcomes))
    counts = {result: sum(o.result == result for o in outcomes) for result in _STYLES}
    out.print(", ".join(f"{n} {result}" for result, n in counts.items() if n), highlight=False)
    for outcome in outcomes:
        if outcome.result == FAILED:
            out.print(f"again: {_again(outcome)}", markup=False, highlight=False)
    if options.waves is not None and options.waves.exists():
        out.print(f"waveform: {options.waves}", highlight=False)
    if options.junit is not None:
        options.junit.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.indent(tree := junit(outcomes))
        tree.write(options.junit, encoding="utf-8", xml_declaration=True)
    return 1 if counts[FAILED] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WeftError as error:
        print(f"regress: {error}", file=sys.stderr)
        sys.exit(2)
