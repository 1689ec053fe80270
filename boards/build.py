"""Builds a board's bitstream and measures it: area per component, clock frequency, fit."""

from __future__ import annotations

import hashlib
import os
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arch.config import Config
from arch.errors import WeftError
from arch.params import Params
from boards import flow, tools
from boards.board import Board
from boards.flow import Timing
from boards.gateware.uart import cycles_per_bit
from boards.inference import Inference

OnStage = Callable[[str], None]
REQUANTIZE_MULTIPLIERS = 4  # of 18 bits, for 32 by 31 bits
CORE_MULTIPLIERS = 4
DIGEST_DIGITS = 16


@dataclass
class BuildReport:
    """What a build gave.

    Members
    -------
    design : digest of what was synthesised.
    needs : resources of the whole design; ``components`` : of each part of it.
    rows_in_logic : rows of the array whose multipliers are built of look-up tables.
    timings : one for each seed that was placed and routed; ``failures`` : of the others, why not.
    inferences : networks and what they take with the board's memory.
    bitstream : the file, of the best seed; None when no placement was asked for.
    """

    config: Config
    board: Board
    clock_hz: int
    tools: dict[str, str]
    design: str = ""
    needs: Counter[str] = field(default_factory=Counter)
    components: dict[str, Counter[str]] = field(default_factory=dict)
    rows_in_logic: int = 0
    timings: list[Timing] = field(default_factory=list)
    failures: dict[int, WeftError] = field(default_factory=dict)
    inferences: list[Inference] = field(default_factory=list)
    bitstream: Path | None = None

    @property
    def fmax_mhz(self) -> float:
        """Median over the seeds."""
        return statistics.median(timing.fmax_mhz for timing in self.timings)

    @property
    def clock_mhz(self) -> float:
        """What the bitstream's clock is set to."""
        return self.clock_hz / 1e6

    @property
    def gmacs_per_second(self) -> float:
        """With the bitstream's clock."""
        return Params(self.config).macs_per_cycle * self.clock_mhz / 1e3

    @property
    def best(self) -> Timing:
        return max(self.timings, key=lambda timing: timing.fmax_mhz)

    def as_json(self) -> dict[str, Any]:
        """For ``weft synth --report``."""
        macs = Params(self.config).macs_per_cycle
        result: dict[str, Any] = {
            "config": self.config.name,
            "board": self.board.name,
            "fpga": self.board.fpga.name,
            "tools": self.tools,
            "design": self.design,
            "macs_per_cycle": macs,
            "needs": dict(self.needs),
            "limits": dict(self.board.fpga.limits),
            "rows_in_logic": self.rows_in_logic,
            "components": {name: dict(counts) for name, counts in self.components.items()},
        }
        if self.inferences:
            result["inferences"] = [vars(inference) for inference in self.inferences]
        if self.timings:
            result |= {
                "clock_mhz": self.clock_mhz,
                "fmax_mhz": round(self.fmax_mhz, 2),
                "seeds": [vars(timing) for timing in self.timings],
                "gmacs_per_second": round(self.gmacs_per_second, 3),
            }
        if self.failures:
            result["failed_seeds"] = {seed: str(error) for seed, error in self.failures.items()}
        return result


def rows_in_logic(params: Params, limit: int) -> int:
    """Rows of the array that must do without multipliers so that the rest of them suffice."""
    c = params.config
    if c.datapath == "scalar":  # which has no rows
        return 0
    others = REQUANTIZE_MULTIPLIERS * c.lanes + CORE_MULTIPLIERS * c.has_core
    missing = params.macs_per_cycle + others - limit
    return min(params.rows, max(0, -(-missing // params.cols)))


def digest_of(rtlil: str) -> str:
    """Of a design as Yosys reads it, but for the files that it comes from: equal in each clone."""
    lines = (
        line for line in rtlil.splitlines() if not line.lstrip().startswith("attribute \\src ")
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGEST_DIGITS]


def synthesise(
    config: Config, board: Board, folder: Path, clock_hz: int | None = None, tell: OnStage = print
) -> BuildReport:
    """Synthesise a board's design into ``folder`` and count; raises :class:`flow.DoesNotFit`."""
    params = Params(config)
    clock_hz = clock_hz or board.clock_hz
    cycles_per_bit(clock_hz, board.baud)
    versions = {
        tool.package: tools.need(tool) for tool in (tools.YOSYS, *flow.PLACERS[board.fpga.family])
    }
    tools.need_boards()
    folder.mkdir(parents=True, exist_ok=True)
    tell("elaborating")
    plan = board.platform().prepare(board.design(params, clock_hz), "top")
    for name, text in plan.files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    report = BuildReport(config, board, clock_hz, versions)
    report.design = digest_of((folder / flow.RTLIL).read_text())
    report.rows_in_logic = rows_in_logic(params, board.fpga.limits["DSP"])
    tell("synthesising (minutes)")
    netlist = flow.synthesise(board.fpga, folder, report.rows_in_logic)
    report.needs, report.components = netlist.totals(), netlist.by_component()
    flow.check_fit(f"{config.name} on {board.name}", board.fpga, report.needs)
    return report


def place(report: BuildReport, folder: Path, seeds: Sequence[int], tell: OnStage = print) -> None:
    """Place and route with each seed and write the bitstream of the best.

    As many seeds run at a time as there are processors. Raises the first one's error where all
    fail, and :class:`flow.TimingFailure` when even the best is slower than the board's clock.
    """
    board = report.board
    netlist = flow.NETLIST
    if board.fpga.sites:
        tell("choosing sites for block RAM and multipliers")
        netlist = flow.floorplan(board.fpga, folder)
    _place_all(report, folder, netlist, seeds, tell)
    best, wanted = report.best, report.clock_hz / 1e6
    if best.fmax_mhz < wanted:
        raise flow.TimingFailure(
            f"{report.config.name} on {board.name}: reaches {best.fmax_mhz:g} MHz and its clock is "
            f"{wanted:g} MHz ({best.path}); use --clock with less, or more --seeds"
        )
    tell("packing the bitstream")
    report.bitstream = flow.pack(board.fpga, folder, best.seed)


def _place_all(
    report: BuildReport, folder: Path, netlist: str, seeds: Sequence[int], tell: OnStage
) -> None:
    """Fill in the report's timings and failures, in the order of the seeds."""
    running: list[int] = []
    changing = threading.Lock()

    def show() -> None:
        if running:
            now = ", ".join(str(seed) for seed in sorted(running))
            tell(f"placing and routing, seed {now} of {list(seeds)} (minutes)")

    def run(seed: int) -> Timing:
        with changing:
            running.append(seed)
            show()
        try:
            placed = flow.place(report.board.fpga, folder, netlist, seed, report.clock_hz)
        finally:
            with changing:
                running.remove(seed)
                show()
        return flow.timing_of(placed, seed)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        runs: list[Future[Timing]] = [pool.submit(run, seed) for seed in seeds]
        try:
            wait(runs)
        finally:  # after an interrupt nothing more may start
            pool.shutdown(wait=False, cancel_futures=True)
    for seed, future in zip(seeds, runs, strict=True):
        try:
            report.timings.append(future.result())
        except WeftError as error:
            report.failures[seed] = error
    if not report.timings:
        raise next(iter(report.failures.values()))
