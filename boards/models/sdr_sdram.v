// Model of a 16-bit single-data-rate SDRAM that stops the simulation when a rule is broken.
//
// Times are given when the simulation starts, as +T_RP=3, in periods of clk, the chip's own clock,
// rounded up by whoever takes them from the datasheet. Data leave CAS_LATENCY - 1 edges after the one
// that took READ and stay for a period.
module sdr_sdram #(
    parameter COLUMN_BITS = 9,
    parameter ROW_BITS = 13,
    parameter BANK_BITS = 2,
    parameter CAS_LATENCY = 3
) (
    input clk,
    input cke,
    input cs_n,
    input ras_n,
    input cas_n,
    input we_n,
    input [BANK_BITS-1:0] ba,
    input [ROW_BITS-1:0] a,
    input [1:0] dqm,
    input [15:0] dq_in,
    input dq_driven,
    output reg [15:0] dq_out,
    output reg dq_out_valid
);
  localparam BANKS = 1 << BANK_BITS;
  reg [15:0] memory[(1<<(COLUMN_BITS+ROW_BITS+BANK_BITS))-1:0];

  reg [31:0] power_up, t_rp, t_rcd, t_ras, t_ras_max, t_rc, t_rrd, t_mrd, t_wr, refresh;
  initial
    if (!(
          $value$plusargs("POWER_UP=%d", power_up) &&
          $value$plusargs("T_RP=%d", t_rp) &&
          $value$plusargs("T_RCD=%d", t_rcd) &&
          $value$plusargs("T_RAS=%d", t_ras) &&
          $value$plusargs("T_RAS_MAX=%d", t_ras_max) &&
          $value$plusargs("T_RC=%d", t_rc) &&
          $value$plusargs("T_RRD=%d", t_rrd) &&
          $value$plusargs("T_MRD=%d", t_mrd) &&
          $value$plusargs("T_WR=%d", t_wr) &&
          $value$plusargs("REFRESH=%d", refresh)
    )) broken("a time is missing");

  reg [31:0] now = 0;
  reg [31:0] activated[BANKS-1:0], precharged[BANKS-1:0], written[BANKS-1:0];
  reg [ROW_BITS-1:0] open_row[BANKS-1:0];
  reg [BANKS-1:0] is_open = 0;
  reg [31:0] refreshed = 0, mode_set = 0, activated_any = 0;
  reg [3:0] n_refreshes = 0;
  reg all_precharged = 0, ready = 0;
  // More refreshes than are due may be owed for a while: 8 rows in a row (JEDEC).
  reg [31:0] refresh_debt = 0;
  reg [3:0] burst_words = 0;
  reg [2:0] burst_log = 0;

  // The burst under way.
  reg [3:0] read_left = 0, write_left = 0;
  reg [BANK_BITS-1:0] burst_bank = 0;
  reg [COLUMN_BITS-1:0] burst_column = 0;
  reg [15:0] pipe[3:0];
  reg [3:0] pipe_valid = 0;
  reg was_out = 0;
  reg [1:0] dqm_before = 0;

  wire [2:0] code = {ras_n, cas_n, we_n};
  wire selected = cke && !cs_n;
  wire [COLUMN_BITS-1:0] next_column =
      (burst_column & ~((1 << burst_log) - 1)) | ((burst_column + 1) & ((1 << burst_log) - 1));
  integer b;

  task broken(input [40*8-1:0] rule);
    begin
      $display("sdram: period %0d: %0s", now, rule);
      $fatal(1);
    end
  endtask

  task store(input [BANK_BITS-1:0] bank, input [COLUMN_BITS-1:0] column);
    begin
      if (!dq_driven) broken("no data with a write");
      if (!dqm[0]) memory[{bank, open_row[bank], column}][7:0] = dq_in[7:0];
      if (!dqm[1]) memory[{bank, open_row[bank], column}][15:8] = dq_in[15:8];
      written[bank] = now;
    end
  endtask

  initial
    for (b = 0; b < BANKS; b = b + 1) begin
      activated[b] = 0;
      precharged[b] = 0;
      written[b] = 0;
      open_row[b] = 0;
    end

  always @(posedge clk) begin
    now <= now + 1;
    // Data out: word CAS_LATENCY - 1 edges behind its READ. A mask takes two periods.
    dq_out <= pipe[CAS_LATENCY-2];
    dq_out_valid <= pipe_valid[CAS_LATENCY-2];
    if (pipe_valid[CAS_LATENCY-2] && dqm_before != 0) broken("a read is masked");
    dqm_before <= dqm;
    for (b = 3; b > 0; b = b - 1) pipe[b] <= pipe[b-1];
    pipe_valid <= {pipe_valid[2:0], 1'b0};
    // The chip lets go a good part of a period behind the edge.
    was_out <= dq_out_valid;
    if ((dq_out_valid || was_out) && dq_driven) broken("both sides drive the data");

    if (write_left != 0) begin
      store(burst_bank, next_column);
      burst_column <= next_column;
      write_left <= write_left - 1;
    end
    if (read_left != 0) begin
      pipe[0] <= memory[{burst_bank, open_row[burst_bank], next_column}];
      pipe_valid[0] <= 1;
      burst_column <= next_column;
      read_left <= read_left - 1;
    end

    if (ready) begin
      refresh_debt <= refresh_debt + 1;
      if (refresh_debt > 8 * refresh) broken("refresh is overdue");
    end
    if (selected && code != 3'b111) begin
      if (now < power_up) broken("a command before the power is stable");
      if (now - refreshed < t_rc && refreshed != 0) broken("tRC after a refresh");
      if (now - mode_set < t_mrd && mode_set != 0) broken("tMRD");
      if (!ready && code != 3'b010 && code != 3'b001 && code != 3'b000) broken("not set up");
      case (code)
        3'b011: begin
          if (is_open[ba]) broken("ACTIVE in an open bank");
          if (now - precharged[ba] < t_rp) broken("tRP");
          if (now - activated[ba] < t_rc) broken("tRC");
          if (now - activated_any < t_rrd) broken("tRRD");
          is_open[ba] <= 1;
          open_row[ba] <= a;
          activated[ba] <= now;
          activated_any <= now;
        end
        3'b101, 3'b100: begin
          if (!is_open[ba]) broken("READ or WRITE in a closed bank");
          if (now - activated[ba] < t_rcd) broken("tRCD");
          if (a[10]) broken("auto-precharge is not modelled");
          burst_bank <= ba;
          burst_column <= a[COLUMN_BITS-1:0];
          if (read_left != 0 || write_left != 0) broken("a burst is cut short");
          if (code == 3'b101) begin
            pipe[0] <= memory[{ba, open_row[ba], a[COLUMN_BITS-1:0]}];
            pipe_valid[0] <= 1;
            read_left <= burst_words - 1;
          end else begin
            store(ba, a[COLUMN_BITS-1:0]);
            write_left <= burst_words - 1;
          end
        end
        3'b010: begin
          for (b = 0; b < BANKS; b = b + 1)
            if (a[10] || ba == b) begin
              if (burst_bank == b && (read_left != 0 || write_left != 0))
                broken("a burst is cut short");
              if (is_open[b] && now - activated[b] < t_ras) broken("tRAS");
              if (is_open[b] && now - activated[b] > t_ras_max) broken("tRAS is too long");
              if (is_open[b] && now - written[b] < t_wr && written[b] != 0) broken("tWR");
              if (is_open[b]) precharged[b] <= now;
              is_open[b] <= 0;
            end
          if (a[10]) all_precharged <= 1;
        end
        3'b001: begin
          if (is_open != 0 || !all_precharged) broken("refresh with an open bank");
          for (b = 0; b < BANKS; b = b + 1) if (now - precharged[b] < t_rp) broken("tRP");
          refreshed <= now;
          refresh_debt <= refresh_debt < refresh ? 0 : refresh_debt - refresh;
          if (n_refreshes != 15) n_refreshes <= n_refreshes + 1;
        end
        3'b000: begin
          if (is_open != 0 || n_refreshes < 2) broken("LOAD MODE before two refreshes");
          if (a[6:4] != CAS_LATENCY || a[3] || a[9:7] != 0 || a[2:0] > 3) broken("mode");
          burst_log <= a[2:0];
          burst_words <= 1 << a[2:0];
          mode_set <= now;
          ready <= 1;
          refresh_debt <= 0;
        end
        default: broken("BURST STOP is not modelled");
      endcase
    end
  end
endmodule
