"""Moves flip-flops of a Gowin netlist into the registers that multipliers and block RAM have.

Yosys knows these registers and does not use them, and on Gowin a flip-flop behind a multiplier or
a block RAM has no look-up table to share a cell with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# Gowin UG287 (DSP) and UG285 (BSRAM): ports and the parameters that put a register there.
MULTIPLIERS = ("MULT9X9", "MULT18X18")
INPUTS = {"A": "AREG", "B": "BREG"}
SIMPLE_DUAL_PORT = ("SDPB", "SDPX9B")
# Flip-flops that start with 0, as those registers do.
FLIP_FLOPS = ("DFF", "DFFE", "DFFR", "DFFRE")

Bit = int | str
Cell = dict[str, Any]


class Control(NamedTuple):
    """The bits that say when a register takes what."""

    clock: Bit
    enable: Bit
    reset: Bit


def absorb_registers(module: Mapping[str, Any]) -> None:
    """Change a module of a netlist, as Yosys writes it in JSON, in place."""
    _Absorption(module).run()


class _Absorption:
    def __init__(self, module: Mapping[str, Any]):
        self.cells: dict[str, Cell] = module["cells"]
        self.low, self.high = (self._constant(kind) for kind in ("GND", "VCC"))
        self.drivers: dict[Bit, str] = {}  # flip-flops by their outputs
        self.readers: dict[Bit, list[tuple[str, str]]] = defaultdict(list)
        for name, cell in self.cells.items():
            if cell["type"] in FLIP_FLOPS:
                self.drivers[cell["connections"]["Q"][0]] = name
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "input":
                    for bit in bits:
                        self.readers[bit].append((name, port))
        for port in module["ports"].values():
            if port["direction"] != "input":
                for bit in port["bits"]:
                    self.readers[bit].append(("", ""))

    def _constant(self, kind: str) -> Bit:
        """The net that a constant drives."""
        for cell in self.cells.values():
            if cell["type"] == kind:
                bit: Bit = next(iter(cell["connections"].values()))[0]
                return bit
        return {"GND": "0", "VCC": "1"}[kind]

    def _of_type(self, *types: str) -> Iterator[tuple[str, Cell]]:
        return ((name, cell) for name, cell in self.cells.items() if cell["type"] in types)

    def run(self) -> None:
        controls: dict[str, Control] = {}  # of multipliers with registers
        for name, cell in list(self._of_type(*MULTIPLIERS)):
            behind = self._behind(cell, "DOUT")
            if behind is not None:
                controls[name] = behind
                self._take_outputs(cell, "DOUT", "OUT_REG")
                if self._behind(cell, "DOUT") == behind:
                    self._take_outputs(cell, "DOUT", "PIPE_REG")
        self._take_inputs(controls)
        for name, control in controls.items():
            cell = self.cells[name]
            cell["parameters"]["MULT_RESET_MODE"] = "SYNC"
            for port, bit in zip(("CLK", "CE", "RESET"), control, strict=True):
                cell["connections"][port] = [bit]
        for _, cell in list(self._of_type(*SIMPLE_DUAL_PORT)):
            clock = cell["connections"]["CLKB"][0]
            behind = self._behind(cell, "DO")
            # Its reset is that of the read port too, which must not be reset.
            if behind is not None and behind.clock == clock and behind.reset == self.low:
                self._take_outputs(cell, "DO", "READ_MODE")
                cell["connections"]["OCE"] = [behind.enable]

    def _control(self, flip_flop: str) -> Control:
        pins = self.cells[flip_flop]["connections"]
        enable, reset = pins.get("CE", [self.high]), pins.get("RESET", [self.low])
        return Control(pins["CLK"][0], enable[0], reset[0])

    def _behind(self, cell: Cell, port: str) -> Control | None:
        """How a port's bits are registered, if each has one flip-flop and nothing else."""
        controls = set()
        for bit in cell["connections"][port]:
            readers = self.readers[bit]
            if not readers:
                continue
            ((name, pin), *others) = readers
            if others or pin != "D" or self.cells[name]["type"] not in FLIP_FLOPS:
                return None
            controls.add(self._control(name))
        return controls.pop() if len(controls) == 1 else None

    def _take_outputs(self, cell: Cell, port: str, parameter: str) -> None:
        bits = cell["connections"][port]
        for i, bit in enumerate(bits):
            for name, _ in self.readers[bit]:
                bits[i] = self._remove(name)["Q"][0]
        cell["parameters"][parameter] = "1"

    def _remove(self, flip_flop: str) -> Mapping[str, list[Bit]]:
        pins: Mapping[str, list[Bit]] = self.cells.pop(flip_flop)["connections"]
        del self.drivers[pins["Q"][0]]
        return pins

    def _take_inputs(self, controls: dict[str, Control]) -> None:
        """A flip-flop goes when all that read it are ports of multipliers that take theirs."""
        ports: dict[tuple[str, str], set[str]] = {}
        for name, cell in self._of_type(*MULTIPLIERS):
            for port in INPUTS:
                found = self._before(cell, port)
                if found:
                    ports[name, port] = found
        while True:
            wanted = {
                where
                for where, found in ports.items()
                if not self._may_take(where, found, controls, ports)
            }
            if not wanted:
                break
            for where in wanted:
                del ports[where]
        gone = set()
        for (name, port), found in ports.items():
            controls.setdefault(name, self._control(next(iter(found))))
            cell = self.cells[name]
            cell["parameters"][INPUTS[port]] = "1"
            bits = cell["connections"][port]
            for i, bit in enumerate(bits):
                if bit in self.drivers:
                    bits[i] = self.cells[self.drivers[bit]]["connections"]["D"][0]
            gone |= found
        for flip_flop in gone:
            self._remove(flip_flop)

    def _before(self, cell: Cell, port: str) -> set[str] | None:
        """The flip-flops that drive a port, if nothing else but constants does."""
        found = set()
        for bit in cell["connections"][port]:
            if bit in self.drivers:
                found.add(self.drivers[bit])
            elif bit not in (self.low, self.high):
                return None
        return found

    def _may_take(
        self,
        where: tuple[str, str],
        found: set[str],
        controls: Mapping[str, Control],
        ports: Mapping[tuple[str, str], set[str]],
    ) -> bool:
        name, _ = where
        needed = {self._control(flip_flop) for flip_flop in found}
        if name in controls:
            needed.add(controls[name])
        else:
            for port in INPUTS:  # both share the multiplier's controls
                needed |= {self._control(f) for f in ports.get((name, port), ())}
        outputs = [self.cells[f]["connections"]["Q"][0] for f in found]
        return len(needed) == 1 and all(
            reader in ports for bit in outputs for reader in self.readers[bit]
        )
