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


@dataclass(frozen=True)
class BlobPart:
    """Rows of a blob: where they come from, and the byte of the blob at which they begin.

    ``region`` is None for bytes of :attr:`Blob.data`, which ``offset`` counts then. ``shape`` is
    (bytes of a row, rows, planes), the tail left out; steps are from row to row and from plane to
    plane.
    """

    region: int | None
    offset: int
    at: int
    shape: tuple[int, ...]
    external_steps: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()


@dataclass(eq=False)
class Blob:
    """Bytes for the weight memory that one or more steps use.

    Members
    -------
    data : what is known when the program is made: all of it, unless there are ``parts``.
    table_words : words of pass descriptors in front of the weights.
    parts : how the blob is put together.
    n_bytes : of the whole blob.
    """

    data: bytes
    table_words: int
    parts: tuple[BlobPart, ...] = ()
    n_bytes: int = 0

    def __post_init__(self) -> None:
        if not self.parts:
            self.parts = (BlobPart(None, 0, 0, (len(self.data),)),)
            self.n_bytes = len(self.data)


@dataclass(eq=False)
class Step:
    """One command of an engine.

    ``layer`` is the index of the operator that it belongs to. ``blob`` is what an array step reads
    from the weight memory; its address is known only when steps are ordered. For the estimate of
    time: ``passes`` are those of an array step that is not element-wise, ``cycles`` what a step
    takes on the core. ``accepts``: the core gives commands meanwhile, of which nothing is known.
    """

    engine: Engine
    config: Mapping[str, int]
    layer: int
    reads: tuple[Range, ...] = ()
    writes: tuple[Range, ...] = ()
    cycles: int = 0
    passes: PassWork | None = None
    blob: Blob | None = None
    accepts: bool = False
    loads: list[Step] = field(default_factory=list)
    """Loads that exist for this step: they are placed before it, in this order."""
