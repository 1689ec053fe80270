"""Sites for block RAM and multipliers, chosen before nextpnr places everything else.

nextpnr's own choice for these few large cells is whatever happens to be free when their turn comes:
the banks of a memory then lie all over the FPGA, and logic that goes with them is stretched between
them. Chosen first, ``small`` takes a third less wire and its router a fraction of the time
(docs/decisions/0020-floorplan.md).

The method is that of analytical placers, without their legalisation of logic. All cells settle
where the squared length of their wires is least, pins being fixed; an even spread of the logic over
the FPGA and the best assignment of large cells to sites then pull at them, more each time.

Squares matter: they keep the middle of the design loose. Plain lengths give shorter wires, and more
of them in one place than the router finds ways for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import cg

from boards.resources import top_of

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

ROUNDS = 14
PULL_OF_LOGIC, PULL_OF_SITES = 0.01, 0.02  # each round, of the weight of a cell's wires
HELD = 1e-3  # keeps cells without wires to others where they are
WIDEST_NET = 64  # pins; wider ones are enables and resets, whose length says little
CLIQUE = 4  # pins up to which each pair is joined; wider nets have a middle
LEAF = 6  # cells that may share a place in the even spread
SMALLEST = 2  # tiles that a place of the even spread has on its longer side
START, NOISE = 1, 3.0  # seed, and tiles around the middle at the start
EDGE = 3  # tiles around the FPGA in which there is no logic
# Look-up tables or flip-flops that a cell of logic takes; multiplexers lie beside their tables.
AREA = {"LUT4": 1, "TRELLIS_FF": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}


def choose_sites(
    netlist: Path, packed: Path, sites: Mapping[str, Sequence[str]], tiles: tuple[int, int]
) -> dict[str, str]:
    """The site of each large cell by the cell's name.

    Parameters
    ----------
    netlist : as Yosys writes it.
    packed : the same as nextpnr writes it after packing; there its pins have their sites.
    sites : of each kind of large cell, named as nextpnr does (``X4/Y22/EBR0``).
    tiles : last column and row of the FPGA's tiles.
    """
    pins = {
        name: _place(cell["attributes"]["BEL"])
        for name, cell in _cells(packed).items()
        if cell["type"] == "TRELLIS_IO" and "BEL" in cell["attributes"]
    }
    return _Floorplan(_cells(netlist), pins, sites, tiles).run()


def give_sites(netlist: Path, chosen: Mapping[str, str], result: Path) -> None:
    """Write ``netlist`` with a site for each cell of ``chosen`` to ``result``."""
    design = json.loads(netlist.read_text())
    for module in design["modules"].values():
        for name, cell in module["cells"].items():
            if name in chosen:
                cell["attributes"]["BEL"] = chosen[name]
    result.write_text(json.dumps(design))


def _cells(netlist: Path) -> dict[str, Any]:
    """The cells of a netlist's top module."""
    modules = json.loads(netlist.read_text())["modules"]
    cells = modules[top_of(modules)]["cells"]
    return {name: cell for name, cell in cells.items() if not cell["type"].startswith("$")}


def _place(site: str) -> tuple[int, int]:
    """Column and row of a site."""
    column, row, _ = site.split("/")
    return int(column.removeprefix("X")), int(row.removeprefix("Y"))


class _Floorplan:
    """Cells (and behind them the middles of nets) as numbers, and where they are."""

    def __init__(
        self,
        cells: Mapping[str, Any],
        pins: Mapping[str, tuple[int, int]],
        sites: Mapping[str, Sequence[str]],
        tiles: tuple[int, int],
    ):
        self.names = list(cells)
        kinds = np.array([cell["type"] for cell in cells.values()])
        self.sites = {kind: names for kind, names in sites.items() if kind in kinds}
        self.large = {kind: np.flatnonzero(kinds == kind) for kind in self.sites}
        self.places = {
            kind: np.array([_place(site) for site in names], dtype=float)
            for kind, names in self.sites.items()
        }
        self.wires = _wires(len(cells), _nets(list(cells.values())))
        count = self.wires.shape[0]
        self.weight = np.asarray(self.wires.sum(axis=1)).ravel()
        self.area = np.zeros(count)
        self.area[: len(cells)] = [AREA.get(kind, 0) for kind in kinds]
        self.logic = np.flatnonzero(self.area)
        self.size = np.array(tiles, dtype=float)
        self.fixed = np.zeros(count, dtype=bool)
        self.position = self.size / 2 + np.random.default_rng(START).normal(0, NOISE, (count, 2))
        for number, name in enumerate(self.names):
            if name in pins:
                self.fixed[number] = True
                self.position[number] = pins[name]

    def run(self) -> dict[str, str]:
        """Spread the logic and find sites for the large cells."""
        chosen: dict[str, Indices] = {}
        pull = np.full(len(self.position), HELD)
        target = self.position.copy()
        for turn in range(1, ROUNDS + 1):
            self._settle(pull, target)
            target[self.logic] = self._spread()[self.logic]
            pull[self.logic] = HELD + turn * PULL_OF_LOGIC * self.weight[self.logic]
            for kind, cells in self.large.items():
                apart = np.abs(self.position[cells][:, None] - self.places[kind][None]) ** 1.5
                chosen[kind] = linear_sum_assignment(apart.sum(axis=2))[1]
                target[cells] = self.places[kind][chosen[kind]]
                pull[cells] = HELD + turn * PULL_OF_SITES * self.weight[cells]
        return {
            self.names[cell]: self.sites[kind][site]
            for kind, cells in self.large.items()
            for cell, site in zip(cells, chosen[kind], strict=True)
        }

    def _settle(self, pull: Floats, target: Floats) -> None:
        """Move all cells to where wires and pulls are in balance."""
        free = ~self.fixed
        rows = self.wires[free]
        system = (diags(self.weight + pull) - self.wires)[free][:, free]
        inverse = diags(1 / system.diagonal())
        for axis in range(2):
            force = (pull * target[:, axis])[free]
            force += rows[:, self.fixed] @ self.position[self.fixed, axis]
            start = self.position[free, axis]
            place, _ = cg(system, force, x0=start, rtol=1e-3, maxiter=150, M=inverse)
            self.position[free, axis] = place

    def _spread(self) -> Floats:
        """Places that keep the logic's order in both directions, equally dense everywhere."""
        result = np.zeros_like(self.position)
        low, high = np.full(2, float(EDGE)), self.size - EDGE
        boxes = [(self.logic, low, high)]
        while boxes:
            cells, low, high = boxes.pop()
            if len(cells) <= LEAF or (high - low).max() < SMALLEST:
                result[cells] = (low + high) / 2
                continue
            axis = int(np.argmax(high - low))
            cells = cells[np.argsort(self.position[cells, axis], kind="stable")]
            area = np.cumsum(self.area[cells])
            cut = int(np.clip(np.searchsorted(area, area[-1] / 2) + 1, 1, len(cells) - 1))
            middle = low[axis] + (high - low)[axis] * area[cut - 1] / area[-1]
            lower_end, upper_start = high.copy(), low.copy()
            lower_end[axis] = upper_start[axis] = middle
            boxes += [(cells[:cut], low, lower_end), (cells[cut:], upper_start, high)]
        return result


def _nets(cells: Sequence[Mapping[str, Any]]) -> list[Indices]:
    """The cells at each net that has any length to speak of."""
    nets: dict[int, set[int]] = defaultdict(set)
    for number, cell in enumerate(cells):
        for bits in cell["connections"].values():
            for bit in bits:
                if isinstance(bit, int):
                    nets[bit].add(number)
    return [np.array(sorted(net)) for net in nets.values() if 2 <= len(net) <= WIDEST_NET]


def _wires(count: int, nets: Sequence[Indices]) -> csr_matrix:
    """Weights of the wires between ``count`` cells, and the middles of wide nets behind them."""
    ends: list[tuple[int, int]] = []
    weights: list[float] = []
    for pins in nets:
        if len(pins) <= CLIQUE:
            pairs = [(a, b) for at, a in enumerate(pins) for b in pins[at + 1 :]]
            weight = 1 / (len(pins) - 1)
        else:
            pairs = [(a, count) for a in pins]
            weight = len(pins) / (len(pins) - 1) / 2
            count += 1
        ends += pairs
        weights += [weight] * len(pairs)
    a, b = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    both = (np.concatenate([a, b]), np.concatenate([b, a]))
    return coo_matrix((np.tile(weights, 2), both), shape=(count, count)).tocsr()
