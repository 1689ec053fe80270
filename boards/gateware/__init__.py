"""Hardware around the accelerator on a board: clock, serial line, host link, memory."""
