"""Configurations that tests of blocks share."""

from __future__ import annotations

from arch.config import load_config, parse_config
from arch.params import Params

VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    "tiny": ("tiny", {}),
    "small": ("small", {}),
    "bus128": ("large", {"axi_data_bits": 128, "dma_burst_beats": 16}),
    "bus256": ("large", {"axi_data_bits": 256, "dma_burst_beats": 128, "axi_address_bits": 64}),
    "tiny4k": ("tiny", {"scratchpad_kib": 4}),
    "small8k": ("small", {"scratchpad_kib": 8}),
    "bus256_8k": ("large", {"axi_data_bits": 256, "dma_burst_beats": 8, "scratchpad_kib": 8}),
    "bare": ("tiny", {"core": "none", "elementwise": False, "dma_burst_beats": 1}),
}


def variant(name: str) -> Params:
    """Parameters of a preset with some keys changed."""
    preset, changes = VARIANTS[name]
    base = load_config(preset).model_dump()
    return Params(parse_config(base | changes))
