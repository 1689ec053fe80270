"""When each command of a program starts and ends: the model that orders and predicts programs.

Times are cycles after the doorbell. Constants are latencies of the hardware, each named after the
file that it comes from; tests hold the whole against Verilog.
"""
