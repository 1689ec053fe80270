// Bursts that wait for their beats: holds them in the order of arrival and picks the next to serve.
//
// A burst comes due `latency` cycles (2 or more) after the cycle of `push`. While pick_valid is 1,
// `take` serves one beat of the picked burst: its address moves on by a beat, `left` (beats after
// the current one) counts down, and after the last beat the burst leaves. `full` refuses a push.
//
// In order, a burst waits for all before it. With out_of_order only bursts of one ID keep their
// order (AXI A5.3): a burst may come due up to 2**DEPTH_BITS cycles late, and among those that are
// due and first of their ID, random bits choose, once for each burst, or for each beat with
// interleave.
module burst_queue #(
    parameter ID_BITS = 2,
    parameter BYTE_BITS = 3,
    parameter DEPTH_BITS = 5
) (
    input clk,
    input rst,
    input [31:0] cycle,
    input [15:0] latency,
    input out_of_order,
    input interleave,
    input [(1<<DEPTH_BITS)-1:0] random,

    input push,
    input [ID_BITS-1:0] push_id,
    input [63:0] push_address,
    input [7:0] push_left,
    output full,

    output reg pick_valid,
    output [ID_BITS-1:0] pick_id,
    output [63:0] pick_address,
    output [7:0] pick_left,
    input take
);
  localparam DEPTH = 1 << DEPTH_BITS;

  reg [ID_BITS-1:0] id[0:DEPTH-1];
  reg [63:0] address[0:DEPTH-1];
  reg [7:0] left[0:DEPTH-1];
  reg [31:0] due[0:DEPTH-1];
  reg [DEPTH-1:0] served;
  reg [DEPTH_BITS:0] head, tail;
  reg busy;
  reg [DEPTH_BITS-1:0] current;

  wire [DEPTH_BITS-1:0] first = head[DEPTH_BITS-1:0];
  wire [DEPTH_BITS-1:0] last = tail[DEPTH_BITS-1:0];
  wire [DEPTH_BITS:0] count = tail - head;
  assign full = count == DEPTH;

  // A beat that is taken in this cycle appears in the next. Functions read their arguments only,
  // because always @* does not see what else they read.
  function is_due(input [31:0] when_due, input [31:0] now);
    reg [31:0] ahead;
    begin
      ahead = when_due - now - 1;
      is_due = ahead == 0 || ahead[31];
    end
  endfunction

  reg [DEPTH_BITS-1:0] pick, slot;
  reg [(1<<ID_BITS)-1:0] ids_ahead;
  integer i;
  always @* begin
    pick = first;
    pick_valid = 0;
    slot = 0;
    ids_ahead = 0;
    if (busy && !(out_of_order && interleave)) begin
      pick = current;
      pick_valid = 1;
    end else if (!out_of_order) begin
      pick_valid = count != 0 && is_due(due[first], cycle);
    end else begin
      for (i = 0; i < DEPTH; i = i + 1) begin
        slot = first + i[DEPTH_BITS-1:0];
        if (i < count && !served[slot]) begin
          if (!ids_ahead[id[slot]] && is_due(due[slot], cycle) && (!pick_valid || random[i])) begin
            pick = slot;
            pick_valid = 1;
          end
          ids_ahead[id[slot]] = 1;
        end
      end
    end
  end

  assign pick_id = id[pick];
  assign pick_address = address[pick];
  assign pick_left = left[pick];

  always @(posedge clk) begin
    if (push && !full) begin
      id[last] <= push_id;
      address[last] <= push_address;
      left[last] <= push_left;
      due[last] <= cycle + latency + (out_of_order ? random[DEPTH_BITS-1:0] : 0);
      served[last] <= 0;
      tail <= tail + 1;
    end
    if (count != 0 && served[first]) head <= head + 1;
    if (take && pick_valid) begin
      address[pick] <= {pick_address[63:BYTE_BITS] + 1'b1, {BYTE_BITS{1'b0}}};
      left[pick] <= pick_left - 1;
      busy <= pick_left != 0;
      current <= pick;
      if (pick_left == 0) begin
        if (pick == first) head <= head + 1;
        else served[pick] <= 1;
      end
    end
    if (rst) begin
      head <= 0;
      tail <= 0;
      busy <= 0;
    end
  end
endmodule
