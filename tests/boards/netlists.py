"""Small netlists in JSON, as Yosys and nextpnr write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def cell(kind: str, inputs: dict[str, list[int]], outputs: dict[str, list[int]]) -> dict[str, Any]:
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {
        "type": kind,
        "parameters": {},
        "port_directions": directions,
        "connections": inputs | outputs,
    }


def write_netlist(
    path: Path, cells: Mapping[str, Any], netnames: Mapping[str, Any] | None = None
) -> Path:
    """Write a netlist of one module; returns the path."""
    module = {
        "attributes": {"top": "1"},
        "ports": {},
        "cells": cells,
        "netnames": netnames or {},
    }
    path.write_text(json.dumps({"modules": {"top": module}}))
    return path
