"""Simulation: the functional model of the command stream, the Verilator device, memory models."""
