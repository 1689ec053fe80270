"""Configurations of the scalar datapath for tests."""

from __future__ import annotations

from arch.config import Config, load_config, parse_config
from arch.params import Params
from tests.house.repository import ROOT

_BASE = load_config(ROOT / "boards" / "configs" / "tiny_scalar.yaml")


def _without_core(**keys: object) -> Config:
    return parse_config(_BASE.model_dump() | {"core": "none", **keys})


CORE_PARAMS = Params(_BASE)

PARAMS = {
    "coreless_scalar": Params(_without_core(name="coreless_scalar")),
    "bare_scalar": Params(_without_core(name="bare_scalar", streams=1, elementwise=False)),
}
"""Those whose firmware is built for the host, too, which has no operators."""
