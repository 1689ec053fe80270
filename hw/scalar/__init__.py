"""The scalar datapath: a small processor whose firmware executes the command set."""
