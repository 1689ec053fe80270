"""The accelerator alone, synthesised for an ECP5 as ``weft synth`` does it."""

from __future__ import annotations

import shutil
from pathlib import Path

from arch.config import load_config
from arch.params import Params
from boards import tools
from boards.devices import LFE5U_85F
from boards.flow import NETLIST, synthesis_script
from boards.resources import Netlist
from gen.verilog import module_name
from sim.hardware import verilog_path

VERILOG = "netlist.v"


def synthesise_accelerator(config: str, folder: Path) -> Netlist:
    """The netlist of a preset; ``folder`` then holds it as Verilog in the file VERILOG too."""
    params = Params(load_config(config))
    return synthesise_verilog(verilog_path(params), module_name(params), folder)


def synthesise_verilog(verilog: Path, module: str, folder: Path) -> Netlist:
    """The same of a module in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(verilog, folder / "npu.v")
    script = synthesis_script(LFE5U_85F, 0, "read_verilog npu.v", module)
    (folder / "npu.ys").write_text(f"{script}write_verilog -noattr -noexpr {VERILOG}\n")
    tools.call(tools.YOSYS, ["-q", "npu.ys"], folder, "yosys.log")
    return Netlist(folder / NETLIST)
