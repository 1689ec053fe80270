"""Counts what a synthesised netlist takes, per resource and per component."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

# Resources that a cell of the netlist takes, as nextpnr packs it.
CELLS: Mapping[str, Mapping[str, int]] = {
    # ECP5: a carry cell takes both look-up tables of a slice; distributed RAM three slices.
    "LUT4": {"LUT4": 1},
    "CCU2C": {"LUT4": 2},
    "TRELLIS_DPR16X4": {"LUT4": 6},
    "TRELLIS_FF": {"FF": 1},
    "MULT18X18D": {"DSP": 1},
    "DP16KD": {"block RAM": 1},
    "PDPW16KD": {"block RAM": 1},
    # iCE40
    "SB_LUT4": {"LUT4": 1},
    "SB_MAC16": {"DSP": 1},
    "SB_RAM40_4K": {"block RAM": 1},
    "SB_SPRAM256KA": {"SPRAM": 1},
    # Gowin: a 16-word RAM takes the tables of a whole tile and its flip-flops.
    "LUT1": {"LUT4": 1},
    "LUT2": {"LUT4": 1},
    "LUT3": {"LUT4": 1},
    "ALU": {"LUT4": 1},
    "RAM16SDP4": {"LUT4": 8, "FF": 6},
    "MULT18X18": {"DSP": 1},
    "MULT9X9": {"DSP": 1},
    "MULT36X36": {"DSP": 4},
    "SDPB": {"block RAM": 1},
    "SDPX9B": {"block RAM": 1},
    "DPB": {"block RAM": 1},
    "DPX9B": {"block RAM": 1},
    "SP": {"block RAM": 1},
    "SPX9": {"block RAM": 1},
}
FLIP_FLOPS = ("SB_DFF", "DFF")  # families of cells by the beginning of their names
# Where a flip-flop has no way around the look-up table before it, by the port that drives it.
# The other output of an iCE40's cell is the flip-flop's, so its table can serve nothing else.
TABLE_OUTPUTS = {"SB_LUT4": "O", "LUT1": "F", "LUT2": "F", "LUT3": "F", "LUT4": "F", "ALU": "SUM"}
CELL = "logic cell"
OTHER = "(shared)"

Counts = Counter[str]


def resources_of(cell_type: str) -> Mapping[str, int]:
    """What one cell takes; nothing for wires, buffers and multiplexers inside slices."""
    if cell_type.startswith(FLIP_FLOPS):
        return {"FF": 1}
    return CELLS.get(cell_type, {})


def top_of(modules: Mapping[str, Any]) -> str:
    """Name of the top module of a netlist that Yosys or nextpnr wrote in JSON."""
    return next(
        name
        for name, module in modules.items()
        if int(str(module["attributes"].get("top", "0")), 2)
    )


class Netlist:
    """A flat netlist as Yosys writes it in JSON.

    Parameters
    ----------
    path : the file.
    """

    def __init__(self, path: Path):
        self._modules = json.loads(path.read_text())["modules"]
        self._top = top_of(self._modules)

    @cached_property
    def _readers(self) -> Mapping[int, list[str]]:
        """Cells of the top module that read a bit."""
        readers: dict[int, list[str]] = defaultdict(list)
        for name, cell in self._modules[self._top]["cells"].items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "input":
                    for bit in bits:
                        readers[bit].append(name)
        return readers

    def totals(self) -> Counts:
        """Resources of the whole design."""
        counts = self._totals(self._top)
        lone = self._lone_flip_flops()
        if lone:
            counts[CELL] = counts["LUT4"] + lone + self._ends_of_carry_chains()
        return counts

    def _ends_of_carry_chains(self) -> int:
        """Cells that nextpnr adds to Gowin's chains.

        One ahead of each, one behind where something else reads the carry, and one to make the
        number even.
        """
        cells = self._modules[self._top]["cells"]
        chain = {name: cell["connections"] for name, cell in cells.items() if cell["type"] == "ALU"}
        carries = {pins["COUT"][0]: name for name, pins in chain.items() if "COUT" in pins}

        def goes_on(carry: int) -> bool:
            readers = self._readers.get(carry, [])
            return len(readers) == 1 and chain.get(readers[0], {}).get("CIN") == [carry]

        ends = 0
        for pins in chain.values():
            if pins["CIN"][0] in carries and goes_on(pins["CIN"][0]):
                continue
            length, carry = 2, pins.get("COUT", [None])[0]  # with the one ahead
            while carry is not None and goes_on(carry):
                length += 1
                carry = chain[self._readers[carry][0]].get("COUT", [None])[0]
            tail = int(bool(self._readers.get(carry)))
            ends += 1 + tail + (length + tail) % 2
        return ends

    def _lone_flip_flops(self) -> int:
        """Flip-flops of iCE40 and Gowin that cannot lie behind the look-up table they load from."""
        cells = self._modules[self._top]["cells"].values()
        tables: dict[int, bool] = {}  # output of a table: may it serve others too
        for cell in cells:
            if TABLE_OUTPUTS.get(cell["type"], "-") in cell["connections"]:
                (bit,) = cell["connections"][TABLE_OUTPUTS[cell["type"]]]
                tables[bit] = cell["type"] != "SB_LUT4"
        lone = 0
        for cell in cells:
            if cell["type"].startswith(FLIP_FLOPS):
                (bit,) = cell["connections"]["D"]
                shared = tables.pop(bit, None)
                lone += shared is None or (not shared and len(self._readers[bit]) > 1)
        return lone

    def _totals(self, name: str) -> Counts:
        counts: Counts = Counter()
        for cell in self._modules[name]["cells"].values():
            counts.update(self._cell(cell["type"]))
        return counts

    def _cell(self, kind: str) -> Mapping[str, int]:
        if "." in kind and kind in self._modules:  # a part that kept its hierarchy
            return self._totals(kind)
        return resources_of(kind)

    def by_component(self) -> dict[str, Counts]:
        """Resources by component, named by :func:`component_of`.

        Synthesis keeps the names of registers, memories and multipliers, and mixes the logic
        between them; a look-up table counts for the component that its output serves.
        """
        module = self._modules[self._top]
        names = _names_of_bits(module)
        cells = module["cells"]
        owner: dict[str, str] = {}
        for name, cell in cells.items():
            found = _own_name(name, cell, names)
            if found is not None:
                owner[name] = found
        self._spread(cells, self._readers, owner)
        table: dict[str, Counts] = defaultdict(Counter)
        for name, cell in cells.items():
            taken = self._cell(cell["type"])
            if taken:
                table[owner.get(name, OTHER)].update(taken)
        return dict(table)

    @staticmethod
    def _spread(
        cells: Mapping[str, Any], readers: Mapping[int, list[str]], owner: dict[str, str]
    ) -> None:
        """Give cells without a name the component that most readers of their outputs are in."""
        left = [name for name in cells if name not in owner]
        while left:
            found: dict[str, str] = {}
            for name in left:
                votes: Counter[str] = Counter()
                cell = cells[name]
                for port, bits in cell["connections"].items():
                    if cell["port_directions"][port] == "output":
                        for bit in bits:
                            votes.update(owner[r] for r in readers.get(bit, ()) if r in owner)
                if votes:
                    found[name] = votes.most_common(1)[0][0]
            if not found:
                return
            owner.update(found)
            left = [name for name in left if name not in owner]


_COMBINATIONAL = ("LUT", "SB_LUT4", "CCU2C", "PFUMX", "L6MUX21", "ALU", "MUX2", "SB_CARRY", "$")


def _own_name(name: str, cell: Mapping[str, Any], names: Mapping[int, str]) -> str | None:
    """The component in a cell's own name or, of logic, in the name of its output."""
    if cell["type"].startswith("$"):
        return None
    if not cell["type"].startswith(_COMBINATIONAL) and "." in name:
        return component_of(name)
    for port, bits in cell["connections"].items():
        if cell["port_directions"][port] == "output":
            for bit in bits:
                if bit in names:
                    return component_of(names[bit])
    return None


def _names_of_bits(module: Mapping[str, Any]) -> dict[int, str]:
    """For each bit the hierarchical name that lies deepest: where it is made."""
    names: dict[int, str] = {}
    for name, net in module["netnames"].items():
        if name.startswith("$") or "." not in name:
            continue
        for bit in net["bits"]:
            if bit not in names or name.count(".") > names[bit].count("."):
                names[bit] = name
    return names


def component_of(name: str) -> str:
    """Component that a hierarchical name lies in, at most two levels below the accelerator."""
    parts = [part.split("$")[0] for part in name.split(".")]
    if "npu" in parts:
        parts = parts[parts.index("npu") + 1 :]
        depth = 2 if parts[0] in ("array_engine", "core_engine") else 1
        known = parts[: min(depth, len(parts) - 1)]
        return ".".join(part for part in known if "__" not in part) or "npu"
    return parts[1] if parts[0] == "top" and len(parts) > 2 else parts[0]
