"""One inference in Verilog as a measurement: cycles against their bounds, and where they went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arch.config import Config
from arch.errors import WeftError
from arch.registers import Counter
from compiler.timing.memory import MemoryTiming
from compiler.traffic import least_traffic
from firmware.sources import OpSources
from sim.ethos_u55 import CYCLES as ETHOS_U55_CYCLES
from sim.job import BusSettings
from sim.layers import layer_cycles, total_cycles
from sim.losses import losses_of
from sim.reference import random_inputs
from sim.run import ModelRun, prepare, run_verilog

SEED = 1


@dataclass(frozen=True)
class Measurement:
    """A model on a configuration with one external memory.

    Members
    -------
    model, config, bytes_per_cycle, latency : what was measured.
    cycles, predicted_cycles : from doorbell to interrupt.
    macs, macs_per_cycle : of the model, and of the array.
    bytes_read, bytes_written : beats of external memory times their width.
    least_read, least_written : what had to be moved (compiler.traffic).
    bound : max(MACs / MACs-per-cycle, bytes / bytes-per-cycle), each direction of memory by itself.
    ethos_u55 : cycles of Ethos-U55 with as many MACs, where they are known.
    losses : members of sim.losses.Losses; they add up to ``cycles``.
    layers : name, operator, MACs, bytes, measured and predicted cycles of each.
    seed : of the inputs; outputs equal TensorFlow Lite Micro.
    """

    model: str
    config: str
    bytes_per_cycle: float
    latency: int
    cycles: int
    predicted_cycles: int
    macs: int
    macs_per_cycle: int
    bytes_read: int
    bytes_written: int
    least_read: int
    least_written: int
    bound: float
    ethos_u55: int | None
    losses: dict[str, float]
    layers: list[dict[str, Any]]
    seed: int

    @property
    def utilisation(self) -> float:
        return self.macs / (self.macs_per_cycle * self.cycles)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"utilisation": round(self.utilisation, 4)}


def measure(
    name: str,
    path: Path,
    config: Config,
    memory: MemoryTiming,
    *,
    op_sources: OpSources | Sequence[Path] = (),
    seed: int = SEED,
    stage: Callable[[str], None] | None = None,
) -> Measurement:
    """Run a model once; raises :class:`WeftError` if an output differs from the reference."""
    bus = BusSettings(
        read_latency_cycles=memory.latency,
        write_latency_cycles=memory.latency,
        read_bytes_per_cycle=memory.bytes_per_cycle,
        write_bytes_per_cycle=memory.bytes_per_cycle,
    )
    prepared = prepare(path, config, op_sources, memory)
    run = run_verilog(prepared, [random_inputs(prepared.graph, seed)], bus=bus, stage=stage)
    mismatch = run.outcomes[0].mismatch
    if mismatch is not None:
        raise WeftError(f"{name} on {config.name}: differs from TensorFlow Lite Micro: {mismatch}")
    return measurement_of(name, run, memory, seed)


def measurement_of(name: str, run: ModelRun, memory: MemoryTiming, seed: int) -> Measurement:
    """The measurement that a run is."""
    program, params = run.prepared.program, run.prepared.params
    result = run.outcomes[0].result
    least = least_traffic(run.prepared.graph)
    most_bytes = max(least.read, least.written)
    return Measurement(
        model=name,
        config=program.config,
        bytes_per_cycle=memory.bytes_per_cycle,
        latency=memory.latency,
        cycles=total_cycles(result),
        predicted_cycles=program.predicted_cycles,
        macs=program.macs,
        macs_per_cycle=params.macs_per_cycle,
        bytes_read=result.counters[Counter.BEATS_READ] * params.axi_bytes,
        bytes_written=result.counters[Counter.BEATS_WRITTEN] * params.axi_bytes,
        least_read=least.read,
        least_written=least.written,
        bound=max(program.macs / params.macs_per_cycle, most_bytes / memory.bytes_per_cycle),
        ethos_u55=ETHOS_U55_CYCLES.get((name, params.macs_per_cycle)),
        losses=losses_of(program, params, result).as_dict(),
        layers=[
            {
                "name": info.name,
                "op": info.op,
                "engine": info.engine,
                "macs": info.macs,
                "bytes": info.bytes_loaded + info.bytes_stored,
                "cycles": time.cycles,
                "predicted_cycles": info.predicted_cycles,
            }
            for info, time in zip(program.layers, layer_cycles(program, result), strict=True)
        ],
        seed=seed,
    )
