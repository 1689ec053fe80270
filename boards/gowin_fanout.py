"""Look-up tables between block RAM of a Gowin netlist and what reads much of it.

nextpnr gives nets with more than ten distant readers to long wires, ahead of its router. Where it
does not find a way for one of them it keeps part of what it had found, and then cannot route that
net at all (nextpnr 0.11.1, GowinGlobalRouter::route_segmented_step3). Out of the tile of a block
RAM there are so few ways that this happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from typing import Any

MOST_READERS = 10
OUTPUTS = ("DO", "DOA", "DOB")


def spread_block_ram(module: Mapping[str, Any]) -> None:
    """Change a module of a netlist, as Yosys writes it in JSON, in place."""
    cells = module["cells"]
    readers: dict[int | str, list[tuple[str, str, int]]] = defaultdict(list)
    bits: set[int] = set()
    for name, cell in cells.items():
        for port, connected in cell["connections"].items():
            bits.update(bit for bit in connected if isinstance(bit, int))
            if cell["port_directions"][port] == "input":
                for i, bit in enumerate(connected):
                    readers[bit].append((name, port, i))
    fresh = count(max(bits, default=0) + 1)
    sources = [
        (f"{name}.{port}_{i}", bit)
        for name, cell in cells.items()
        for port in OUTPUTS
        if port in cell["connections"]
        for i, bit in enumerate(cell["connections"][port])
    ]
    for name, bit in sources:
        found = sorted(readers[bit])  # by name: what is near in the design stays together
        if len(found) <= MOST_READERS:
            continue
        n_buffers = -(-len(found) // MOST_READERS)
        for k in range(n_buffers):
            behind = next(fresh)
            cells[f"{name}_buffer_{k}"] = {
                "hide_name": 0,
                "type": "LUT1",
                "parameters": {"INIT": "10"},
                "attributes": {},
                "port_directions": {"I0": "input", "F": "output"},
                "connections": {"I0": [bit], "F": [behind]},
            }
            share = found[k * len(found) // n_buffers : (k + 1) * len(found) // n_buffers]
            for reader, port, i in share:
                cells[reader]["connections"][port][i] = behind
