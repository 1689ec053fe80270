"""Pipeline registers."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Signal


class Stage:
    """The registers of one pipeline stage: ``Stage("x", pc=30)`` has ``pc``, a Signal ``x_pc``.

    Parameters
    ----------
    prefix : in front of the signals' names.
    shapes : name and shape of each register.
    """

    def __init__(self, prefix: str, **shapes: Any):
        for name, shape in shapes.items():
            setattr(self, name, Signal(shape, name=f"{prefix}_{name}"))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the stage has no register {name}")
