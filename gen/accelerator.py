"""The accelerator of a configuration, whichever way it executes commands."""

from __future__ import annotations

from amaranth.lib import wiring

from arch.params import Params
from hw.top import Npu


def accelerator(params: Params) -> wiring.Component:
    """A :class:`hw.top.Npu`, or a :class:`hw.scalar.top.ScalarNpu` with the same ports.

    Raises what :func:`gen.microcode.microcode` raises, for the scalar datapath.
    """
    if params.config.datapath == "scalar":
        from gen.microcode import microcode  # loads a compiler, which the others do not need
        from hw.scalar.top import ScalarNpu

        firmware = microcode(params)
        return ScalarNpu(params, firmware.code, firmware.data)
    return Npu(params)
