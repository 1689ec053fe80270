"""Everything that ``weft generate`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from arch.config import Config
from arch.errors import WeftError
from arch.params import Params
from gen.accelerator import accelerator
from gen.c_header import c_header
from gen.core import core_texts
from gen.linker_map import linker_script
from gen.sidecar import sidecar
from gen.verilog import emit, module_name
from gen.waivers import waiver_file


class OutputError(WeftError):
    """A folder that cannot be written."""


def generate(params: Params, folder: Path) -> list[Path]:
    """Write Verilog, lint waivers, JSON sidecar, C header and (with a core) linker map."""
    name, npu = module_name(params), accelerator(params)
    texts = {
        f"{name}.v": emit(npu, name),
        f"{name}.vlt": waiver_file(f"{name}.v"),
        f"{name}.json": json.dumps(sidecar(params, npu), indent=2) + "\n",
        f"{name}.h": c_header(params),
    }
    if params.config.has_core:
        texts[f"{name}.ld"] = linker_script(params)
    return _write(texts, folder)


def generate_core(config: Config, folder: Path, *, rvfi: bool = False) -> list[Path]:
    """Write Verilog, lint waivers and JSON sidecar of the core alone."""
    return _write(core_texts(config, rvfi=rvfi), folder)


def _write(texts: dict[str, str], folder: Path) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file_name, text in texts.items():
            (folder / file_name).write_text(text)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose another folder with -o") from None
    return [folder / file_name for file_name in texts]
