"""What a simulation is asked to do, and what it answers; passed between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from arch.decode import ProgramError
from arch.isa import Cause, Engine
from sim.driver import Counters, ProgramLocation, RegionSetup, explain
from sim.events import RunEvents
from sim.tools import SimulatorError

DEFAULT_MEMORY_BYTES = 16 << 20
MINIMUM_LATENCY = 2
MAXIMUM_STALL = 0.95


@dataclass(frozen=True)
class BusSettings:
    """How external memory behaves (bench/axi_memory.v).

    Members
    -------
    read_latency_cycles : from the AR handshake to the first R beat of an idle memory.
    write_latency_cycles : from the last W handshake to the B response.
    read_bytes_per_cycle, write_bytes_per_cycle : bandwidth of each direction, in 256ths.
    stall_probability : that a channel pauses in a cycle, for each channel by itself.
    out_of_order : answers of different IDs overtake each other, at random, some later than usual.
    interleave : with out_of_order: read beats of different IDs alternate within bursts.
    seed : of stalls and order.
    error_base, error_bytes : bus addresses that answer SLVERR.
    """

    read_latency_cycles: int = 32
    write_latency_cycles: int = 32
    read_bytes_per_cycle: float | Fraction = 8
    write_bytes_per_cycle: float | Fraction = 8
    stall_probability: float = 0.0
    out_of_order: bool = False
    interleave: bool = False
    seed: int = 0
    error_base: int = 0
    error_bytes: int = 0

    def __post_init__(self) -> None:
        for name in ("read_latency_cycles", "write_latency_cycles"):
            _check(name, getattr(self, name), MINIMUM_LATENCY, 0xFFFF)
        for name in ("read_bytes_per_cycle", "write_bytes_per_cycle"):
            _check(name, getattr(self, name), 1 / 256, 255)
        _check("stall_probability", self.stall_probability, 0, MAXIMUM_STALL)
        if self.interleave and not self.out_of_order:
            raise SimulatorError("bus: interleave: wants out_of_order as well; set both")

    def signals(self) -> dict[str, int]:
        """Values of the bench's settings."""
        return {
            "read_latency": self.read_latency_cycles,
            "write_latency": self.write_latency_cycles,
            "read_rate": round(self.read_bytes_per_cycle * 256),
            "write_rate": round(self.write_bytes_per_cycle * 256),
            "stall": round(self.stall_probability * 256),
            "out_of_order": int(self.out_of_order),
            "interleave": int(self.interleave),
            "seed": self.seed & (1 << 64) - 1,
            "error_base": self.error_base,
            "error_bytes": self.error_bytes,
        }


def _check(name: str, value: float | Fraction, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SimulatorError(f"bus: {name}: {value} is outside {low} to {high}")


@dataclass(frozen=True)
class Run:
    """One program from doorbell to interrupt.

    Members
    -------
    program : where it lies.
    writes : bytes to put into memory before, each with its bus address.
    reads : bus address and number of bytes to fetch after a good end.
    timeout_cycles : after which the program counts as hanging.
    watchdog_cycles : limit of each command on the core; 0: none.
    regions : regions to set before, by number; they stay for the runs that follow.
    bus : settings of memory from this run on; None leaves them.
    may_fail : a program that the device stops is reported in the result, the device is reset and
        the next run follows; otherwise the job ends with the error.
    """

    program: ProgramLocation
    writes: tuple[tuple[int, bytes], ...] = ()
    reads: tuple[tuple[int, int], ...] = ()
    timeout_cycles: int = 50_000_000
    watchdog_cycles: int = 0
    regions: Mapping[int, RegionSetup] = field(default_factory=dict)
    bus: BusSettings | None = None
    may_fail: bool = False


@dataclass(frozen=True)
class Job:
    """Runs in one simulation, one after the other.

    Members
    -------
    runs : the programs.
    image : bytes to put into memory at the start, each with its bus address.
    regions : regions to set at the start, by number.
    bus : settings of memory at the start.
    memory_bytes, memory_base : size and bus address of external memory.
    """

    runs: tuple[Run, ...]
    image: tuple[tuple[int, bytes], ...] = ()
    regions: Mapping[int, RegionSetup] = field(default_factory=dict)
    bus: BusSettings = BusSettings()
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    memory_base: int = 0


@dataclass(frozen=True)
class ErrorReport:
    """A program that the device stopped, in registers' terms."""

    cause: Cause
    engine: Engine | None
    command: int
    address: int
    info: int

    @classmethod
    def of(cls, error: ProgramError) -> ErrorReport:
        """The report of an error (the exception itself does not travel between processes)."""
        return cls(error.cause, error.engine, error.command, error.address, error.info)

    def exception(self) -> ProgramError:
        """The error again."""
        note = explain(self.cause, self.address, self.info)
        return ProgramError(self.cause, self.engine, self.command, self.address, self.info, note)


@dataclass
class RunResult:
    """How one run went.

    Members
    -------
    outputs : what was read, in the order of Run.reads; empty after an error.
    counters : the device's counters (arch.registers.Counter); after an error too.
    error : why the device stopped the program; None after a good end.
    events : commands and log of this run; filled in when the simulation has ended.
    """

    outputs: tuple[bytes, ...]
    counters: Counters
    error: ErrorReport | None = None
    events: RunEvents = field(default_factory=lambda: RunEvents(0))


@dataclass
class JobResult:
    """How a job went: its runs, the cycles of the whole simulation and its wall time."""

    runs: list[RunResult]
    cycles: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """Where a simulation stands.

    Members
    -------
    run, n_runs : the run under way, from 0, and how many there are.
    cycles : of the simulation.
    run_cycles : since the run's doorbell.
    commands : that all engines have completed in this run.
    """

    run: int
    n_runs: int
    cycles: int
    run_cycles: int
    commands: int
