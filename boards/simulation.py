"""A board's whole design in Verilator, with its serial line at a pseudo-terminal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boards.gateware.sdram_chip import PERIODS_PER_CYCLE, SdramChip, periods
from gen.verilog import emit
from sim.build import BuildOptions, Simulation, build_simulation
from sim.simulate import VERILATOR_FLAGS
from sim.tools import SimulatorError

BOARD = "board"
FOLDER = Path(__file__).parent
MAIN = FOLDER / "pty_bench.cc"


@dataclass(frozen=True)
class Surroundings:
    """Models of the chips on a board.

    Members
    -------
    top : module that wires up the design (module ``board``) and the models; its ports are
        ``clk``, ``rst``, ``rx`` and ``tx``, and if it has a memory chip ``chip_clk``, a clock twice
        as fast that rises behind each edge of ``clk``.
    sources : file name to Verilog text.
    plusargs : what the models are told when the simulation starts.
    """

    top: str = BOARD
    sources: Mapping[str, str] = field(default_factory=dict)
    plusargs: tuple[str, ...] = ()


def sdram_surroundings(clock_hz: float, chip: SdramChip | None = None) -> Surroundings:
    """A chip that stops the simulation when one of its times is not kept."""
    t = chip or SdramChip()
    chip_hz = clock_hz * PERIODS_PER_CYCLE
    nanoseconds = {
        "POWER_UP": t.power_up_ns,
        "T_RP": t.t_rp,
        "T_RCD": t.t_rcd,
        "T_RAS": t.t_ras,
        "T_RAS_MAX": t.t_ras_max,
        "T_RC": t.t_rc,
        "T_RRD": t.t_rrd,
        "T_WR": t.t_wr,
        "REFRESH": t.refresh_ns,
    }
    times = {name: periods(time, chip_hz) for name, time in nanoseconds.items()}
    times["T_MRD"] = t.t_mrd_periods
    files = ("sdr_sdram.v", "sdram_bench.v")
    return Surroundings(
        "sdram_bench",
        {name: (FOLDER / "models" / name).read_text() for name in files},
        tuple(f"+{name}={n}" for name, n in times.items()),
    )


def build_board(board: Any, surroundings: Surroundings) -> Simulation:
    """Build the simulation of a board's design, or take it from the cache.

    ``board`` : a component with ``rx`` and ``tx`` (:class:`boards.gateware.top.BoardTop`).
    """
    options = BuildOptions(
        public_depth=0,
        verilator_flags=VERILATOR_FLAGS,
        cxx_flags="-O2",
        main=str(MAIN),
    )
    sources = {"board.v": emit(board, BOARD), **surroundings.sources}
    return build_simulation(sources, surroundings.top, options)


@contextmanager
def running_board(
    simulation: Simulation,
    surroundings: Surroundings,
    cycles_per_bit: int,
    damage_one_in: int = 0,
    seed: int = 1,
) -> Iterator[str]:
    """The path of the pseudo-terminal at which the simulated board listens.

    ``surroundings``: those that it was built with, or others that differ in ``plusargs`` alone.
    ``damage_one_in``: in each direction a bit of one in so many bytes is flipped, from ``seed``.
    Raises :class:`SimulatorError` at the end if a model of a chip has stopped the simulation.
    """
    numbers = (str(n) for n in (cycles_per_bit, damage_one_in, seed))
    command = [*simulation.command(), *numbers, *surroundings.plusargs]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    broken = ""
    try:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        if not path:
            raise SimulatorError("board: the simulation ended before it opened a terminal")
        yield path
    finally:
        said, _ = process.communicate()  # closes its input, at which it ends
        if process.returncode:
            broken = said.strip().splitlines()[0] if said.strip() else "stopped on its own"
        if broken:
            raise SimulatorError(f"board: {broken}")
