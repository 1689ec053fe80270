"""The accelerator alone, synthesised for an FPGA as ``weft synth`` does it."""

from __future__ import annotations

import shutil
from pathlib import Path

from arch.config import load_config
from arch.params import Params
from boards import tools
from boards.board import Fpga
from boards.devices import LFE5U_85F
from boards.flow import NETLIST, synthesis_script
from boards.gowin_synthesis import finish_netlist
from boards.resources import Netlist
from gen.verilog import module_name
from sim.hardware import verilog_path

VERILOG = "netlist.v"


def synthesise_accelerator(config: str, folder: Path, fpga: Fpga = LFE5U_85F) -> Netlist:
    """The netlist of a preset or file; ``folder`` then holds it as Verilog in VERILOG too."""
    params = Params(load_config(config))
    return synthesise_verilog(verilog_path(params), module_name(params), folder, fpga)


def synthesise_verilog(verilog: Path, module: str, folder: Path, fpga: Fpga = LFE5U_85F) -> Netlist:
    """The same of a module in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(verilog, folder / "npu.v")
    script = synthesis_script(fpga, 0, "read_verilog npu.v", module)
    write = f"write_verilog -noattr -noexpr {VERILOG}\n"
    (folder / "npu.ys").write_text(script + write)
    tools.call(tools.YOSYS, ["-q", "npu.ys"], folder, "yosys.log")
    if fpga.family == "gowin":
        finish_netlist(folder / NETLIST)
        (folder / "again.ys").write_text(f"read_json {NETLIST}\n{write}")
        tools.call(tools.YOSYS, ["-q", "again.ys"], folder, "again.log")
    return Netlist(folder / NETLIST)
