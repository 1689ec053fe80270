// AXI4 subordinate with memory behind it, for INCR bursts of full-width beats.
//
// Latency, bandwidth, stalls and the order of answers are inputs, so that one build serves all
// settings. Nothing here draws from the simulator's random generator: equal seeds give equal
// cycles on every simulator.
//
//   read_latency    cycles from the AR handshake to the first R beat of an idle memory, 2 or more
//   write_latency   cycles from the last W handshake to the B response, 2 or more
//   read_rate, write_rate    bytes per cycle in 256ths, for each direction
//   stall           in 256ths the probability that a channel pauses in a cycle
//   out_of_order    answers of different IDs may overtake each other
//   interleave      and R beats of different IDs may alternate within bursts
//   base, bytes     addresses outside base..base+bytes-1 answer DECERR; at most WORDS words
//   error_base, error_bytes  addresses in this range answer SLVERR and are not written
//   seed, reseed    state of the random generator; taken while reseed is 1
//
// The host port moves bytes between the memory and files in the working folder, without time: a
// change of host_request copies host_count bytes from load.bin to host_address (host_dump 0), or
// from host_address to dump.bin (host_dump 1); then host_done equals host_request. host_failed
// says that the file could not be opened or is too short.
module axi_memory #(
    parameter DATA_BITS = 64,
    parameter ADDRESS_BITS = 40,
    parameter ID_BITS = 2,
    parameter WORDS = 2097152,
    parameter DEPTH_BITS = 5
) (
    input clk,
    input rst,

    input [15:0] read_latency,
    input [15:0] write_latency,
    input [15:0] read_rate,
    input [15:0] write_rate,
    input [8:0] stall,
    input out_of_order,
    input interleave,
    input [63:0] base,
    input [63:0] bytes,
    input [63:0] error_base,
    input [63:0] error_bytes,
    input [63:0] seed,
    input reseed,

    input host_request,
    input host_dump,
    input [63:0] host_address,
    input [63:0] host_count,
    output reg host_done,
    output reg host_failed,

    input [ID_BITS-1:0] arid,
    input [ADDRESS_BITS-1:0] araddr,
    input [7:0] arlen,
    input arvalid,
    output arready,

    output [ID_BITS-1:0] rid,
    output reg [DATA_BITS-1:0] rdata,
    output [1:0] rresp,
    output rlast,
    output rvalid,
    input rready,

    input [ID_BITS-1:0] awid,
    input [ADDRESS_BITS-1:0] awaddr,
    input [7:0] awlen,
    input awvalid,
    output awready,

    input [DATA_BITS-1:0] wdata,
    input [DATA_BITS/8-1:0] wstrb,
    input wlast,
    input wvalid,
    output wready,

    output [ID_BITS-1:0] bid,
    output [1:0] bresp,
    output bvalid,
    input bready,

    output wlast_error
);
  localparam BEAT_BYTES = DATA_BITS / 8;
  localparam BYTE_BITS = $clog2(BEAT_BYTES);
  localparam WORD_BITS = $clog2(WORDS);
  localparam [1:0] OKAY = 0, SLVERR = 2, DECERR = 3;

  reg [DATA_BITS-1:0] words[0:WORDS-1];

  // Functions read their arguments only: an expression does not see what else they read.
  function [WORD_BITS-1:0] word_of(input [63:0] offset);
    word_of = offset[BYTE_BITS+WORD_BITS-1:BYTE_BITS];
  endfunction

  function [1:0] response_of(input outside, input broken);
    response_of = outside ? DECERR : broken ? SLVERR : OKAY;
  endfunction

  // ---- random numbers: xorshift64 (Marsaglia 2003) ------------------------------------------
  reg [63:0] random, step1, step2;
  reg [4:0] stalled;
  reg [31:0] cycle;
  always @(posedge clk) begin
    cycle <= rst ? 0 : cycle + 1;
    if (reseed) begin
      random <= seed ^ 64'h9e3779b97f4a7c15;
      stalled <= 0;
    end else if (stall != 0 || out_of_order) begin
      step1 = random ^ (random << 13);
      step2 = step1 ^ (step1 >> 7);
      random <= step2 ^ (step2 << 17);
      stalled <= {
        {1'b0, random[39:32]} < stall, {1'b0, random[31:24]} < stall,
        {1'b0, random[23:16]} < stall, {1'b0, random[15:8]} < stall, {1'b0, random[7:0]} < stall
      };
    end
  end

  // ---- channels -------------------------------------------------------------------------------
  wire fetch, store;
  wire [63:0] fetch_address, store_address;
  wire [63:0] fetch_offset = fetch_address - base;
  wire [63:0] store_offset = store_address - base;
  wire [1:0] fetch_response = response_of(
      fetch_offset >= bytes, fetch_address - error_base < error_bytes
  );
  wire [1:0] store_response = response_of(
      store_offset >= bytes, store_address - error_base < error_bytes
  );

  axi_read_port #(
      .ADDRESS_BITS(ADDRESS_BITS),
      .ID_BITS(ID_BITS),
      .BYTE_BITS(BYTE_BITS),
      .DEPTH_BITS(DEPTH_BITS)
  ) read_port (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .latency(read_latency),
      .rate(read_rate),
      .stall_address(stalled[0]),
      .stall_data(stalled[1]),
      .out_of_order(out_of_order),
      .interleave(interleave),
      .random(random[63:64-(1<<DEPTH_BITS)]),
      .fetch(fetch),
      .fetch_address(fetch_address),
      .fetch_response(fetch_response),
      .arid(arid),
      .araddr(araddr),
      .arlen(arlen),
      .arvalid(arvalid),
      .arready(arready),
      .rid(rid),
      .rresp(rresp),
      .rlast(rlast),
      .rvalid(rvalid),
      .rready(rready)
  );

  axi_write_port #(
      .ADDRESS_BITS(ADDRESS_BITS),
      .ID_BITS(ID_BITS),
      .BYTE_BITS(BYTE_BITS),
      .DEPTH_BITS(DEPTH_BITS)
  ) write_port (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .latency(write_latency),
      .rate(write_rate),
      .stall_address(stalled[2]),
      .stall_data(stalled[3]),
      .stall_answer(stalled[4]),
      .out_of_order(out_of_order),
      .random(random[63:64-(1<<DEPTH_BITS)]),
      .store(store),
      .store_address(store_address),
      .store_response(store_response),
      .wlast_error(wlast_error),
      .awid(awid),
      .awaddr(awaddr),
      .awlen(awlen),
      .awvalid(awvalid),
      .awready(awready),
      .wlast(wlast),
      .wvalid(wvalid),
      .wready(wready),
      .bid(bid),
      .bresp(bresp),
      .bvalid(bvalid),
      .bready(bready)
  );

  // ---- words ----------------------------------------------------------------------------------
  // One process touches the words, so that the order of reads and writes is the same everywhere.
  integer lane, file, character;
  reg [63:0] where, n_moved;
  always @(posedge clk) begin
    if (fetch)
      rdata <= fetch_response == OKAY ? words[word_of(fetch_offset)] : {DATA_BITS / 8{8'hee}};
    if (store && store_response == OKAY)
      for (lane = 0; lane < BEAT_BYTES; lane = lane + 1)
        if (wstrb[lane]) words[word_of(store_offset)][8*lane+:8] = wdata[8*lane+:8];
    if (host_request != host_done) begin
      host_failed <= 0;
      if (host_dump) file = $fopen("dump.bin", "wb");
      else file = $fopen("load.bin", "rb");
      if (file == 0) host_failed <= 1;
      else begin
        where = host_address - base;
        for (n_moved = 0; n_moved < host_count; n_moved = n_moved + 1) begin
          if (host_dump) $fwrite(file, "%c", words[word_of(where)][8*where[BYTE_BITS-1:0]+:8]);
          else begin
            character = $fgetc(file);
            if (character < 0) host_failed <= 1;
            words[word_of(where)][8*where[BYTE_BITS-1:0]+:8] = character[7:0];
          end
          where = where + 1;
        end
        $fclose(file);
      end
      host_done <= host_request;
    end
  end

  integer index;
  initial begin
    cycle = 0;
    random = 64'h9e3779b97f4a7c15;
    stalled = 0;
    host_done = 0;
    host_failed = 0;
    for (index = 0; index < WORDS; index = index + 1) words[index] = 0;
  end
endmodule
