// A board with SDRAM: its design, the registers of its pins, and the chip half a period behind.
module sdram_bench #(
    parameter POWER_UP = 5000,
    parameter T_RP = 1,
    parameter T_RCD = 1,
    parameter T_RAS = 3,
    parameter T_RC = 4,
    parameter REFRESH = 500
) (
    input clk,
    input rst,
    input rx,
    output tx
);
  wire cke, cs_n, ras_n, cas_n, we_n, dq_oe;
  wire [1:0] ba, dqm;
  wire [12:0] a;
  wire [15:0] dq_o, chip_dq;
  reg [15:0] dq_i;
  wire chip_valid, busy, error;

  board board (
      .clk(clk),
      .rst(rst),
      .rx(rx),
      .tx(tx),
      .busy(busy),
      .error(error),
      .pins_cke(cke),
      .pins_cs_n(cs_n),
      .pins_ras_n(ras_n),
      .pins_cas_n(cas_n),
      .pins_we_n(we_n),
      .pins_ba(ba),
      .pins_a(a),
      .pins_dqm(dqm),
      .pins_dq_o(dq_o),
      .pins_dq_oe(dq_oe),
      .pins_dq_i(dq_i)
  );

  reg [21:0] pins;
  reg [15:0] pins_dq;
  reg pins_oe;
  always @(posedge clk) begin
    pins <= {cke, cs_n, ras_n, cas_n, we_n, ba, a, dqm};
    pins_dq <= dq_o;
    pins_oe <= dq_oe && !rst;
    dq_i <= chip_valid ? chip_dq : 16'hdead;
  end

  sdr_sdram #(
      .POWER_UP(POWER_UP),
      .T_RP(T_RP),
      .T_RCD(T_RCD),
      .T_RAS(T_RAS),
      .T_RC(T_RC),
      .REFRESH(REFRESH)
  ) chip (
      .clk(!clk),
      .cke(pins[21] && !rst),
      .cs_n(pins[20]),
      .ras_n(pins[19]),
      .cas_n(pins[18]),
      .we_n(pins[17]),
      .ba(pins[16:15]),
      .a(pins[14:2]),
      .dqm(pins[1:0]),
      .dq_in(pins_dq),
      .dq_driven(pins_oe),
      .dq_out(chip_dq),
      .dq_out_valid(chip_valid)
  );
endmodule
