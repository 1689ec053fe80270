"""The hardware, one component per file; top.py only wires."""
