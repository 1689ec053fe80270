"""A compiled model: the command stream with its constants, and what a host needs to run it.

The file is ``MAGIC``, the length of a JSON text as 4 bytes little-endian, the text, and the bytes
of the program's region: constants first, then commands.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from arch.errors import WeftError

MAGIC = b"WEFTPRG1"


class ProgramFileError(WeftError):
    """A file that is not a program, or one for another configuration."""


@dataclass(frozen=True)
class TensorPlace:
    """An input or output of the model: where its dense bytes lie in its region."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    offset: int
    n_bytes: int


@dataclass(frozen=True)
class LayerInfo:
    """One operator of the model.

    ``engine`` is where its arithmetic runs: array, core, load (copies), or none (it vanished).
    """

    name: str
    op: str
    engine: str
    macs: int
    bytes_loaded: int = 0
    bytes_stored: int = 0
    predicted_cycles: int = 0


@dataclass(frozen=True)
class Program:
    """What :func:`compiler.compile.compile_graph` makes of a model.

    Parameters
    ----------
    model, config : their names.
    digest : of the configuration (arch.config.Config.digest).
    image : bytes of the program's region.
    commands_offset, commands_bytes : where the commands are in it.
    inputs, outputs : in the order of the model.
    arena_bytes : external memory for variables and for what does not fit the scratchpad.
    layers : operators of the model, in the order in which they run.
    command_layers : for each engine (in the order of arch.isa.Engine) the layer of each command.
    predicted_cycles : estimate for the whole program.
    """

    model: str
    config: str
    digest: int
    image: bytes
    commands_offset: int
    commands_bytes: int
    inputs: tuple[TensorPlace, ...]
    outputs: tuple[TensorPlace, ...]
    arena_bytes: int
    layers: tuple[LayerInfo, ...]
    command_layers: tuple[tuple[int, ...], ...]
    predicted_cycles: int
    scratchpad_bytes: int = 0
    variables: tuple[tuple[int, int, int], ...] = ()
    """Initial values: offset in the arena, offset in the image, bytes."""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def commands(self) -> bytes:
        return self.image[self.commands_offset : self.commands_offset + self.commands_bytes]

    def arena(self) -> bytearray:
        """The arena as it must be before the first inference."""
        arena = bytearray(self.arena_bytes)
        for offset, source, n_bytes in self.variables:
            arena[offset : offset + n_bytes] = self.image[source : source + n_bytes]
        return arena

    @property
    def input_bytes(self) -> int:
        return max((t.offset + t.n_bytes for t in self.inputs), default=0)

    @property
    def output_bytes(self) -> int:
        return max((t.offset + t.n_bytes for t in self.outputs), default=0)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def save(self, path: Path) -> None:
        """Write the program to a file."""
        data = asdict(self)
        del data["image"]
        text = json.dumps(data).encode()
        path.write_bytes(MAGIC + len(text).to_bytes(4, "little") + text + self.image)


def load_program(path: Path) -> Program:
    """Read a program; raises :class:`ProgramFileError`."""
    raw = path.read_bytes()
    start = len(MAGIC) + 4
    if raw[: len(MAGIC)] != MAGIC or len(raw) < start:
        raise ProgramFileError(f"{path}: is not a compiled program; make one with weft compile")
    end = start + int.from_bytes(raw[len(MAGIC) : start], "little")
    try:
        data = json.loads(raw[start:end])
        for key in ("inputs", "outputs"):
            data[key] = tuple(TensorPlace(**{**t, "shape": tuple(t["shape"])}) for t in data[key])
        data["variables"] = tuple(tuple(place) for place in data["variables"])
        data["layers"] = tuple(LayerInfo(**layer) for layer in data["layers"])
        data["command_layers"] = tuple(tuple(row) for row in data["command_layers"])
        program = Program(image=raw[end:], **data)
    except (ValueError, TypeError, KeyError):
        raise ProgramFileError(
            f"{path}: is damaged, or of another version of weft; compile the model again"
        ) from None
    if len(program.image) < program.commands_offset + program.commands_bytes:
        raise ProgramFileError(f"{path}: is cut short; compile the model again")
    return program
