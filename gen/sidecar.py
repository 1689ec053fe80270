"""What tools and hosts want to know of a generated accelerator, as JSON."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import In

from arch import memory_map, registers, scalar
from arch.isa import N_REGIONS
from arch.params import Params
from gen.verilog import flat_ports, module_name


def sidecar(params: Params, npu: wiring.Component) -> dict[str, Any]:
    """Parameters, ports, register map, memory map and sizes of memories of ``npu``."""
    c = params.config
    return {
        "name": c.name,
        "module": module_name(params),
        "generator": tool_versions(),
        "digest": f"0x{c.digest:08x}",
        "version": registers.VERSION,
        "parameters": c.hardware(),
        "derived": {
            "macs_per_cycle": params.macs_per_cycle,
            "group_rows": params.group_rows,
            "psum_bits": params.psum_bits,
            "scratchpad_word_bytes": params.window_bytes,
            "weight_word_bytes": params.weight_word_bytes,
            "descriptor_words": params.descriptor_words,
        },
        "ports": port_list(npu),
        "registers": [
            {
                "name": r.name,
                "offset": r.offset,
                "access": r.access.value,
                "doc": r.doc,
                "fields": [
                    {"name": f.name, "lsb": f.lsb, "width": f.width, "doc": f.doc}
                    for f in registers.FORMATS[r.name].fields
                ]
                if r.name in registers.FORMATS
                else [],
            }
            for r in registers.REGISTERS
        ],
        "regions": N_REGIONS,
        "core_memory_map": {
            name: getattr(memory_map, name)
            for name in (
                "IMEM_BASE",
                "DMEM_BASE",
                "SCRATCHPAD_BASE",
                "MMIO_BASE",
                "WINDOW_BASE",
                "WINDOW_BYTES",
            )
        }
        if c.has_core
        else {},
        "memory_bits": memory_bits(params),
    }


def memory_bits(params: Params) -> dict[str, int]:
    """Bits of each memory that is meant for block RAM."""
    if params.config.datapath == "scalar":
        return {
            "code": 8 * scalar.CODE_BYTES,
            "data": 8 * scalar.DATA_BYTES,
            "chip": 8 * scalar.ChipMap(params).n_bytes,
        }
    sizes = {space.name.lower(): 8 * n for space, n in params.space_bytes.items()}
    sizes["tables"] *= params.lanes  # a copy for each lane
    sizes["accumulator"] = 2 * params.accumulator_depth * 32 * params.cols
    return sizes


def tool_versions() -> dict[str, str]:
    """Versions of what the Verilog depends on."""
    return {"amaranth": version("amaranth")}


def port_list(component: Any) -> list[dict[str, Any]]:
    """Ports of the Verilog module of a component, clock and reset included."""
    ports: list[dict[str, Any]] = [
        {"name": "clk", "direction": "input", "width": 1},
        {"name": "rst", "direction": "input", "width": 1},
    ]
    for name, (signal, flow) in flat_ports(component).items():
        direction = "input" if flow is In else "output"
        ports.append({"name": name, "direction": direction, "width": len(signal)})
    return ports
