// AXI4-Lite manager for the host: one register access for each change of `request`.
//
// With write 1 it stores wdata at address, with write 0 it fills rdata; then `done` equals
// `request` and resp holds the response. `accepted` is 1 in the cycle in which the subordinate has
// both address and data of a write.
module axil_host #(
    parameter ADDRESS_BITS = 12
) (
    input clk,
    input rst,

    input request,
    input write,
    input [ADDRESS_BITS-1:0] address,
    input [31:0] wdata,
    output reg done,
    output reg [31:0] rdata,
    output reg [1:0] resp,
    output accepted,

    output reg [ADDRESS_BITS-1:0] awaddr,
    output reg awvalid,
    input awready,
    output reg [31:0] axil_wdata,
    output [3:0] wstrb,
    output reg wvalid,
    input wready,
    input [1:0] bresp,
    input bvalid,
    output bready,
    output reg [ADDRESS_BITS-1:0] araddr,
    output reg arvalid,
    input arready,
    input [31:0] axil_rdata,
    input [1:0] rresp,
    input rvalid,
    output rready
);
  reg busy;
  assign wstrb = 4'hf;
  assign bready = 1;
  assign rready = 1;
  assign accepted = (awvalid || wvalid) && (!awvalid || awready) && (!wvalid || wready);

  always @(posedge clk) begin
    if (awready) awvalid <= 0;
    if (wready) wvalid <= 0;
    if (arready) arvalid <= 0;
    if (!busy && request != done) begin
      busy <= 1;
      awvalid <= write;
      wvalid <= write;
      arvalid <= !write;
      awaddr <= address;
      araddr <= address;
      axil_wdata <= wdata;
    end
    if (busy && (bvalid || rvalid)) begin
      busy <= 0;
      done <= request;
      resp <= bvalid ? bresp : rresp;
      rdata <= axil_rdata;
    end
    if (rst) begin
      busy <= 0;
      awvalid <= 0;
      wvalid <= 0;
      arvalid <= 0;
    end
  end

  initial begin
    done = 0;
    busy = 0;
    awvalid = 0;
    wvalid = 0;
    arvalid = 0;
  end
endmodule
