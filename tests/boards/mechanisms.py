"""Cost and use of each mechanism: python -m tests.boards.mechanisms [CONFIG]

Synthesises the configuration (``small`` if none is named) as it is and without one mechanism after
the other, for an ECP5, and predicts the cycles of the MLPerf Tiny networks on each; prints a table
in Markdown. It takes minutes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import compiler.lower.convolution
import hw.array_front
from arch.config import Config, load_config, parse_config
from arch.errors import ConfigError
from arch.isa import Mode
from arch.params import Params
from cli.models import SOURCES, locate
from compiler.errors import ModelError
from compiler.plans import plan_single_taps
from gen.verilog import module_name, npu_verilog
from sim.run import prepare
from tests.boards.accelerator_netlist import synthesise_verilog

RESOURCES = ("LUT4", "FF", "DSP", "block RAM")
NO_MODE = 1 << 2  # more than the two bits of the field hold
OUT_OF_REACH = "-"


@contextmanager
def _no_depthwise() -> Iterator[None]:
    """The array cannot give columns pixels of their own.

    A depthwise convolution would then need dense weights with zeros beside the diagonal: a pass
    for each ``rows`` products of taps and columns, as many as where each tap has a pass, which is
    what is predicted.
    """
    modes = SimpleNamespace(DEPTHWISE=NO_MODE, ELEMENTWISE=Mode.ELEMENTWISE)
    lower = compiler.lower.convolution
    with (
        mock.patch.object(hw.array_front, "Mode", modes),
        mock.patch.object(lower, "plan_depthwise", plan_single_taps),
    ):
        yield


@dataclass(frozen=True)
class Variant:
    """A configuration without a mechanism.

    ``changes``: of its keys, made of the configuration; ``patch``: of hardware and compiler, where
    there is no key.
    """

    name: str
    changes: Callable[[Config], dict[str, Any]] = lambda base: {}
    patch: Callable[[], AbstractContextManager[Any]] = nullcontext


VARIANTS = (
    Variant("all"),
    Variant("no pixels of their own for columns (depthwise mode)", patch=_no_depthwise),
    Variant(
        "one stream of pixels, and weights of one row a cycle",
        lambda base: {"streams": 1, "weight_rows_per_cycle": 1},
    ),
    Variant("weights of one row a cycle", lambda base: {"weight_rows_per_cycle": 1}),
    Variant("half as many lanes", lambda base: {"lanes": base.lanes // 2}),
    Variant("twice as many banks", lambda base: {"scratchpad_banks": 2 * base.scratchpad_banks}),
    Variant("no tables", lambda base: {"elementwise": False}),
    Variant("no core", lambda base: {"core": "none"}),
)


def area(params: Params) -> list[int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "source.v").write_text(npu_verilog(params))
        counts = synthesise_verilog(folder / "source.v", module_name(params), folder).totals()
    return [counts[resource] for resource in RESOURCES]


def cycles(params: Params) -> list[str]:
    found = []
    for name in SOURCES:
        try:
            path = locate(name)
            assert path is not None, f"{name}: not found; set WEFT_MODELS"
            found.append(f"{prepare(path, params.config).program.predicted_cycles:,}")
        except ModelError:  # such as one with an operator that needs what is left out
            found.append(OUT_OF_REACH)
    return found


def main(arguments: list[str]) -> int:
    base = load_config(arguments[0] if arguments else "small")
    print(f"| {base.name} | {' | '.join(RESOURCES)} | {' | '.join(SOURCES)} |")
    print(f"|---|{'---:|' * (len(RESOURCES) + len(SOURCES))}")
    whole: list[int] = []
    for variant in VARIANTS:
        try:
            config = parse_config(base.model_dump(mode="json") | variant.changes(base))
        except ConfigError as error:  # such as one stream for more rows than a word has bytes
            print(f"{variant.name}: left out: {error}", file=sys.stderr)
            continue
        params = Params(config)
        with variant.patch():
            counts, predicted = area(params), cycles(params)
        whole = whole or counts
        shown = [
            f"{count:,}" if counts is whole else f"{count - before:+,}"
            for count, before in zip(counts, whole, strict=True)
        ]
        print(f"| {variant.name} | {' | '.join([*shown, *predicted])} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
