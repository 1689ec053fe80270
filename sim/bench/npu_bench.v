// The accelerator with a clock, memory on its AXI port, a host on its AXI4-Lite port and a log.
//
// The macro NPU names the accelerator's module. Python sets what is marked public_flat_rw and reads
// the rest; it runs only when it waits for one of them, never once a cycle.
`timescale 1ns / 1ps
module npu_bench #(
    parameter DATA_BITS = 64,
    parameter ADDRESS_BITS = 40,
    parameter ID_BITS = 2,
    parameter WORDS = 2097152,
    parameter CONTROL_OFFSET = 16,
    parameter MAIN_LOOP_BYTES = 64
);
  reg clk /* verilator public_flat_rw */ = 0;
  reg rst /* verilator public_flat_rw */ = 1;
  always #5 clk = !clk;

  reg [31:0] cycle /* verilator public_flat_rd */ = 0;
  always @(posedge clk) cycle <= cycle + 1;

  // ---- settings of the memory -----------------------------------------------------------------
  reg [15:0] read_latency /* verilator public_flat_rw */ = 32;
  reg [15:0] write_latency /* verilator public_flat_rw */ = 32;
  reg [15:0] read_rate /* verilator public_flat_rw */ = 2048;
  reg [15:0] write_rate /* verilator public_flat_rw */ = 2048;
  reg [8:0] stall /* verilator public_flat_rw */ = 0;
  reg out_of_order /* verilator public_flat_rw */ = 0;
  reg interleave /* verilator public_flat_rw */ = 0;
  reg [63:0] memory_base /* verilator public_flat_rw */ = 0;
  reg [63:0] memory_bytes /* verilator public_flat_rw */ = 0;
  reg [63:0] error_base /* verilator public_flat_rw */ = 0;
  reg [63:0] error_bytes /* verilator public_flat_rw */ = 0;
  reg [63:0] seed /* verilator public_flat_rw */ = 0;
  reg reseed /* verilator public_flat_rw */ = 0;

  // ---- the host's hands -------------------------------------------------------------------------
  reg memory_request /* verilator public_flat_rw */ = 0;
  reg memory_dump /* verilator public_flat_rw */ = 0;
  reg [63:0] memory_address /* verilator public_flat_rw */ = 0;
  reg [63:0] memory_count /* verilator public_flat_rw */ = 0;
  wire memory_done /* verilator public_flat_rd */;
  wire memory_failed /* verilator public_flat_rd */;
  reg register_request /* verilator public_flat_rw */ = 0;
  reg register_write /* verilator public_flat_rw */ = 0;
  reg [11:0] register_address /* verilator public_flat_rw */ = 0;
  reg [31:0] register_wdata /* verilator public_flat_rw */ = 0;
  wire register_done /* verilator public_flat_rd */;
  wire [31:0] register_rdata /* verilator public_flat_rd */;
  wire [1:0] register_resp /* verilator public_flat_rd */;
  wire irq /* verilator public_flat_rd */;
  wire protocol_error /* verilator public_flat_rd */;
  wire [31:0] n_completed /* verilator public_flat_rd */;

  // ---- the accelerator --------------------------------------------------------------------------
  wire [11:0] awaddr_l, araddr_l;
  wire awvalid_l, awready_l, wvalid_l, wready_l, bvalid_l, bready_l;
  wire arvalid_l, arready_l, rvalid_l, rready_l;
  wire [31:0] wdata_l, rdata_l;
  wire [3:0] wstrb_l;
  wire [1:0] bresp_l, rresp_l;

  wire [ID_BITS-1:0] arid, rid, awid, bid;
  wire [ADDRESS_BITS-1:0] araddr, awaddr;
  wire [7:0] arlen, awlen;
  wire [2:0] arsize, awsize;
  wire [1:0] arburst, awburst, rresp, bresp;
  wire [DATA_BITS-1:0] rdata, wdata;
  wire [DATA_BITS/8-1:0] wstrb;
  wire arvalid, arready, rlast, rvalid, rready, awvalid, awready, wlast, wvalid, wready;
  wire bvalid, bready, wlast_error;

  wire [3:0] event_started, event_completed;
  wire log_valid, register_accepted;
  wire [7:0] log_byte;
  wire [31:0] core_pc;

  `NPU npu (
      .clk(clk),
      .rst(rst),
      .interrupt(irq),
      .s_axil_awaddr(awaddr_l),
      .s_axil_awvalid(awvalid_l),
      .s_axil_awready(awready_l),
      .s_axil_wdata(wdata_l),
      .s_axil_wstrb(wstrb_l),
      .s_axil_wvalid(wvalid_l),
      .s_axil_wready(wready_l),
      .s_axil_bresp(bresp_l),
      .s_axil_bvalid(bvalid_l),
      .s_axil_bready(bready_l),
      .s_axil_araddr(araddr_l),
      .s_axil_arvalid(arvalid_l),
      .s_axil_arready(arready_l),
      .s_axil_rdata(rdata_l),
      .s_axil_rresp(rresp_l),
      .s_axil_rvalid(rvalid_l),
      .s_axil_rready(rready_l),
      .m_axi_arid(arid),
      .m_axi_araddr(araddr),
      .m_axi_arlen(arlen),
      .m_axi_arsize(arsize),
      .m_axi_arburst(arburst),
      .m_axi_arvalid(arvalid),
      .m_axi_arready(arready),
      .m_axi_rid(rid),
      .m_axi_rdata(rdata),
      .m_axi_rresp(rresp),
      .m_axi_rlast(rlast),
      .m_axi_rvalid(rvalid),
      .m_axi_rready(rready),
      .m_axi_awid(awid),
      .m_axi_awaddr(awaddr),
      .m_axi_awlen(awlen),
      .m_axi_awsize(awsize),
      .m_axi_awburst(awburst),
      .m_axi_awvalid(awvalid),
      .m_axi_awready(awready),
      .m_axi_wdata(wdata),
      .m_axi_wstrb(wstrb),
      .m_axi_wlast(wlast),
      .m_axi_wvalid(wvalid),
      .m_axi_wready(wready),
      .m_axi_bid(bid),
      .m_axi_bresp(bresp),
      .m_axi_bvalid(bvalid),
      .m_axi_bready(bready),
      .event_started(event_started),
      .event_completed(event_completed),
      .log_valid(log_valid),
      .log_byte(log_byte),
      .core_pc(core_pc)
  );

  axil_host #(
      .ADDRESS_BITS(12)
  ) host (
      .clk(clk),
      .rst(rst),
      .request(register_request),
      .write(register_write),
      .address(register_address),
      .wdata(register_wdata),
      .done(register_done),
      .rdata(register_rdata),
      .resp(register_resp),
      .accepted(register_accepted),
      .awaddr(awaddr_l),
      .awvalid(awvalid_l),
      .awready(awready_l),
      .axil_wdata(wdata_l),
      .wstrb(wstrb_l),
      .wvalid(wvalid_l),
      .wready(wready_l),
      .bresp(bresp_l),
      .bvalid(bvalid_l),
      .bready(bready_l),
      .araddr(araddr_l),
      .arvalid(arvalid_l),
      .arready(arready_l),
      .axil_rdata(rdata_l),
      .rresp(rresp_l),
      .rvalid(rvalid_l),
      .rready(rready_l)
  );

  axi_memory #(
      .DATA_BITS(DATA_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .ID_BITS(ID_BITS),
      .WORDS(WORDS)
  ) memory (
      .clk(clk),
      .rst(rst),
      .read_latency(read_latency),
      .write_latency(write_latency),
      .read_rate(read_rate),
      .write_rate(write_rate),
      .stall(stall),
      .out_of_order(out_of_order),
      .interleave(interleave),
      .base(memory_base),
      .bytes(memory_bytes),
      .error_base(error_base),
      .error_bytes(error_bytes),
      .seed(seed),
      .reseed(reseed),
      .host_request(memory_request),
      .host_dump(memory_dump),
      .host_address(memory_address),
      .host_count(memory_count),
      .host_done(memory_done),
      .host_failed(memory_failed),
      .arid(arid),
      .araddr(araddr),
      .arlen(arlen),
      .arvalid(arvalid),
      .arready(arready),
      .rid(rid),
      .rdata(rdata),
      .rresp(rresp),
      .rlast(rlast),
      .rvalid(rvalid),
      .rready(rready),
      .awid(awid),
      .awaddr(awaddr),
      .awlen(awlen),
      .awvalid(awvalid),
      .awready(awready),
      .wdata(wdata),
      .wstrb(wstrb),
      .wlast(wlast),
      .wvalid(wvalid),
      .wready(wready),
      .bid(bid),
      .bresp(bresp),
      .bvalid(bvalid),
      .bready(bready),
      .wlast_error(wlast_error)
  );

  axi_checker #(
      .DATA_BITS(DATA_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .ID_BITS(ID_BITS)
  ) rules (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .arid(arid),
      .araddr(araddr),
      .arlen(arlen),
      .arsize(arsize),
      .arburst(arburst),
      .arvalid(arvalid),
      .arready(arready),
      .awid(awid),
      .awaddr(awaddr),
      .awlen(awlen),
      .awsize(awsize),
      .awburst(awburst),
      .awvalid(awvalid),
      .awready(awready),
      .wdata(wdata),
      .wstrb(wstrb),
      .wlast(wlast),
      .wvalid(wvalid),
      .wready(wready),
      .wlast_error(wlast_error),
      .protocol_error(protocol_error)
  );

  event_log #(
      .MAIN_LOOP_BYTES(MAIN_LOOP_BYTES)
  ) log (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .started(event_started),
      .completed(event_completed),
      .doorbell(register_accepted && register_write && register_address == CONTROL_OFFSET
                && register_wdata[0]),
      .irq(irq),
      .log_valid(log_valid),
      .log_byte(log_byte),
      .core_pc(core_pc),
      .n_completed(n_completed)
  );
endmodule
