"""Proofs about the core by bounded model checking."""
