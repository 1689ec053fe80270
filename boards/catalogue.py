"""All boards, by name."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path

from arch.config import PRESETS, Config, load_config
from arch.errors import WeftError
from boards import tools
from boards.board import Board

NAMES = ("ulx3s", "orangecrab25", "orangecrab85", "ecpix5", "tangprimer20k", "icebreaker")

CONFIGS = Path(__file__).with_name("configs")


class UnknownBoard(WeftError):
    """A name that no board has."""


def find_board(name: str) -> Board:
    """The board of that name; raises :class:`UnknownBoard`."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"boards: {', '.join(NAMES)}"
        raise UnknownBoard(f"{name}: is no board that weft knows; {hint}")
    board = import_module(f"boards.{name}").BOARD
    assert isinstance(board, Board)
    return board


def own_config(board: Board) -> Config:
    """The configuration that is built for a board unless another is named."""
    name = board.config
    return load_config(name if name in PRESETS else CONFIGS / name)


def need_tools() -> None:
    """Raises :class:`boards.tools.ToolError` where the packages for boards are missing."""
    tools.need(tools.YOSYS)
    tools.need_boards()
