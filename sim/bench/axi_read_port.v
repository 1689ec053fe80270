// AR and R channels of the memory: asks for a word (fetch) and answers with its response in the
// next cycle; the owner of the words keeps the data register beside it.
//
// rate: bytes per cycle in 256ths; a beat waits until its bytes have accrued, and at most one
// beat's worth is saved up. Latency, order and random as in burst_queue.
module axi_read_port #(
    parameter ADDRESS_BITS = 40,
    parameter ID_BITS = 2,
    parameter BYTE_BITS = 3,
    parameter DEPTH_BITS = 5
) (
    input clk,
    input rst,
    input [31:0] cycle,
    input [15:0] latency,
    input [15:0] rate,
    input stall_address,
    input stall_data,
    input out_of_order,
    input interleave,
    input [(1<<DEPTH_BITS)-1:0] random,

    output fetch,
    output [63:0] fetch_address,
    input [1:0] fetch_response,

    input [ID_BITS-1:0] arid,
    input [ADDRESS_BITS-1:0] araddr,
    input [7:0] arlen,
    input arvalid,
    output arready,

    output reg [ID_BITS-1:0] rid,
    output reg [1:0] rresp,
    output reg rlast,
    output reg rvalid,
    input rready
);
  localparam [15:0] BEAT_COST = 256 << BYTE_BITS;
  wire [15:0] step = rate < BEAT_COST ? rate : BEAT_COST;

  wire full, pick_valid;
  wire [ID_BITS-1:0] pick_id;
  wire [7:0] pick_left;
  reg [15:0] credit;

  assign arready = !rst && !full && !stall_address;
  assign fetch = (!rvalid || rready) && pick_valid && credit >= BEAT_COST && !stall_data;

  burst_queue #(
      .ID_BITS(ID_BITS),
      .BYTE_BITS(BYTE_BITS),
      .DEPTH_BITS(DEPTH_BITS)
  ) bursts (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .latency(latency),
      .out_of_order(out_of_order),
      .interleave(interleave),
      .random(random),
      .push(arvalid && arready),
      .push_id(arid),
      .push_address({{64 - ADDRESS_BITS{1'b0}}, araddr}),
      .push_left(arlen),
      .full(full),
      .pick_valid(pick_valid),
      .pick_id(pick_id),
      .pick_address(fetch_address),
      .pick_left(pick_left),
      .take(fetch)
  );

  always @(posedge clk) begin
    if (fetch) credit <= credit - BEAT_COST + step;
    else if (credit < BEAT_COST) credit <= credit + step;
    if (rready) rvalid <= 0;
    if (fetch) begin
      rvalid <= 1;
      rid <= pick_id;
      rresp <= fetch_response;
      rlast <= pick_left == 0;
    end
    if (rst) begin
      rvalid <= 0;
      credit <= BEAT_COST;
    end
  end
endmodule
