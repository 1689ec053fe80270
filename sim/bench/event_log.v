// Writes what happens, one line each, to events.log in the working folder: the cycle, who, what.
//
//   <cycle> <engine> started|completed     engine: its number in the order of arch.isa.Engine
//   <cycle> host doorbell
//   <cycle> npu interrupt                  the rising edge
//   <cycle> log <byte>                     a byte for the host's log, in decimal
//   <cycle> 2 entered|returned             the core, in a command, left its main loop or is back
//
// The main loop is the first MAIN_LOOP_BYTES of the core's program (firmware/runtime/entry.S).
// n_completed holds, for the display of progress, how many commands all engines have completed.
module event_log #(
    parameter MAIN_LOOP_BYTES = 64
) (
    input clk,
    input rst,
    input [31:0] cycle,
    input [3:0] started,
    input [3:0] completed,
    input doorbell,
    input irq,
    input log_valid,
    input [7:0] log_byte,
    input [31:0] core_pc,
    output reg [31:0] n_completed
);
  integer file, engine;
  reg irq_before, calling, in_function;
  reg [31:0] pc;  // as late as the pulses, which pass a register
  initial begin
    file = $fopen("events.log", "w");
    irq_before = 0;
    calling = 0;
    in_function = 0;
    n_completed = 0;
  end

  always @(posedge clk) begin
    irq_before <= irq && !rst;
    pc <= core_pc;
    if (!rst) begin
      if (doorbell) $fwrite(file, "%0d host doorbell\n", cycle);
      if (log_valid) $fwrite(file, "%0d log %0d\n", cycle, log_byte);
      if (started != 0 || completed != 0)
        for (engine = 0; engine < 4; engine = engine + 1) begin
          // A command that completes in the cycle in which the next one starts ends first.
          if (completed[engine]) begin
            $fwrite(file, "%0d %0d completed\n", cycle, engine);
            n_completed = n_completed + 1;
          end
          if (started[engine]) $fwrite(file, "%0d %0d started\n", cycle, engine);
        end
      if (completed[2]) calling = 0;
      if (started[2]) calling = 1;
      if (doorbell) calling = 0;
      if (!calling) in_function = 0;
      else if (!in_function && pc >= MAIN_LOOP_BYTES) begin
        $fwrite(file, "%0d 2 entered\n", cycle);
        in_function = 1;
      end else if (in_function && pc < MAIN_LOOP_BYTES) begin
        $fwrite(file, "%0d 2 returned\n", cycle);
        in_function = 0;
      end
      if (irq && !irq_before) $fwrite(file, "%0d npu interrupt\n", cycle);
    end
  end
endmodule
