"""Configurations of the scalar datapath for tests."""

from __future__ import annotations

from arch.config import load_config, parse_config
from arch.params import Params
from tests.house.repository import ROOT

_BASE = load_config(ROOT / "boards" / "configs" / "tiny_scalar.yaml")

PARAMS = {
    "tiny_scalar": Params(_BASE),
    "bare_scalar": Params(
        parse_config(
            _BASE.model_dump() | {"name": "bare_scalar", "streams": 1, "elementwise": False}
        )
    ),
}
