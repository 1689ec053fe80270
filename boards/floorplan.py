"""Sites for block RAM and multipliers, chosen before nextpnr places everything else.

nextpnr's own choice for these few large cells is whatever happens to be free when their turn comes:
the banks of a memory then lie all over the FPGA, and logic that goes with them is stretched between
them. Chosen first, ``small`` takes a third less wire and its router a fraction of the time
(docs/decisions/0020-floorplan.md).

The method is that of analytical placers, without their legalisation of logic. All cells settle
where their wires are shortest, pins being fixed; an even spread of the logic over the FPGA and the
best assignment of large cells to sites then pull at them, more with each round. What comes out is
measured with the logic settled around the sites, and let go again to settle anew: after each cycle
cells have found shorter ways around each other. The shortest wires of all cycles win.
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
Chosen = dict[str, Indices]

CYCLES = 10
ROUNDS = 20  # of a cycle
PULL_OF_LOGIC, PULL_OF_SITES = 0.001, 0.01  # more by this each round, for each pin of a cell
SETTLING_ROUNDS, SETTLING_PULL = 10, 0.04  # the same for logic around chosen sites
HELD = 1e-3  # keeps cells without wires to others where they are
NEAR = 1.0  # tiles below which no wire or way counts as shorter
WIDEST_NET = 1000  # pins; wider ones are clocks
LEAF = 6  # cells that may share a place in the even spread
NOISE = 3.0  # tiles around the middle at the start
EDGE = 3  # tiles around the FPGA in which there is no logic
LOGIC = ("TRELLIS_COMB", "TRELLIS_FF", "TRELLIS_RAMW")  # of equal size in a packed netlist


def choose_sites(packed: Path, sites: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The site of each large cell by the cell's name.

    Parameters
    ----------
    packed : netlist as nextpnr writes it after packing; pins have their sites.
    sites : of each kind of large cell, named as nextpnr does (``X4/Y22/EBR0``).
    """
    return _Floorplan(packed, sites).run()


def give_sites(netlist: Path, chosen: Mapping[str, str], result: Path) -> None:
    """Write ``netlist`` with a site for each cell of ``chosen`` to ``result``."""
    design = json.loads(netlist.read_text())
    for module in design["modules"].values():
        for name, cell in module["cells"].items():
            if name in chosen:
                cell["attributes"]["BEL"] = chosen[name]
    result.write_text(json.dumps(design))


def _place(site: str) -> tuple[int, int]:
    """Column and row of a site."""
    column, row, _ = site.split("/")
    return int(column.removeprefix("X")), int(row.removeprefix("Y"))


class _Floorplan:
    """Cells as numbers, the nets between them, and where the cells are."""

    def __init__(self, packed: Path, sites: Mapping[str, Sequence[str]]):
        modules = json.loads(packed.read_text())["modules"]
        cells = modules[top_of(modules)]["cells"]
        self.names = list(cells)
        kinds = np.array([cell["type"] for cell in cells.values()])
        self.logic = np.flatnonzero(np.isin(kinds, LOGIC))
        self.sites = {kind: names for kind, names in sites.items() if kind in kinds}
        self.large = {kind: np.flatnonzero(kinds == kind) for kind in self.sites}
        self.places = {
            kind: np.array([_place(site) for site in names], dtype=float)
            for kind, names in self.sites.items()
        }
        self._set_nets(_nets(list(cells.values())), len(cells))
        self.fixed = np.zeros(len(cells), dtype=bool)
        self.position: Floats = np.zeros((len(cells), 2))
        for number, cell in enumerate(cells.values()):
            if cell["type"] == "TRELLIS_IO" and "BEL" in cell["attributes"]:
                self.fixed[number] = True
                self.position[number] = _place(cell["attributes"]["BEL"])
        every = np.concatenate([*self.places.values(), self.position[self.fixed]])
        self.size = every.max(axis=0)
        noise = np.random.default_rng(0).normal(0, NOISE, self.position.shape)
        self.position[~self.fixed] = (self.size / 2 + noise)[~self.fixed]

    def _set_nets(self, nets: Sequence[Indices], n_cells: int) -> None:
        """The pins of all nets, one net after another, and which of them are first and last."""
        self.pins = np.concatenate(nets)
        lengths = np.array([len(net) for net in nets])
        self.net = np.repeat(np.arange(len(nets)), lengths)
        self.last = np.cumsum(lengths) - 1
        self.first = self.last - lengths + 1
        self.share = (1 / (lengths - 1))[self.net]
        self.others = np.setdiff1d(np.arange(len(self.pins)), self.first)
        self.inner = np.setdiff1d(self.others, self.last)
        self.n_pins = np.bincount(self.pins, minlength=n_cells).astype(float)

    def run(self) -> dict[str, str]:
        """The sites with the shortest wires that were found."""
        nowhere = np.zeros_like(self.position)
        self._settle(nowhere, nowhere)
        best, result = np.inf, dict[str, Indices]()
        for _ in range(CYCLES):
            chosen = self._cycle()
            length = self._length_around(chosen)
            if length < best:
                best, result = length, chosen
        return {
            self.names[cell]: self.sites[kind][site]
            for kind, cells in self.large.items()
            for cell, site in zip(cells, result[kind], strict=True)
        }

    def _cycle(self) -> Chosen:
        """Spread the logic and find sites for the large cells, from where they are."""
        target, pull = self.position.copy(), np.zeros_like(self.position)
        for turn in range(1, ROUNDS + 1):
            self._aim(self.logic, self._spread()[self.logic], turn * PULL_OF_LOGIC, target, pull)
            for kind, sites in self._assign().items():
                places = self.places[kind][sites]
                self._aim(self.large[kind], places, turn * PULL_OF_SITES, target, pull)
            self._settle(target, pull)
        return self._assign()

    def _length_around(self, chosen: Chosen) -> float:
        """Length of all wires, in tiles, when large cells have these sites and logic settles."""
        fixed = self.fixed.copy()
        for kind, cells in self.large.items():
            self.position[cells] = self.places[kind][chosen[kind]]
            self.fixed[cells] = True
        target, pull = self.position.copy(), np.zeros_like(self.position)
        for turn in range(SETTLING_ROUNDS):
            self._aim(self.logic, self._spread()[self.logic], turn * SETTLING_PULL, target, pull)
            self._settle(target, pull)
        self.fixed = fixed
        places = self.position[self.pins]
        ends = np.maximum.reduceat(places, self.first) - np.minimum.reduceat(places, self.first)
        return float(ends.sum())

    def _assign(self) -> Chosen:
        """Sites for the large cells of each kind, as near as there are."""
        chosen: Chosen = {}
        for kind, cells in self.large.items():
            apart = np.abs(self.position[cells][:, None] - self.places[kind]) ** 1.5
            chosen[kind] = linear_sum_assignment(apart.sum(axis=2))[1]
        return chosen

    def _aim(
        self, cells: Indices, places: Floats, strength: float, target: Floats, pull: Floats
    ) -> None:
        """Pull cells to places as strongly from far as from near."""
        target[cells] = places
        apart = np.maximum(np.abs(places - self.position[cells]), NEAR)
        pull[cells] = strength * self.n_pins[cells, None] / apart

    def _settle(self, target: Floats, pull: Floats) -> None:
        """Move all cells to where wires and pulls are in balance."""
        free = ~self.fixed
        for axis in range(2):
            wires = self._wires(axis)
            held = (pull[:, axis] + HELD)[free]
            weight = np.asarray(wires.sum(axis=1)).ravel()[free]
            rows = wires[free]
            system = diags(weight + held) - rows[:, free]
            start = self.position[free, axis]
            force = pull[free, axis] * target[free, axis] + HELD * start
            force += rows[:, self.fixed] @ self.position[self.fixed, axis]
            inverse = diags(1 / system.diagonal())
            place, _ = cg(system.tocsr(), force, x0=start, rtol=1e-3, maxiter=100, M=inverse)
            self.position[free, axis] = place

    def _wires(self, axis: int) -> csr_matrix:
        """Springs from both ends of each net to each other and to its other pins, along one axis.

        They are as stiff as makes the sum of squares equal to the plain length where cells are now
        (Spindler, Schlichtmann, Johannes: Kraftwerk2, 2008).
        """
        at = self.position[:, axis]
        pins = self.pins[np.lexsort((at[self.pins], self.net))]
        low, high = pins[self.first][self.net], pins[self.last][self.net]
        a = np.concatenate([low[self.others], high[self.inner]])
        b = np.concatenate([pins[self.others], pins[self.inner]])
        share = np.concatenate([self.share[self.others], self.share[self.inner]])
        stiffness = share / np.maximum(np.abs(at[a] - at[b]), NEAR)
        both = (np.concatenate([a, b]), np.concatenate([b, a]))
        count = len(self.position)
        return coo_matrix((np.tile(stiffness, 2), both), shape=(count, count)).tocsr()

    def _spread(self) -> Floats:
        """Places that keep the logic's order in both directions, equally dense everywhere."""
        result = np.zeros_like(self.position)
        low, high = np.full(2, float(EDGE)), self.size - EDGE
        boxes = [(self.logic, low, high)]
        while boxes:
            cells, low, high = boxes.pop()
            if len(cells) <= LEAF:
                result[cells] = (low + high) / 2
                continue
            axis = int(np.argmax(high - low))
            cells = cells[np.argsort(self.position[cells, axis], kind="stable")]
            cut = (len(cells) + 1) // 2
            middle = low[axis] + (high - low)[axis] * cut / len(cells)
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
