"""The accelerator's Verilog for a configuration, from a cache."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from arch.params import Params
from sim.tools import cache_folder

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("arch", "hw", "gen")
SUFFIXES = (".py", ".cc", ".c", ".h", ".S")


def verilog_path(params: Params) -> Path:
    """File with the Verilog of the accelerator; made anew when configuration or sources change."""
    digest = hashlib.sha256(version("amaranth").encode())
    digest.update(json.dumps(params.config.hardware(), sort_keys=True).encode())
    if params.config.datapath == "scalar":
        digest.update(version("ziglang").encode())  # compiles what its processor runs
    for name in SOURCES:
        for source in sorted((ROOT / name).rglob("*")):
            if source.suffix in SUFFIXES:
                digest.update(source.read_bytes())
    folder = cache_folder() / "verilog"
    path = folder / f"weft_{params.config.name}_{digest.hexdigest()[:16]}.v"
    if not path.is_file():
        from gen.verilog import npu_verilog  # slow to import, and seldom needed

        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".tmp")
        partial.write_text(npu_verilog(params))
        partial.replace(path)
    return path
