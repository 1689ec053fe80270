"""Sites of block RAM and multipliers: near what they are wired to, each used once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from boards.devices import SITES_25, SITES_85, TILES_85
from boards.floorplan import choose_sites, give_sites
from tests.boards.netlists import cell, write_netlist


def packed_netlist(path: Path, groups: int, rams: int, chain: int) -> None:
    """Groups of block RAMs around a pin each; from pin to RAMs and between them chains of logic."""
    cells: dict[str, Any] = {}
    bit = 0

    def wire() -> int:
        nonlocal bit
        bit += 1
        return bit

    def add(name: str, kind: str, inputs: list[int], outputs: list[int], **attributes: str) -> None:
        cells[name] = {"attributes": attributes} | cell(kind, {"I": inputs}, {"O": outputs})

    for group in range(groups):
        last = wire()
        corner = f"X{126 * (group % 2)}/Y{90 * (group // 2)}/PIOA"
        add(f"pin{group}", "TRELLIS_IO", [], [last], BEL=corner)
        for ram in range(rams):
            for at in range(chain):
                here, last = last, wire()
                add(f"ff{group}.{ram}.{at}", "TRELLIS_FF", [here], [last])
            here, last = last, wire()
            add(f"ram{group}.{ram}", "DP16KD", [here], [last])
    write_netlist(path, cells)


def test_block_ram_lies_near_what_it_is_wired_to_and_no_site_is_used_twice(tmp_path):
    packed = tmp_path / "packed.json"
    packed_netlist(packed, groups=4, rams=10, chain=10)
    chosen = choose_sites(packed, packed, SITES_85, TILES_85)  # logic is packed as it is
    assert len(chosen) == len(set(chosen.values())) == 40
    assert set(chosen.values()) <= set(SITES_85["DP16KD"])
    assert chosen == choose_sites(packed, packed, SITES_85, TILES_85)
    middles = []
    for group in range(4):
        names = [chosen[f"ram{group}.{ram}"] for ram in range(10)]
        places = np.array([[int(p[1:]) for p in name.split("/")[:2]] for name in names])
        middles.append(places.mean(axis=0))
    for left, right in ((0, 1), (2, 3)):
        assert middles[left][0] + 40 < middles[right][0]
    for upper, lower in ((0, 2), (1, 3)):
        assert middles[upper][1] + 24 < middles[lower][1]


def test_sites_are_written_into_the_netlist(tmp_path):
    result = tmp_path / "planned.json"
    cells = {name: {"attributes": {"src": "x"}} for name in ("ram", "other")}
    netlist = write_netlist(tmp_path / "top.json", cells)
    give_sites(netlist, {"ram": "X4/Y22/EBR0"}, result)
    found = json.loads(result.read_text())["modules"]["top"]["cells"]
    assert found["ram"]["attributes"] == {"src": "x", "BEL": "X4/Y22/EBR0"}
    assert found["other"]["attributes"] == {"src": "x"}


def test_there_are_as_many_sites_as_the_datasheet_says():  # FPGA-DS-02012, table 1.1
    assert {kind: len(sites) for kind, sites in SITES_25.items()} == {
        "DP16KD": 56,
        "MULT18X18D": 28,
    }
    assert {kind: len(sites) for kind, sites in SITES_85.items()} == {
        "DP16KD": 208,
        "MULT18X18D": 156,
    }
