"""The FPGAs of the boards, and what they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from boards.board import Fpga
from boards.resources import CELL


def _ecp5_sites(
    blocks: Sequence[int], ram_rows: Sequence[int], dsp_rows: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    """Four block RAMs or multipliers to a block of nine columns, in some of the rows."""
    kinds = {
        "DP16KD": (ram_rows, "EBR", (0, 1, 2, 3), 2),
        "MULT18X18D": (dsp_rows, "MULT18_", (0, 1, 4, 5), 1),
    }
    return {
        kind: tuple(
            f"X{x + step * i}/Y{y}/{name}{i}" for y in rows for x in blocks for i in numbers
        )
        for kind, (rows, name, numbers, step) in kinds.items()
    }


# As nextpnr's chip database has them.
SITES_25 = _ecp5_sites((4, 13, 22, 33, 42, 51, 60), (25, 37), (13,))
SITES_85 = _ecp5_sites((*range(4, 59, 9), *range(69, 115, 9)), (22, 46, 70, 82), (10, 34, 58))
TILES_25, TILES_85 = (72, 50), (126, 95)

# FPGA-DS-02012: ECP5 family, table 1.1.
LFE5U_25F = Fpga(
    "ecp5",
    "LFE5U-25F",
    {"LUT4": 24288, "FF": 24288, "DSP": 28, "block RAM": 56},
    ("--25k", "--package", "CSFBGA285", "--speed", "8"),
    SITES_25,
    TILES_25,
)
LFE5U_85F = Fpga(
    "ecp5",
    "LFE5U-85F",
    {"LUT4": 83640, "FF": 83640, "DSP": 156, "block RAM": 208},
    ("--85k", "--package", "CABGA381", "--speed", "6"),
    SITES_85,
    TILES_85,
)
LFE5U_85F_CSFBGA285 = replace(
    LFE5U_85F, arguments=("--85k", "--package", "CSFBGA285", "--speed", "8")
)
LFE5UM5G_85F = replace(
    LFE5U_85F,
    name="LFE5UM5G-85F",
    arguments=("--um5g-85k", "--package", "CABGA554", "--speed", "8"),
)
# FPGA-DS-02008: iCE40 UltraPlus.
ICE40UP5K = Fpga(
    "ice40",
    "iCE40UP5K",
    {"LUT4": 5280, "FF": 5280, CELL: 5280, "DSP": 8, "block RAM": 30, "SPRAM": 4},
    ("--up5k", "--package", "sg48"),
)
# DS117: GW2A series.
GW2A_18 = Fpga(
    "gowin",
    "GW2A-18C",
    {"LUT4": 20736, "FF": 15552, CELL: 20736, "DSP": 48, "block RAM": 46},
    ("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18C"),
)
