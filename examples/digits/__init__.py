"""Handwritten digits: a small network with an operator of its own."""
