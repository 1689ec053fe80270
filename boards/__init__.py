"""Boards: the accelerator with clock, memory and host link, and the way to a bitstream."""
