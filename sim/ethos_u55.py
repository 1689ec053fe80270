"""Cycles of Arm's Ethos-U55 on the MLPerf Tiny networks: the mark that weft must not miss.

Source: Arm's estimator, ethos-u-vela 5.2.0, for the U55 with so many MACs, one inference with
external memory at 8 bytes/cycle.
"""

from __future__ import annotations

CYCLES: dict[tuple[str, int], int] = {
    ("kws", 64): 137_709,
    ("kws", 128): 87_678,
    ("kws", 256): 56_222,
    ("vww", 64): 355_816,
    ("vww", 128): 210_256,
    ("vww", 256): 146_940,
    ("ic", 64): 356_303,
    ("ic", 128): 184_083,
    ("ic", 256): 107_151,
    ("ad", 64): 41_090,
    ("ad", 128): 40_929,
    ("ad", 256): 40_929,
}
"""Cycles from start to end, by network (cli.models) and MACs per cycle."""
