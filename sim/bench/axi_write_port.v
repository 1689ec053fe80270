// AW, W and B channels of the memory: hands each beat to the owner of the words (store).
//
// Data are taken in the order of the addresses, and only once the address is there, which a
// subordinate may demand (AXI A3.3). latency: cycles from the last W handshake to the response,
// 2 or more. rate as in axi_read_port. A burst answers with the worst response of its beats.
// wlast_error: one cycle for each beat whose WLAST disagrees with the burst's length.
module axi_write_port #(
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
    input stall_answer,
    input out_of_order,
    input [(1<<DEPTH_BITS)-1:0] random,

    output store,
    output [63:0] store_address,
    input [1:0] store_response,
    output wlast_error,

    input [ID_BITS-1:0] awid,
    input [ADDRESS_BITS-1:0] awaddr,
    input [7:0] awlen,
    input awvalid,
    output awready,

    input wlast,
    input wvalid,
    output wready,

    output reg [ID_BITS-1:0] bid,
    output reg [1:0] bresp,
    output reg bvalid,
    input bready
);
  localparam [15:0] BEAT_COST = 256 << BYTE_BITS;
  wire [15:0] step = rate < BEAT_COST ? rate : BEAT_COST;

  wire addresses_full, answers_full, pick_valid, answer_valid;
  wire [ID_BITS-1:0] pick_id, answer_id;
  wire [7:0] pick_left, answer_left;
  wire [63:0] answer_response;
  reg [1:0] worst;
  reg [15:0] credit;

  assign awready = !rst && !addresses_full && !stall_address;
  assign wready = !rst && pick_valid && !answers_full && credit >= BEAT_COST && !stall_data;
  assign store = wvalid && wready;
  assign wlast_error = store && wlast != (pick_left == 0);

  wire [1:0] response = store_response > worst ? store_response : worst;
  wire answer = (!bvalid || bready) && answer_valid && !stall_answer;

  burst_queue #(
      .ID_BITS(ID_BITS),
      .BYTE_BITS(BYTE_BITS),
      .DEPTH_BITS(DEPTH_BITS)
  ) addresses (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .latency(16'd1),
      .out_of_order(1'b0),
      .interleave(1'b0),
      .random({1 << DEPTH_BITS{1'b0}}),
      .push(awvalid && awready),
      .push_id(awid),
      .push_address({{64 - ADDRESS_BITS{1'b0}}, awaddr}),
      .push_left(awlen),
      .full(addresses_full),
      .pick_valid(pick_valid),
      .pick_id(pick_id),
      .pick_address(store_address),
      .pick_left(pick_left),
      .take(store)
  );

  // The response travels in the place of an address.
  burst_queue #(
      .ID_BITS(ID_BITS),
      .BYTE_BITS(BYTE_BITS),
      .DEPTH_BITS(DEPTH_BITS)
  ) answers (
      .clk(clk),
      .rst(rst),
      .cycle(cycle),
      .latency(latency),
      .out_of_order(out_of_order),
      .interleave(1'b0),
      .random(random),
      .push(store && pick_left == 0),
      .push_id(pick_id),
      .push_address({62'b0, response}),
      .push_left(8'd0),
      .full(answers_full),
      .pick_valid(answer_valid),
      .pick_id(answer_id),
      .pick_address(answer_response),
      .pick_left(answer_left),
      .take(answer)
  );

  always @(posedge clk) begin
    if (store) begin
      credit <= credit - BEAT_COST + step;
      worst <= pick_left == 0 ? 2'd0 : response;
    end else if (credit < BEAT_COST) credit <= credit + step;
    if (bready) bvalid <= 0;
    if (answer) begin
      bvalid <= 1;
      bid <= answer_id;
      bresp <= answer_response[1:0];
    end
    if (rst) begin
      bvalid <= 0;
      worst <= 0;
      credit <= BEAT_COST;
    end
  end
endmodule
