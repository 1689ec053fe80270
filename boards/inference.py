"""How long networks take on a board: cycles that the compiler's model of time predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arch.config import Config
from boards.board import Board
from compiler.errors import ModelError
from sim.inference import MemoryMap
from sim.run import prepare


@dataclass(frozen=True)
class Inference:
    """A network on a configuration with a board's memory.

    Members
    -------
    model : its name.
    cycles : from doorbell to interrupt, predicted (tests/performance holds the error below 5 %).
    memory_bytes : what it takes of external memory.
    fits : the board has as much.
    """

    model: str
    cycles: int
    memory_bytes: int
    fits: bool

    def milliseconds(self, mhz: float) -> float:
        return self.cycles / mhz / 1e3


def inferences(config: Config, board: Board, paths: Mapping[str, Path]) -> list[Inference]:
    """Each network that the configuration can run, by its name."""
    found = []
    for name, path in paths.items():
        try:
            program = prepare(path, config, memory=board.memory_timing).program
        except ModelError:  # such as one that needs the core, where there is none
            continue
        needed = MemoryMap(program).end
        fits = needed <= board.memory_bytes
        found.append(Inference(name, program.predicted_cycles, needed, fits))
    return found
