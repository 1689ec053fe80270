"""Waivers for ``verilator --lint-only -Wall``, each with its reason.

The Verilog is written by Yosys from Amaranth's netlist; what is waived is how the two of them
write, not what the hardware does. Everything else must stay clean.
"""

from __future__ import annotations

WAIVERS: dict[str, str] = {
    "DECLFILENAME": "the file holds all modules of the accelerator",
    "UNUSEDSIGNAL": "Amaranth names intermediate values of which only some bits are needed",
    "WIDTHEXPAND": "Amaranth widens operands of sums and comparisons without writing it down",
    "WIDTHTRUNC": "Yosys writes a test for zero as the logical negation of a vector",
    "PROCASSINIT": "Amaranth gives registers and intermediate values their reset value as initial"
    " value too",
    "INITIALDLY": "an assignment at time zero starts combinational blocks in other simulators",
    "CASEINCOMPLETE": "values that a case leaves out are assigned before it",
    "CMPCONST": "generic comparisons become constant for some configurations",
    "UNSIGNED": "generic comparisons become constant for some configurations",
    "ASCRANGE": "fields of no bits, for some configurations, are written as [-1:0]",
    "VARHIDDEN": "a memory and the instance that holds it may share a name; their scopes differ",
    "SYMRSVDWORD": "the port named interrupt; no C++ is made from this Verilog by name",
}


def waiver_file(file_name: str) -> str:
    """A Verilator configuration file with the waivers for one Verilog file."""
    lines = ["`verilator_config"]
    for rule, reason in WAIVERS.items():
        lines += [f"// {reason}", f'lint_off -rule {rule} -file "*{file_name}"']
    return "\n".join(lines) + "\n"
