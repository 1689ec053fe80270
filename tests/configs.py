"""Configurations for tests: the presets, and odd ones that stress what presets have in common."""

from __future__ import annotations

from pathlib import Path

from arch.config import PRESETS, Config, load_config, parse_config

_ODD: dict[str, dict[str, object]] = {
    # One lane, one stream, rows fewer than columns; hardly any memory, so that everything is tiled.
    "narrow": {
        "rows": 4,
        "cols": 8,
        "lanes": 1,
        "streams": 1,
        "accumulator_depth": 16,
        "scratchpad_kib": 4,
        "scratchpad_banks": 2,
        "weight_memory_kib": 2,
        "axi_data_bits": 32,
        "dma_burst_beats": 1,
        "dma_outstanding": 1,
        "core": {"imem_kib": 8, "dmem_kib": 4},
    },
    # Four windows side by side, and a 32-bit bus.
    "tall": {
        "rows": 16,
        "cols": 4,
        "lanes": 4,
        "streams": 4,
        "accumulator_depth": 32,
        "scratchpad_kib": 8,
        "scratchpad_banks": 8,
        "weight_memory_kib": 4,
        "axi_data_bits": 32,
        "core": {"imem_kib": 8, "dmem_kib": 4},
    },
    # Columns of several words, and a bus of 256 bits with addresses of 64.
    "wide": {
        "rows": 8,
        "cols": 32,
        "lanes": 32,
        "streams": 2,
        "accumulator_depth": 64,
        "scratchpad_kib": 16,
        "scratchpad_banks": 4,
        "weight_memory_kib": 16,
        "weight_rows_per_cycle": 2,
        "axi_data_bits": 256,
        "axi_address_bits": 64,
        "core": {"imem_kib": 8, "dmem_kib": 8},
    },
    # No core and no elementwise unit; a bus of 128 bits.
    "bare": {
        "rows": 16,
        "cols": 16,
        "lanes": 2,
        "streams": 2,
        "accumulator_depth": 32,
        "scratchpad_kib": 8,
        "scratchpad_banks": 2,
        "weight_memory_kib": 8,
        "axi_data_bits": 128,
        "core": "none",
        "elementwise": False,
    },
}

ODD_NAMES = tuple(_ODD)
NAMES = (*PRESETS, *ODD_NAMES)
SCALAR = "tiny_scalar"
_BOARDS = Path(__file__).parents[1] / "boards" / "configs"


def config(name: str) -> Config:
    """A preset, an odd configuration, or that of the scalar datapath."""
    if name == SCALAR:
        return load_config(_BOARDS / f"{name}.yaml")
    if name in _ODD:
        return parse_config({"name": name, **_ODD[name]})
    return load_config(name)
