// Writes what happens, one line each, to events.log in the working folder: the cycle, who, what.
//
//   <cycle> <engine> started|completed     engine: its number in the order of arch.isa.Engine
//   <cycle> host doorbell
//   <cycle> npu interrupt                  the rising edge
//   <cycle> log <byte>                     a byte for the host's log, in decimal
//
// counts holds, for the display of progress, how many commands all engines have completed.
module event_log (
    input clk,
    input rst,
    input [31:0] cycle,
    input [3:0] started,
    input [3:0] completed,
    input doorbell,
    input irq,
    input log_valid,
    input [7:0] log_byte,
    output reg [31:0] n_completed
);
  integer file, engine;
  reg irq_before;
  initial begin
    file = $fopen("events.log", "w");
    irq_before = 0;
    n_completed = 0;
  end

  always @(posedge clk) begin
    irq_before <= irq && !rst;
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
      if (irq && !irq_before) $fwrite(file, "%0d npu interrupt\n", cycle);
    end
  end
endmodule
