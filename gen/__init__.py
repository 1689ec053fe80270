"""Everything that is made from a configuration: Verilog, sidecar, C headers, linker map."""
