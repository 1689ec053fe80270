"""``weft boards`` and ``weft synth``: what is listed, and what is built without a word more."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from boards import results
from boards.catalogue import NAMES, find_board, own_config
from cli.main import app


def report(config: str, board: str, mhz: float | None) -> dict[str, Any]:
    found = {"config": config, "board": board, "macs_per_cycle": 16}
    return found if mhz is None else found | {"fmax_mhz": mhz}


def test_every_board_is_listed_with_what_was_built_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [report("tiny", "ecpix5", 61.4), report("tiny_a", "ecpix5", None)]
    found += [report("small", "ulx3s", 55.0), report("tiny", "ulx3s", 70.0)]
    monkeypatch.setattr(results, "reports", lambda: found)
    lines = CliRunner().invoke(app, ["boards"]).output.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)
    ends = {line.split()[0]: line.rpartition("; ")[2] for line in lines}
    assert ends["ecpix5"] == "built: tiny (61 MHz)"
    assert ends["ulx3s"] == "built: small (55 MHz), tiny (70 MHz)"
    assert ends["icebreaker"] == "nothing built yet"


@pytest.mark.parametrize("name", NAMES)
def test_a_board_has_a_configuration_of_its_own(name: str) -> None:
    board = find_board(name)
    assert own_config(board).name == board.config.removesuffix(".yaml")
