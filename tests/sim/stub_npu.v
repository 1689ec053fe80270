// A stand-in for the accelerator: the real registers and ports, and a command set of its own.
//
// It fetches 64-bit words from the program's region, one at a time:
//   bits 7..0    0 end, 1 copy, 2 hang, 3 stop with an error, 4 log a byte, 5 a burst that breaks
//                AXI, 6 work for so many cycles, 7 stop the simulator
//   bits 15..8   copy: beats; error: cause; log: the byte; work: cycles
//   bits 47..16  copy: byte offset in region 1 (source) and in region 2 (target)
// A copy adds 1 to every byte. Region sizes and permissions are not looked at; an error response
// on the bus stops the program with the cause BUS. REG_<name> and the identity are macros.
module weft_tiny64 (
    input clk,
    input rst,
    output interrupt,

    input [11:0] s_axil_awaddr,
    input s_axil_awvalid,
    output s_axil_awready,
    input [31:0] s_axil_wdata,
    input [3:0] s_axil_wstrb,
    input s_axil_wvalid,
    output s_axil_wready,
    output [1:0] s_axil_bresp,
    output reg s_axil_bvalid,
    input s_axil_bready,
    input [11:0] s_axil_araddr,
    input s_axil_arvalid,
    output s_axil_arready,
    output reg [31:0] s_axil_rdata,
    output [1:0] s_axil_rresp,
    output reg s_axil_rvalid,
    input s_axil_rready,

    output [1:0] m_axi_arid,
    output reg [31:0] m_axi_araddr,
    output reg [7:0] m_axi_arlen,
    output [2:0] m_axi_arsize,
    output [1:0] m_axi_arburst,
    output reg m_axi_arvalid,
    input m_axi_arready,
    input [1:0] m_axi_rid,
    input [63:0] m_axi_rdata,
    input [1:0] m_axi_rresp,
    input m_axi_rlast,
    input m_axi_rvalid,
    output m_axi_rready,
    output [1:0] m_axi_awid,
    output reg [31:0] m_axi_awaddr,
    output reg [7:0] m_axi_awlen,
    output [2:0] m_axi_awsize,
    output [1:0] m_axi_awburst,
    output reg m_axi_awvalid,
    input m_axi_awready,
    output [63:0] m_axi_wdata,
    output [7:0] m_axi_wstrb,
    output m_axi_wlast,
    output reg m_axi_wvalid,
    input m_axi_wready,
    input [1:0] m_axi_bid,
    input [1:0] m_axi_bresp,
    input m_axi_bvalid,
    output m_axi_bready,

    output reg [3:0] event_started,
    output reg [3:0] event_completed,
    output reg log_valid,
    output reg [7:0] log_byte,
    output [31:0] core_pc
);
  localparam IDLE = 0, FETCH = 1, EXECUTE = 2, READ = 3, WRITE = 4, ANSWER = 5, WORK = 6, STOP = 7;

  reg [31:0] file[0:1023];  // registers, by word
  reg [3:0] state;
  reg [1:0] status;
  reg [63:0] command;
  reg [31:0] pc;
  reg [7:0] beat, index;
  reg [63:0] buffer[0:255];
  reg failed;
  integer lane;

  assign m_axi_arid = 1;
  assign m_axi_awid = 2;
  assign m_axi_arsize = command[7:0] == 5 ? 0 : 3;
  assign m_axi_awsize = 3;
  assign m_axi_arburst = 1;
  assign m_axi_awburst = 1;
  assign m_axi_wstrb = 8'hff;
  assign m_axi_rready = 1;
  assign m_axi_bready = 1;
  assign m_axi_wdata = buffer[index];
  assign m_axi_wlast = index == beat;

  assign s_axil_awready = s_axil_awvalid && s_axil_wvalid && !s_axil_bvalid;
  assign s_axil_wready = s_axil_awready;
  assign s_axil_arready = !s_axil_rvalid;
  assign s_axil_bresp = 0;
  assign s_axil_rresp = s_axil_araddr == 12'hffc ? 2 : 0;
  assign interrupt = (file[`REG_INTERRUPT / 4] & file[`REG_INTERRUPT_ENABLE / 4]) != 0;

  task stop(input [31:0] cause);
    begin
      file[`REG_ERROR_CAUSE / 4] <= cause;
      file[`REG_ERROR_SOURCE / 4] <= cause == 5 ? 32'h0000_0003 : 32'h000f_0007;
      file[`REG_ERROR_ADDRESS / 4] <= 32'h1234;
      file[`REG_ERROR_INFO / 4] <= 2;
      file[`REG_INTERRUPT / 4] <= 2;
      status <= 3;
      state <= IDLE;
    end
  endtask

  always @(posedge clk) begin
    event_started <= 0;
    event_completed <= 0;
    log_valid <= 0;
    if (m_axi_arready) m_axi_arvalid <= 0;
    if (m_axi_awready) m_axi_awvalid <= 0;
    if (status == 1) file[`REG_COUNTER_TOTAL / 4] <= file[`REG_COUNTER_TOTAL / 4] + 1;
    case (state)
      FETCH: begin
        command[7:0] <= 0;
        m_axi_araddr <= file[`REG_REGION0_BASE / 4] + pc;
        m_axi_arlen <= 0;
        m_axi_arvalid <= 1;
        state <= EXECUTE;
      end
      EXECUTE: if (m_axi_rvalid) begin
        command <= m_axi_rdata;
        pc <= pc + 8;
        case (m_axi_rdata[7:0])
          0: begin
            file[`REG_INTERRUPT / 4] <= 1;
            status <= 2;
            state <= IDLE;
          end
          1, 5: begin
            m_axi_araddr <= file[`REG_REGION1_BASE / 4] + m_axi_rdata[47:16];
            m_axi_awaddr <= file[`REG_REGION2_BASE / 4] + m_axi_rdata[47:16];
            m_axi_arlen <= m_axi_rdata[15:8] - 1;
            m_axi_awlen <= m_axi_rdata[15:8] - 1;
            m_axi_arvalid <= 1;
            beat <= m_axi_rdata[15:8] - 1;
            index <= 0;
            failed <= 0;
            event_started[0] <= 1;
            state <= READ;
          end
          2: state <= STOP;
          3: stop(m_axi_rdata[15:8]);
          4: begin
            log_valid <= 1;
            log_byte <= m_axi_rdata[15:8];
            state <= FETCH;
          end
          7: $fatal(1, "error: told to stop");
          default: begin
            index <= m_axi_rdata[15:8];
            event_started <= 4'b0110;
            state <= WORK;
          end
        endcase
      end
      READ: if (m_axi_rvalid) begin
        for (lane = 0; lane < 8; lane = lane + 1)
          buffer[index][8*lane+:8] <= m_axi_rdata[8*lane+:8] + 8'd1;
        file[`REG_COUNTER_BEATS_READ / 4] <= file[`REG_COUNTER_BEATS_READ / 4] + 1;
        index <= index + 1;
        failed <= failed || m_axi_rresp != 0;
        if (m_axi_rlast) begin
          index <= 0;
          event_completed[0] <= 1;
          event_started[3] <= 1;
          m_axi_awvalid <= 1;
          m_axi_wvalid <= 1;
          state <= WRITE;
        end
      end
      WRITE: if (m_axi_wready) begin
        index <= index + 1;
        if (m_axi_wlast) begin
          m_axi_wvalid <= 0;
          state <= ANSWER;
        end
      end
      ANSWER: if (m_axi_bvalid) begin
        event_completed[3] <= 1;
        if (failed || m_axi_bresp != 0) stop(5);
        else state <= FETCH;
      end
      WORK: begin
        index <= index - 1;
        if (index == 0) begin
          event_completed <= 4'b0110;
          state <= FETCH;
        end
      end
    endcase

    if (s_axil_bready) s_axil_bvalid <= 0;
    if (s_axil_rready) s_axil_rvalid <= 0;
    if (s_axil_awready) begin
      s_axil_bvalid <= 1;
      if (s_axil_awaddr == `REG_INTERRUPT)
        file[`REG_INTERRUPT / 4] <= file[`REG_INTERRUPT / 4] & ~s_axil_wdata;
      else if (s_axil_awaddr != `REG_CONTROL) file[s_axil_awaddr[11:2]] <= s_axil_wdata;
      else if (s_axil_wdata[1]) begin
        status <= 0;
        state <= IDLE;
        file[`REG_INTERRUPT / 4] <= 0;
      end else if (s_axil_wdata[0]) begin
        pc <= file[`REG_PROGRAM_OFFSET / 4];
        file[`REG_COUNTER_TOTAL / 4] <= 0;
        file[`REG_COUNTER_BEATS_READ / 4] <= 0;
        status <= 1;
        state <= FETCH;
      end
    end
    if (s_axil_arvalid && s_axil_arready) begin
      s_axil_rvalid <= 1;
      s_axil_rdata <= s_axil_araddr == `REG_STATUS ? {29'b0, 1'b1, status} : file[s_axil_araddr[11:2]];
    end
    if (rst) begin
      for (lane = 0; lane < 1024; lane = lane + 1) file[lane] <= 0;
      file[`REG_ID / 4] <= `IDENTITY;
      file[`REG_VERSION / 4] <= `VERSION;
      file[`REG_DIGEST / 4] <= `DIGEST;
      {s_axil_bvalid, s_axil_rvalid, m_axi_arvalid, m_axi_awvalid, m_axi_wvalid} <= 0;
      state <= IDLE;
      status <= 0;
      command <= 0;
    end
  end
endmodule
