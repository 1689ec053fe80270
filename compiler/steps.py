"""Commands before they are ordered: what they do, what they touch, what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from arch.isa import Engine, Opcode
from compiler.timing.passes import PassWork

OPCODE = {
    Engine.LOAD: Opcode.LOAD,
    Engine.ARRAY: Opcode.ARRAY,
    Engine.CORE: Opcode.CORE,
    Engine.STORE: Opcode.STORE,
}


class Range(NamedTuple):
    """Bytes ``low`` up to ``high`` of a memory: a name of arch.isa.Space, or an external region."""

    memory: str
    low: int
    high: int


SCRATCHPAD = "SCRATCHPAD"
WEIGHTS = "WEIGHTS"
TABLES = "TABLES"
IMEM = "IMEM"
DMEM = "DMEM"


@dataclass(eq=False)
class Blob:
    """Bytes for the weight memory that one or more steps use.

    ``table_words``: words of pass descriptors in front of the weights.
    """

    data: bytes
    table_words: int


@dataclass(eq=False)
class Step:
    """One command of an engine.

    ``layer`` is the index of the operator that it belongs to. ``blob`` is what an array step reads
    from the weight memory; its address is known only when steps are ordered. For the estimate of
    time: ``passes`` are those of an array step that is not element-wise, ``cycles`` what a step
    takes on the core.
    """

    engine: Engine
    config: Mapping[str, int]
    layer: int
    reads: tuple[Range, ...] = ()
    writes: tuple[Range, ...] = ()
    cycles: int = 0
    passes: PassWork | None = None
    blob: Blob | None = None
    loads: list[Step] = field(default_factory=list)
    """Loads that exist for this step: they are placed before it, in this order."""
