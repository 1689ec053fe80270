"""How much random tests of blocks do."""

from __future__ import annotations

import os


def rounds(verilator: int, icarus: int, simulator: str) -> str:
    """Rounds as an environment variable takes them; WEFT_EFFORT multiplies those in Verilator."""
    if simulator != "verilator":
        return str(icarus)
    return str(verilator * int(os.environ.get("WEFT_EFFORT", "1")))
