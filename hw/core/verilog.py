"""Finishes the Verilog of a design that contains the core."""

from __future__ import annotations

import re

# Synthesis does not know that the data memory answers late in the cycle. Kept apart from the rest,
# the few levels of logic behind it stay few; merged with the rest they cost 10 MHz on an ECP5.
_KEPT = ("load_lanes", "load_merge")


def keep_late_paths(text: str) -> str:
    """Mark the modules that synthesis must not merge with the logic around them.

    Amaranth has no way to put an attribute on a module. Without the marks the design is the same,
    only slower.

    Parameters
    ----------
    text : Verilog as Amaranth writes it.
    """
    for name in _KEPT:
        pattern = rf"^(module \\?\S*\b{name}\b)"
        text = re.sub(pattern, r"(* keep_hierarchy *)" + "\n" + r"\1", text, flags=re.M)
    return text
