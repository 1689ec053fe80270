"""Area and clock frequency of the core engine alone on an ECP5-85F, its ports in registers.

Run as ``python -m tests.core.engine_area [--seeds N] [--folder F] [--config C]``; it takes minutes.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, ResetInserter, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.config import load_config
from arch.params import Params
from hw.core_engine import CoreEngine
from tests.core.area import add_arguments, folder_of, report, synthesise

CHECK_BITS = 32


class EngineWithPorts(wiring.Component):
    """The engine with its inputs from a shift register and its outputs in a checksum."""

    def __init__(self, params: Params):
        self.params = params
        super().__init__({"restart": In(1), "serial": In(1), "check": Out(1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        engine = CoreEngine(self.params)
        restart = Signal()
        m.d.sync += restart.eq(self.restart)
        m.submodules.engine = ResetInserter(restart)(engine)
        inputs, outputs = [], []
        for value, is_input in _ports(engine.signature, engine):
            (inputs if is_input else outputs).append(value)
        driven, seen = Cat(inputs), Signal(len(Cat(outputs)))
        shift = Signal(len(driven))
        check = Signal(CHECK_BITS)
        m.d.comb += driven.eq(shift)
        folded: Value = check
        for start in range(0, len(seen), CHECK_BITS):
            folded = folded ^ seen[start : start + CHECK_BITS]
        m.d.sync += [
            shift.eq(Cat(self.serial, shift)),
            seen.eq(Cat(outputs)),
            check.eq(folded.rotate_left(1)[:CHECK_BITS]),
            self.check.eq(check.xor()),
        ]
        return m


def _ports(signature: wiring.Signature, interface: Any) -> Iterator[tuple[Value, bool]]:
    """Every signal of an interface, and whether it is an input."""
    for _, member, value in signature.flatten(interface):
        yield Value.cast(value), member.flow is In


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    add_arguments(parser, target_mhz=80)
    parser.add_argument("--config", default="small")
    arguments = parser.parse_args()
    folder = folder_of(arguments.folder)
    synthesise(folder, EngineWithPorts(Params(load_config(arguments.config))))
    report(folder, arguments.seeds, arguments.freq)


if __name__ == "__main__":
    sys.exit(main())
