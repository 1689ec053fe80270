"""How a design is synthesised for Gowin, where logic cells are what is short."""

from __future__ import annotations

import json
from pathlib import Path

from boards.gowin_fanout import spread_block_ram
from boards.gowin_registers import absorb_registers
from boards.resources import top_of

ADDERS = Path(__file__).with_name("gowin_adders.v")
WIDEST_IN_TABLES = 4
"""Bits of the widest adder that takes fewer cells without a carry chain."""

# Memories that are read into a register. In distributed RAM four bits take all of a tile and leave
# that register without a look-up table to share a cell with; block RAM is not short.
BLOCK_RAM = (
    "*.align.queue/m:storage",
    "*.sequencer.queue/m:memory",
    "*.store.buffer/m:storage",
    "*.tracker/m:offsets",
    "*.quant_store/m:*",
    "*axi.beats/m:storage",
)


def gowin_script(read: str, top: str, netlist: str) -> str:
    """Commands for Yosys; see :func:`boards.flow.synthesis_script`.

    No multiplexers between look-up tables: a flip-flop behind one has a cell of its own.
    """
    synth = f"synth_gowin -no-rw-check -nowidelut -noiopads -top {top} -family gw2a"
    lines = [
        read,
        f"hierarchy -top {top}",
        # What -no-rw-check does for ports that Yosys makes of registers, for those that are ports
        # from the beginning; else logic keeps what was there before a write in the same cycle.
        "setparam -set COLLISION_X_MASK 1'1 */t:$memrd_v2 */r:CLK_ENABLE=1 %i",
        f'setattr -set ram_style "block" {" ".join(BLOCK_RAM)}',
        f"{synth} -run begin:map_gates",
        "design -stash whole",
        f"read_verilog -icells -D WIDEST={WIDEST_IN_TABLES} <<EOT\n{ADDERS.read_text()}EOT",
        "design -stash adders",
        "design -load whole",
        "techmap -map %adders",
        f"{synth} -run map_gates:",
        f"write_json {netlist}",
    ]
    return "\n".join(lines) + "\n"


def finish_netlist(netlist: Path) -> None:
    """What Yosys does not do: rewrites its netlist in JSON in place."""
    design = json.loads(netlist.read_text())
    module = design["modules"][top_of(design["modules"])]
    absorb_registers(module)
    spread_block_ram(module)
    netlist.write_text(json.dumps(design))
