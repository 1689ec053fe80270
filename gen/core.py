"""The RISC-V core alone, as ``weft generate --core-only`` writes it."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from arch.config import Config
from arch.errors import ConfigError
from arch.riscv import EXTERNAL_INTERRUPT, ZERO_CSR_RANGES, Csr, Mcause
from gen.sidecar import port_list, tool_versions
from gen.verilog import emit, start_blocks
from gen.waivers import waiver_file
from hw.core.bus import DataBus, InstructionBus, Trap
from hw.core.cpu import Cpu
from hw.core.options import CpuOptions
from hw.core.rvfi import RvfiPort
from hw.core.verilog import keep_late_paths

CORE_MODULE = "weft_core"
_BUNDLES = {"ibus": InstructionBus, "dbus": DataBus, "trap": Trap, "rvfi": RvfiPort}
_MEMBERS = re.compile(r"^Members\n-+\n(?P<body>.*)\Z", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(
    r"^(?P<names>\w+(?:, \w+)*) : (?P<text>.*?)(?=^\w|\Z)", re.MULTILINE | re.DOTALL
)


def core_texts(config: Config, *, rvfi: bool = False) -> dict[str, str]:
    """Verilog, lint waivers and JSON sidecar of the core of a configuration, by file name.

    Parameters
    ----------
    rvfi : the core has the port ``rvfi``.

    Raises :class:`ConfigError` where the configuration has no such core.
    """
    if config.datapath == "scalar":
        raise ConfigError(
            f"{config.name}: on the scalar datapath operators run on the processor of the"
            " firmware, so there is no core to write alone; choose another configuration"
        )
    if config.core == "none":
        raise ConfigError(
            f"{config.name}: core is none, so there is no core to write; choose another"
            " configuration"
        )
    cpu = Cpu(CpuOptions.of(config.core, rvfi=rvfi))
    return {
        f"{CORE_MODULE}.v": start_blocks(keep_late_paths(emit(cpu, CORE_MODULE))),
        f"{CORE_MODULE}.vlt": waiver_file(f"{CORE_MODULE}.v"),
        f"{CORE_MODULE}.json": json.dumps(core_sidecar(cpu), indent=2) + "\n",
    }


def core_sidecar(cpu: Cpu) -> dict[str, Any]:
    """Instruction set, parameters, ports, bus protocols and CSRs of a core."""
    options = cpu.options
    bundles = {name: _BUNDLES[name] for name in _BUNDLES if name != "rvfi" or options.rvfi}
    docs = port_docs(Cpu)
    for name, signature in bundles.items():
        docs |= {f"{name}_{member}": text for member, text in port_docs(signature).items()}
    return {
        "module": CORE_MODULE,
        "generator": tool_versions(),
        "isa": isa_name(options),
        "privilege_modes": ["M"],
        "parameters": {
            "rvfi": options.rvfi,
            "zba": options.zba,
            "zbb": options.zbb,
            "dot4": options.dot4,
            "compressed": options.compressed,
            "branch_targets": options.branch_targets,
            "tag_bits": options.tag_bits,
            "target_bits": options.target_bits,
        },
        "reset": {"port": "rst", "level": 1, "synchronous": True, "vector_port": "reset_vector"},
        "buses": {name: _paragraphs(signature) for name, signature in bundles.items()},
        "ports": [port | _doc(docs, port["name"]) for port in port_list(cpu)],
        "csrs": {csr.name.lower(): f"0x{csr:03x}" for csr in Csr},
        "zero_csrs": [[f"0x{first:03x}", f"0x{last:03x}"] for first, last in ZERO_CSR_RANGES],
        "exceptions": {cause.name.lower(): int(cause) for cause in Mcause},
        "interrupts": {"irq": EXTERNAL_INTERRUPT},
    }


def isa_name(options: CpuOptions) -> str:
    """The instruction set as compilers write it; the dot products are an extension of our own."""
    chosen = {"zba": options.zba, "zbb": options.zbb, "xweftdot4": options.dot4}
    names = ("zicsr", "zifencei", "zicntr", *(name for name, has in chosen.items() if has))
    return "_".join(("rv32imc" if options.compressed else "rv32im", *names))


def port_docs(described: type) -> dict[str, str]:
    """What the docstring of a class says of each member, on one line."""
    found = _MEMBERS.search(inspect.getdoc(described) or "")
    if found is None:
        return {}
    return {
        name: " ".join(member["text"].split())
        for member in _MEMBER.finditer(found["body"])
        for name in member["names"].split(", ")
    }


def _paragraphs(described: type) -> str:
    """The docstring without its members, on one line."""
    return " ".join(_MEMBERS.sub("", inspect.getdoc(described) or "").split())


def _doc(docs: dict[str, str], name: str) -> dict[str, str]:
    return {"doc": docs[name]} if name in docs else {}
