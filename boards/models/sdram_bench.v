// A board with SDRAM: its design, the pins' double data rate registers, and the chip.
//
// chip_clk is twice as fast as clk and rises behind each edge of it. The pins' registers are those
// of an ECP5 (ODDRX1F, IDDRX1F): outputs take three cycles and an input pair one, behind the cycle
// in which its second half came.
module sdram_bench (
    input clk,
    input chip_clk,
    input rst,
    input rx,
    output tx
);
  wire [2:0] column_code, row_code;
  wire [1:0] column_ba, row_ba;
  wire [12:0] column_a, row_a;
  wire [3:0] dqm;
  wire [31:0] dq_o;
  reg [31:0] dq_i;
  wire dq_oe, busy, error;

  board board (
      .clk(clk),
      .rst(rst),
      .rx(rx),
      .tx(tx),
      .busy(busy),
      .error(error),
      .pins_columns_code(column_code),
      .pins_columns_ba(column_ba),
      .pins_columns_a(column_a),
      .pins_rows_code(row_code),
      .pins_rows_ba(row_ba),
      .pins_rows_a(row_a),
      .pins_dqm(dqm),
      .pins_dq_o(dq_o),
      .pins_dq_oe(dq_oe),
      .pins_dq_i(dq_i)
  );

  // Outputs: the first half of a pair while clk is high, the second one while it is low.
  localparam HALF = 3 + 2 + 13 + 2 + 16;
  wire [HALF-1:0] first = {column_code, column_ba, column_a, dqm[1:0], dq_o[15:0]};
  wire [HALF-1:0] second = {row_code, row_ba, row_a, dqm[3:2], dq_o[31:16]};
  reg [2*HALF-1:0] out[2:0];
  reg [2:0] enabled = 0;
  integer i;
  initial for (i = 0; i < 3; i = i + 1) out[i] = {2{3'b111, {(HALF - 3) {1'b0}}}};
  always @(posedge clk) begin
    out[0] <= {second, first};
    out[1] <= out[0];
    out[2] <= out[1];
    enabled <= {enabled[1:0], dq_oe && !rst};
  end
  wire [2:0] code;
  wire [1:0] ba, mask;
  wire [12:0] a;
  wire [15:0] to_chip, from_chip;
  wire from_chip_valid;
  assign {code, ba, a, mask, to_chip} = clk ? out[2][HALF-1:0] : out[2][2*HALF-1:HALF];

  sdr_sdram chip (
      .clk(chip_clk),
      .cke(1'b1),
      .cs_n(1'b0),
      .ras_n(code[2]),
      .cas_n(code[1]),
      .we_n(code[0]),
      .ba(ba),
      .a(a),
      .dqm(mask),
      .dq_in(to_chip),
      .dq_driven(enabled[2]),
      .dq_out(from_chip),
      .dq_out_valid(from_chip_valid)
  );

  // The delay of the chip's clock, the wires and the access time are longer than a period and
  // shorter than two: a word arrives behind the first edge of clk and before the second one.
  reg [15:0] arrived;
  always @(posedge chip_clk) arrived <= from_chip_valid ? from_chip : 16'hdead;

  reg [15:0] at_rise, at_fall;
  always @(negedge clk) at_fall <= arrived;
  always @(posedge clk) begin
    at_rise <= arrived;
    dq_i <= {at_fall, at_rise};
  end
endmodule
