"""Simulates one Amaranth component under cocotb: from pytest, and from the regression."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sim.build import BuildOptions, Simulation, build_simulation, new_run_folder
from sim.tools import SimulatorError

SEED_VARIABLE = "WEFT_SEED"
RESULTS_VARIABLE = "WEFT_RESULTS"
WAVES_VARIABLE = "WEFT_WAVES"
FILTER_VARIABLE = "WEFT_TEST"
TIMEOUT_SECONDS = 900.0


class BlockFailure(SimulatorError):
    """A cocotb test of a block failed, or no test ran."""


def emit_verilog(component: Any, name: str) -> str:
    """Verilog of an Amaranth component as module ``name``, without source locations."""
    from amaranth.back import verilog

    text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    return str(text)


def choose_seed(seed: int | None = None) -> int:
    """``seed``, or else the environment variable WEFT_SEED, or else a fresh one."""
    if seed is not None:
        return seed
    text = os.environ.get(SEED_VARIABLE, "")
    if not text:
        return random.SystemRandom().randrange(1 << 31)
    try:
        return int(text, 0)
    except ValueError:
        raise SimulatorError(f"{SEED_VARIABLE}: {text!r} is not a whole number") from None


def run_block(
    component: Any,
    name: str,
    test_module: str,
    *,
    simulator: str = "verilator",
    seed: int | None = None,
    env: Mapping[str, str] | None = None,
    waves: str | Path | None = None,
    test_filter: str | None = None,
    results: str | Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    public_depth: int = 1,
) -> None:
    """Run the cocotb tests of ``test_module`` on ``component``.

    The ports are Amaranth's flat names (``clk``, ``rst``, ``i__payload``, ``i__valid``, ...).

    Parameters
    ----------
    component : an Amaranth component.
    name : name of its Verilog module; what cocotb calls the top level.
    test_module : import name of the module with the cocotb tests.
    simulator : ``verilator`` or ``icarus``; without Icarus the calling test counts as skipped.
    seed : of Python's ``random`` in the tests; without it WEFT_SEED, or a fresh one; printed.
    env : further environment variables for the tests, such as the configuration's name.
    waves : file for a waveform, ``.vcd`` or ``.fst``; without it ``<label>.vcd`` in the folder
        WEFT_WAVES where that environment variable is set.
    test_filter : regular expression; only tests whose names match run; without it WEFT_TEST.
    results : file for the JUnit XML; without it a file in the folder WEFT_RESULTS where that
        environment variable is set.
    timeout_seconds : wall time after which the simulation is stopped.
    public_depth : so many levels of modules have signals that the tests can see; see
        :class:`sim.build.BuildOptions`.

    Raises :class:`BlockFailure` when a test failed, none ran or the time ran out, with seed and
    log.
    """
    run_verilog(
        {f"{name}.v": emit_verilog(component, name)},
        name,
        test_module,
        BuildOptions(simulator=simulator, public_depth=public_depth),
        seed=seed,
        env=env,
        waves=waves,
        test_filter=test_filter,
        results=results,
        timeout_seconds=timeout_seconds,
    )


def run_verilog(
    sources: Mapping[str, str],
    top: str,
    test_module: str,
    options: BuildOptions | None = None,
    *,
    seed: int | None = None,
    env: Mapping[str, str] | None = None,
    waves: str | Path | None = None,
    test_filter: str | None = None,
    results: str | Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    label: str | None = None,
) -> None:
    """Run the cocotb tests of ``test_module`` on Verilog (file name to text); see run_block.

    ``label`` names the design in messages and results; without it ``top`` does.
    """
    options = options or BuildOptions()
    seed = choose_seed(seed)
    label = f"{label or top}.{test_module.rsplit('.', 1)[-1]}.{options.simulator}"
    waves_path = _output_path(waves, WAVES_VARIABLE, f"{label}.vcd")
    if waves_path is not None:
        options = replace(options, waves=waves_path.suffix.removeprefix("."))
        print(f"{label}: waveform {waves_path}", flush=True)
    simulation = build_simulation(sources, top, options)
    # Runs that differ in their environment only must not overwrite each other's results.
    tag = hashlib.sha256(repr(sorted((env or {}).items())).encode()).hexdigest()[:8]
    results_path = _output_path(results, RESULTS_VARIABLE, f"{label}.{tag}.xml")
    print(f"{label}: seed {seed} (repeat with {SEED_VARIABLE}={seed})", flush=True)
    extra = dict(env or {})
    test_filter = test_filter or os.environ.get(FILTER_VARIABLE)
    if test_filter:
        extra["COCOTB_TEST_FILTER"] = test_filter
    _run(simulation, test_module, label, seed, extra, waves_path, results_path, timeout_seconds)


def _output_path(chosen: str | Path | None, variable: str, name: str) -> Path | None:
    """The file that the caller chose, or ``name`` in the folder that a variable names, or none."""
    if chosen is not None:
        path = Path(chosen).resolve()
    elif folder := os.environ.get(variable):
        path = Path(folder).resolve() / name
    else:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _run(
    simulation: Simulation,
    test_module: str,
    label: str,
    seed: int,
    extra: Mapping[str, str],
    waves_path: Path | None,
    results_path: Path | None,
    timeout_seconds: float,
) -> None:
    """Run in a folder of its own, which stays when a test failed."""
    folder = new_run_folder(label)
    results_file, log = folder / "results.xml", folder / "run.log"
    with log.open("w") as file:
        try:
            code = subprocess.run(
                simulation.command(waves_path=waves_path),
                cwd=folder,
                env=simulation.environment(
                    test_module, seed=seed, results=results_file, extra=extra
                ),
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=timeout_seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise BlockFailure(
                f"{label}: did not end within {timeout_seconds:g} seconds; seed {seed}; log: {log}"
            ) from None
    if results_path is not None and results_file.exists():
        shutil.copyfile(results_file, results_path)
    _judge(label, seed, code, results_file, log)
    shutil.rmtree(folder)


def _judge(label: str, seed: int, code: int, results_file: Path, log: Path) -> None:
    text = log.read_text(errors="replace")
    where = f"seed {seed}; log: {log}"
    if not results_file.exists():
        print(text)
        raise BlockFailure(f"{label}: the simulator ended (code {code}) without results; {where}")
    n_run, failed = _count(results_file)
    if failed:
        print(text)
        raise BlockFailure(
            f"{label}: {len(failed)} of {n_run} failed: {', '.join(failed)}; {where}"
        )
    if n_run == 0:
        print(text)
        raise BlockFailure(f"{label}: no test ran; check test_module and test_filter; {where}")
    if code:
        print(text)
        raise BlockFailure(f"{label}: the simulator ended with code {code}; {where}")


def _count(results_file: Path) -> tuple[int, list[str]]:
    """Tests that ran, and the names of those that failed."""
    cases = ElementTree.parse(results_file).getroot().iter("testcase")
    ran = [case for case in cases if case.find("skipped") is None]
    failed = [
        str(case.get("name"))
        for case in ran
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return len(ran), failed
