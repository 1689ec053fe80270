"""The user's configuration: a YAML file or the name of a preset, validated."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from arch.errors import ConfigError

PRESETS = ("tiny", "small", "medium", "large")
HOST_ONLY = ("ops", "op_includes")
"""Keys that nothing of the hardware depends on; their paths are relative to the file."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class QueueWords(_Model):
    """Words that each engine's queue holds; a command takes one and its configuration words."""

    load: int = Field(default=32, ge=4, le=256, description="queue of the load engine")
    array: int = Field(default=32, ge=4, le=256, description="queue of the array engine")
    core: int = Field(default=8, ge=4, le=256, description="queue of the core")
    store: int = Field(default=16, ge=4, le=256, description="queue of the store engine")


MOST_IMEM_KIB = 256


CORE_EXTENSIONS = ("zba", "zbb", "dot4", "compressed")


class CoreConfig(_Model):
    """The RISC-V core inside the accelerator and its own memories."""

    imem_kib: int = Field(
        default=16,
        ge=2,
        le=MOST_IMEM_KIB,
        description="KiB of instructions: start-up, main loop, operators",
    )
    dmem_kib: int = Field(
        default=16,
        ge=2,
        le=256,
        description="KiB of data: constants, descriptors, state and scratch of operators, stack",
    )
    zba: bool = Field(default=False, description="instructions that shift and add (Zba)")
    zbb: bool = Field(default=False, description="basic bit manipulation (Zbb)")
    dot4: bool = Field(default=False, description="dot products of four packed int8, in custom-0")
    compressed: bool = Field(default=False, description="instructions of 16 bits (C)")

    @property
    def extensions(self) -> frozenset[str]:
        """Which of the optional instructions the core has: of zba, zbb, dot4, compressed."""
        return frozenset(name for name in CORE_EXTENSIONS if getattr(self, name))


class Config(_Model):
    """One accelerator, as its user describes it.

    ``ops`` are C++ files with operators for the core, and ``op_includes`` folders that they include
    from; a file's paths are relative to its folder. They are software: nothing of the hardware
    depends on them.

    Sizes are powers of two so that addresses split without arithmetic; what follows from them
    (word widths, address widths, groups of rows) is in :class:`arch.params.Params`.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="name of the module: weft_<name>; no digest"
    )
    rows: int = Field(
        ge=4, le=64, description="rows of the array: input channels, or taps of a depthwise kernel"
    )
    cols: int = Field(
        ge=4, le=64, description="columns: output channels; also bytes of a scratchpad word"
    )
    lanes: int = Field(
        ge=1, le=64, description="results that post-processing makes in a cycle, a multiplier each"
    )
    streams: int = Field(
        default=2,
        ge=1,
        le=4,
        description="groups of rows that read pixels of their own: rows of a depthwise kernel in"
        " one pass; 2 or more for the addition of tensors",
    )
    accumulator_depth: int = Field(
        default=512, ge=16, le=4096, description="pixels of a tile, in each of two banks"
    )
    scratchpad_kib: int = Field(
        default=128, ge=4, le=4096, description="KiB of tensors; larger ones are cut into slabs"
    )
    scratchpad_banks: int = Field(
        default=4, ge=2, le=16, description="banks that are read and written in the same cycle"
    )
    weight_memory_kib: int = Field(
        default=32, ge=2, le=1024, description="KiB of the ring through which weights stream"
    )
    weight_rows_per_cycle: int = Field(
        default=1, ge=1, le=4, description="rows of the array that get new weights in a cycle"
    )
    axi_data_bits: int = Field(default=64, ge=32, le=256, description="width of the AXI4 port")
    axi_address_bits: int = Field(default=40, ge=32, le=64, description="width of its addresses")
    dma_outstanding: int = Field(
        default=8, ge=1, le=32, description="bursts that an engine may have under way"
    )
    dma_burst_beats: int = Field(
        default=32, ge=1, le=256, description="longest burst, in beats of axi_data_bits"
    )
    queue_words: QueueWords = Field(
        default=QueueWords(), description="commands that wait, in words, for each engine"
    )
    datapath: Literal["systolic", "scalar"] = Field(
        default="systolic",
        description="what executes commands: engines around a systolic array, or, where they do not"
        " fit, firmware on a small processor with a multiplier for each column",
    )
    core: CoreConfig | Literal["none"] = Field(
        default=CoreConfig(), description="memories of the RISC-V core, or none to leave it out"
    )
    elementwise: bool = Field(
        default=True,
        description="the unit that adds and copies tensors, and looks codes up in tables",
    )
    ops: tuple[str, ...] = Field(
        default=(), description="C++ files with operators for the core; no part of the digest"
    )
    op_includes: tuple[str, ...] = Field(
        default=(), description="folders that those files may include from"
    )

    @field_validator("ops", "op_includes", mode="before")
    @classmethod
    def _list_to_tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    def with_ops_in(self, folder: Path) -> Config:
        """The same with the paths of ``ops`` and ``op_includes`` taken from a folder."""
        return self.model_copy(
            update={
                key: tuple(str(folder / path) for path in getattr(self, key)) for key in HOST_ONLY
            }
        )

    def hardware(self) -> dict[str, Any]:
        """What the Verilog depends on, with the name that its module has."""
        data = self.model_dump(mode="json", exclude=set(HOST_ONLY))
        if self.datapath == "systolic":  # which is older than the key
            del data["datapath"]
        return data

    @property
    def has_core(self) -> bool:
        return self.core != "none"

    @property
    def core_extensions(self) -> frozenset[str]:
        """Optional instructions of the core, if there is one."""
        return frozenset() if self.core == "none" else self.core.extensions

    @property
    def digest(self) -> int:
        """32 bits that a program and a device must agree on (the name does not count)."""
        data = self.hardware()
        del data["name"]
        text = json.dumps(data, sort_keys=True).encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:4], "little")


POWERS_OF_TWO = (
    "rows",
    "cols",
    "lanes",
    "streams",
    "accumulator_depth",
    "scratchpad_kib",
    "scratchpad_banks",
    "weight_memory_kib",
    "weight_rows_per_cycle",
    "axi_data_bits",
    "dma_outstanding",
    "dma_burst_beats",
    "core.imem_kib",
    "core.dmem_kib",
)


def _reject(source: str, key: str, value: object, limit: str, remedy: str) -> ConfigError:
    return ConfigError(f"{source}: {key}: {value} {limit}; {remedy}")


def _sizes(config: Config) -> Iterator[tuple[str, int]]:
    """The keys that must be powers of two, with their values."""
    for key in POWERS_OF_TWO:
        block, _, name = key.rpartition(".")
        owner = getattr(config, block) if block else config
        if owner != "none":
            yield key, getattr(owner, name)


def _check_mix(config: Config, source: str) -> None:
    """Refuse combinations that are legal key by key but cannot be built together."""
    for key, value in _sizes(config):
        if value & (value - 1):
            lower = 1 << (value.bit_length() - 1)
            raise _reject(
                source, key, value, "is not a power of two", f"use {lower} or {2 * lower}"
            )
    c = config
    pairs = max(1, c.rows // c.cols)
    if c.lanes > c.cols:
        raise _reject(source, "lanes", c.lanes, f"exceeds cols ({c.cols})", f"use {c.cols} or less")
    if pairs > c.streams:
        raise _reject(
            source,
            "streams",
            c.streams,
            f"cannot feed {c.rows} rows from words of cols={c.cols} bytes",
            f"set streams to {pairs} or more, or cols to {c.rows // c.streams}",
        )
    if c.rows // c.streams < 2:
        raise _reject(
            source,
            "streams",
            c.streams,
            f"leaves fewer than two of rows={c.rows} to a stream",
            f"use {c.rows // 2} or less",
        )
    if c.weight_rows_per_cycle > c.streams:
        raise _reject(
            source,
            "weight_rows_per_cycle",
            c.weight_rows_per_cycle,
            f"exceeds streams ({c.streams})",
            f"use {c.streams} or less",
        )
    weight_word_bits = 8 * c.cols * c.weight_rows_per_cycle
    if c.axi_data_bits > weight_word_bits:
        raise _reject(
            source,
            "axi_data_bits",
            c.axi_data_bits,
            f"is wider than a word of the weight memory ({weight_word_bits} bits)",
            "lower it, or raise cols or weight_rows_per_cycle",
        )
    if c.scratchpad_banks * c.cols * 64 > c.scratchpad_kib * 1024:
        raise _reject(
            source,
            "scratchpad_banks",
            c.scratchpad_banks,
            f"leaves fewer than 64 words a bank in {c.scratchpad_kib} KiB",
            "use fewer banks or a larger scratchpad_kib",
        )
    if c.dma_burst_beats * c.axi_data_bits // 8 > 4096:
        raise _reject(
            source,
            "dma_burst_beats",
            c.dma_burst_beats,
            f"of {c.axi_data_bits} bits exceed the 4096 bytes that an AXI burst may span",
            f"use {4096 * 8 // c.axi_data_bits} or less",
        )
    if c.datapath == "scalar":
        _check_scalar(c, source)


def _check_scalar(config: Config, source: str) -> None:
    """Refuse what the firmware of the scalar datapath is not made for."""
    only = {
        "rows": 4,
        "cols": 4,
        "lanes": 1,
        "weight_rows_per_cycle": 1,
        "axi_data_bits": 32,
        "axi_address_bits": 32,
        "core": "none",
    }
    for key, wanted in only.items():
        value = getattr(config, key)
        if value != wanted:
            shown = value if isinstance(value, int) else "a core"
            raise _reject(
                source, key, shown, "is not what the scalar datapath has", f"use {wanted}"
            )


def _one_line(error: ValidationError, source: str, data: dict[str, Any]) -> ConfigError:
    """The first of pydantic's findings as: source: key: value limit; remedy."""
    first = error.errors()[0]
    key = ".".join(
        str(part) for part in first["loc"] if part not in ("CoreConfig", "literal['none']")
    )
    value = first.get("input")
    kind = first["type"]
    if kind == "extra_forbidden":
        model: type[BaseModel] = Config
        if key.startswith("core."):
            model = CoreConfig
        elif key.startswith("queue_words."):
            model = QueueWords
        known = list(model.model_fields)
        near = difflib.get_close_matches(key.rsplit(".", 1)[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
        return _reject(source, key, value, "is given to an unknown key", hint)
    if kind == "missing":
        return ConfigError(
            f"{source}: {key}: is missing and has no default; add a line '{key}: ...'"
        )
    ctx = first.get("ctx", {})
    if kind == "greater_than_equal":
        return _reject(source, key, value, f"is below the limit of {ctx['ge']}", "raise it")
    if kind == "less_than_equal":
        return _reject(source, key, value, f"is above the limit of {ctx['le']}", "lower it")
    if key == "core":
        text = "is neither 'none' nor a block with imem_kib and dmem_kib"
        return _reject(source, key, repr(value), text, "give whole numbers of KiB, or 'none'")
    if kind == "literal_error":
        return _reject(source, key, repr(value), "is unknown", f"use {ctx['expected']}")
    if key.split(".")[0] == "ops":
        text = "is not a list of C++ files"
        return _reject(source, key, repr(value), text, "write ops: [my_op.cc]")
    if key.split(".")[0] == "op_includes":
        text = "is not a list of folders"
        return _reject(source, key, repr(value), text, "write op_includes: [folder]")
    if kind == "string_pattern_mismatch":
        return _reject(
            source, key, repr(value), "is not a plain name", "use lower-case letters, digits and _"
        )
    wanted = kind.removesuffix("_type").removesuffix("_from_float").replace("_", " ")
    wanted = "block of keys" if wanted == "model" else wanted
    return _reject(source, key, repr(value), f"has the wrong type: {wanted} wanted", "correct it")


def parse_config(data: object, source: str = "configuration") -> Config:
    """Validate a mapping of keys to values.

    Raises :class:`ConfigError` with one line naming key, value, limit and remedy.
    """
    if not isinstance(data, dict):
        raise ConfigError(f"{source}: is not a YAML mapping of keys to values; see docs/guide.md")
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise _one_line(error, source, data) from None
    _check_mix(config, source)
    return config


def load_config(name_or_path: str | Path) -> Config:
    """Read a preset by name (``tiny``, ``small``, ``medium``, ``large``) or a YAML file by path."""
    text_name = str(name_or_path)
    if text_name in PRESETS:
        text = resources.files("arch").joinpath("presets", f"{text_name}.yaml").read_text()
    else:
        path = Path(text_name)
        if not path.is_file():
            raise ConfigError(
                f"{text_name}: is neither a file nor a preset; presets: {', '.join(PRESETS)}"
            )
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not text"
            raise ConfigError(f"{text_name}: {reason}; name a YAML file") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise ConfigError(f"{text_name}{line}: is not YAML: {problem}; correct it") from None
    config = parse_config(data, text_name)
    return config if text_name in PRESETS else config.with_ops_in(Path(text_name).parent)
