// Rules that the manager's side of every transfer must keep; protocol_error rises with the
// first breach and stays until reset; a message says which rule.
//
// A valid stays up with a stable payload until its ready (AXI A3.2.1); bursts are INCR of
// full-width beats, do not cross 4096 bytes (A3.4.1), and WLAST is on the last beat.
module axi_checker #(
    parameter DATA_BITS = 64,
    parameter ADDRESS_BITS = 40,
    parameter ID_BITS = 2
) (
    input clk,
    input rst,
    input [31:0] cycle,

    input [ID_BITS-1:0] arid,
    input [ADDRESS_BITS-1:0] araddr,
    input [7:0] arlen,
    input [2:0] arsize,
    input [1:0] arburst,
    input arvalid,
    input arready,

    input [ID_BITS-1:0] awid,
    input [ADDRESS_BITS-1:0] awaddr,
    input [7:0] awlen,
    input [2:0] awsize,
    input [1:0] awburst,
    input awvalid,
    input awready,

    input [DATA_BITS-1:0] wdata,
    input [DATA_BITS/8-1:0] wstrb,
    input wlast,
    input wvalid,
    input wready,
    input wlast_error,

    output reg protocol_error
);
  localparam BYTE_BITS = $clog2(DATA_BITS / 8);
  localparam ADDRESS_CHANNEL = ID_BITS + ADDRESS_BITS + 13;
  localparam DATA_CHANNEL = DATA_BITS + DATA_BITS / 8 + 1;

  wire [ADDRESS_CHANNEL-1:0] ar = {arid, araddr, arlen, arsize, arburst};
  wire [ADDRESS_CHANNEL-1:0] aw = {awid, awaddr, awlen, awsize, awburst};
  wire [DATA_CHANNEL-1:0] w = {wdata, wstrb, wlast};
  reg [ADDRESS_CHANNEL-1:0] ar_held, aw_held;
  reg [DATA_CHANNEL-1:0] w_held;
  reg ar_waits, aw_waits, w_waits;

  task breach(input condition, input [8*40-1:0] rule);
    if (condition && !protocol_error) begin
      $display("axi_checker: cycle %0d: %0s", cycle, rule);
      protocol_error = 1;
    end
  endtask

  function crosses(input [ADDRESS_BITS-1:0] address, input [7:0] len);
    reg [31:0] end_offset;
    begin
      end_offset = (({20'b0, address[11:0]} >> BYTE_BITS) + len) << BYTE_BITS;
      crosses = end_offset >= 4096;
    end
  endfunction

  function irregular(input [2:0] size, input [1:0] burst);
    irregular = size != BYTE_BITS || burst != 1;
  endfunction

  always @(posedge clk) begin
    if (rst) protocol_error = 0;
    else begin
      breach(ar_waits && (!arvalid || ar != ar_held), "AR changed before its handshake");
      breach(aw_waits && (!awvalid || aw != aw_held), "AW changed before its handshake");
      breach(w_waits && (!wvalid || w != w_held), "W changed before its handshake");
      breach(arvalid && irregular(arsize, arburst), "AR is not a full-width INCR burst");
      breach(awvalid && irregular(awsize, awburst), "AW is not a full-width INCR burst");
      breach(arvalid && crosses(araddr, arlen), "AR crosses 4096 bytes");
      breach(awvalid && crosses(awaddr, awlen), "AW crosses 4096 bytes");
      breach(wlast_error, "WLAST is on a wrong beat");
    end
    ar_waits <= arvalid && !arready && !rst;
    aw_waits <= awvalid && !awready && !rst;
    w_waits <= wvalid && !wready && !rst;
    ar_held <= ar;
    aw_held <= aw;
    w_held <= w;
  end

  initial begin
    protocol_error = 0;
    {ar_waits, aw_waits, w_waits} = 0;
  end
endmodule
