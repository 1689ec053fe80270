"""The FPGAs of the boards, and what they have."""

from __future__ import annotations

from boards.board import Fpga

# FPGA-DS-02012: ECP5 family, table 1.1.
LFE5U_25F = Fpga(
    "ecp5",
    "LFE5U-25F",
    {"LUT4": 24288, "FF": 24288, "DSP": 28, "block RAM": 56},
    ("--25k", "--package", "CSFBGA285", "--speed", "8"),
)
LFE5U_85F = Fpga(
    "ecp5",
    "LFE5U-85F",
    {"LUT4": 83640, "FF": 83640, "DSP": 156, "block RAM": 208},
    ("--85k", "--package", "CABGA381", "--speed", "6"),
)
LFE5U_85F_CSFBGA285 = Fpga(
    "ecp5",
    "LFE5U-85F",
    {"LUT4": 83640, "FF": 83640, "DSP": 156, "block RAM": 208},
    ("--85k", "--package", "CSFBGA285", "--speed", "8"),
)
LFE5UM5G_85F = Fpga(
    "ecp5",
    "LFE5UM5G-85F",
    {"LUT4": 83640, "FF": 83640, "DSP": 156, "block RAM": 208},
    ("--um5g-85k", "--package", "CABGA554", "--speed", "8"),
)
# FPGA-DS-02008: iCE40 UltraPlus.
ICE40UP5K = Fpga(
    "ice40",
    "iCE40UP5K",
    {"LUT4": 5280, "FF": 5280, "DSP": 8, "block RAM": 30, "SPRAM": 4},
    ("--up5k", "--package", "sg48"),
)
# DS117: GW2A series.
GW2A_18 = Fpga(
    "gowin",
    "GW2A-18C",
    {"LUT4": 20736, "FF": 15552, "DSP": 48, "block RAM": 46},
    ("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18C"),
)
