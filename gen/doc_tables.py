"""The tables of the documentation, made from arch/: ``python -m gen.doc_tables``."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from arch import isa, memory_map, registers
from arch.bits import BitField, WordFormat
from arch.config import POWERS_OF_TWO, PRESETS, Config, CoreConfig, QueueWords, load_config
from arch.errors import WeftError
from arch.params import Params
from gen.markdown import blocks, fill, table

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/guide.md", "docs/command-set.md")


# ---- configuration -------------------------------------------------------------------------------
def _limits(key: str, field: FieldInfo) -> str:
    """What a key takes, in words."""
    bounds = {type(m).__name__: m for m in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        text = f"{bounds['Ge'].ge} to {bounds['Le'].le}"
        return f"{text}, a power of two" if key in POWERS_OF_TWO else text
    if field.annotation is bool:
        return "true or false"
    if field.annotation is str:
        return "lower-case letters, digits, _"
    if get_origin(field.annotation) is Literal:
        return " or ".join(get_args(field.annotation))
    return "a block, or none" if key == "core" else "a block"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return str(field.default) if isinstance(field.default, int | str) else "as below"


def config_keys() -> str:
    """Every key of a configuration, with those of its inner blocks behind it."""
    inner: Mapping[str, type[Any]] = {"queue_words": QueueWords, "core": CoreConfig}
    rows = []
    for key, field in Config.model_fields.items():
        names = [(key, field)]
        if key in inner:
            names += [(f"{key}.{k}", f) for k, f in inner[key].model_fields.items()]
        rows += [
            [f"`{name}`", _limits(name, f), _default(f), f.description or ""] for name, f in names
        ]
    return table(["key", "values", "default", "what it is"], rows)


def presets() -> str:
    """The presets side by side, with what follows from them."""
    configs = [load_config(name) for name in PRESETS]
    all_params = [Params(config) for config in configs]
    rows = [["MACs in a cycle", *(str(p.macs_per_cycle) for p in all_params)]]
    for key in Config.model_fields:
        values = [getattr(config, key) for config in configs]
        if key != "name":
            rows.append([f"`{key}`", *map(_value, values)])
    return table(["", *(f"`{name}`>" for name in PRESETS)], rows)


def _value(value: object) -> str:
    if isinstance(value, QueueWords):
        return ", ".join(map(str, value.model_dump().values()))
    if isinstance(value, CoreConfig):
        return f"{value.imem_kib} + {value.dmem_kib} KiB"
    return str(value).lower()


# ---- command set ---------------------------------------------------------------------------------
def _bits(field: BitField) -> str:
    high = field.lsb + field.width - 1
    return str(field.lsb) if field.width == 1 else f"{high}:{field.lsb}"


def _field_rows(fmt: WordFormat) -> list[list[str]]:
    return [
        [_bits(f), f"`{f.name}`", f"signed; {f.doc}" if f.signed else f.doc] for f in fmt.fields
    ]


def _words(formats: Iterable[WordFormat]) -> str:
    rows = [[str(i), fmt.name, *row] for i, fmt in enumerate(formats) for row in _field_rows(fmt)]
    return table(["word>", "name", "bits>", "field", "meaning"], rows)


def _values(values: Iterable[enum.IntEnum], docs: Mapping[Any, str] | None = None) -> str:
    if docs is None:
        return table(["value>", "name"], ([str(int(v)), v.name] for v in values))
    return table(["value>", "name", "meaning"], ([str(int(v)), v.name, docs[v]] for v in values))


def opcodes() -> str:
    """Opcodes, with the engine and the number of configuration words of each."""
    rows = []
    for opcode in isa.Opcode:
        engine = "-" if opcode.engine is None else opcode.engine.name.lower()
        rows.append([f"0x{opcode:02X}", opcode.name, engine, str(len(isa.CONFIG_WORDS[opcode]))])
    return table(["opcode", "name", "engine", "configuration words>"], rows)


def _one_word(fmt: WordFormat) -> str:
    return table(["bits>", "field", "meaning"], _field_rows(fmt))


# ---- registers and memory map --------------------------------------------------------------------
def _repeated(name: str) -> str | None:
    """The name of a register that there is once for each region, with i for the region's number.

    None for all but the first region.
    """
    if not name.startswith("REGION"):
        return name
    return name.replace("REGION0", "REGIONi") if name.startswith("REGION0") else None


def register_map() -> str:
    """Host registers; those that repeat for each region are one row."""
    rows = []
    for r in registers.REGISTERS:
        name, offset, doc = _repeated(r.name), f"0x{r.offset:03X}", r.doc
        if name is None:
            continue
        if name != r.name:
            offset, doc = f"{offset} + 16 i", doc.replace("region 0", "region i")
        rows.append([offset, f"`{name}`", r.access.value, doc])
    return table(["offset", "register", "access", "meaning"], rows)


def register_fields() -> str:
    """Registers that have fields."""
    rows = []
    for register, fmt in registers.FORMATS.items():
        name = _repeated(register)
        if name is not None:
            rows += [[f"`{name}`", _bits(f), f"`{f.name}`", f.doc] for f in fmt.fields]
    return table(["register", "bits>", "field", "meaning"], rows)


def core_memory() -> str:
    """What the core sees at which address."""
    window = f"external memory: region r at 0x{memory_map.WINDOW_BASE:08X} + r * "
    window += f"0x{memory_map.WINDOW_BYTES:08X}"
    rows = [
        [f"0x{base:08X}", what]
        for base, what in (
            (memory_map.IMEM_BASE, "instruction memory (instructions only)"),
            (memory_map.DMEM_BASE, "data memory"),
            (memory_map.SCRATCHPAD_BASE, "scratchpad"),
            (memory_map.MMIO_BASE, "registers between the core and the command stream"),
            (memory_map.WINDOW_BASE, window),
        )
    ]
    return table(["address", "what is there"], rows)


def core_registers() -> str:
    """Registers between the core and the command stream."""
    rows = ([f"0x{m:02X}", f"`{m.name}`", memory_map.MMIO_DOC[m]] for m in memory_map.Mmio)
    return table(["offset", "register", "access and meaning"], rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "config-keys": config_keys,
    "presets": presets,
    "opcodes": opcodes,
    "header": lambda: _one_word(isa.HEADER),
    "waits": lambda: _one_word(isa.WAITS),
    "dma-words": lambda: _words(isa.CONFIG_WORDS[isa.Opcode.LOAD]),
    "array-words": lambda: _words(isa.CONFIG_WORDS[isa.Opcode.ARRAY]),
    "core-words": lambda: _words(isa.CONFIG_WORDS[isa.Opcode.CORE]),
    "spaces": lambda: _values(isa.Space),
    "descriptor": lambda: _words((isa.DESCRIPTOR_ROWS, isa.DESCRIPTOR_STREAM)),
    "causes": lambda: _values(isa.Cause, isa.CAUSE_TEXT),
    "registers": register_map,
    "register-fields": register_fields,
    "core-memory": core_memory,
    "core-registers": core_registers,
}


def updated(text: str, page: str) -> str:
    """A page with all of its tables made anew; blocks of other names stay as they are."""
    for name in blocks(text, page):
        if name in TABLES:
            text = fill(text, page, name, TABLES[name]())
    return text


def main() -> None:
    """Write the tables into the pages of this checkout."""
    for page in PAGES:
        path = ROOT / page
        if not path.is_file():
            raise WeftError(f"{path}: is not there; run this in a checkout of weft")
        path.write_text(updated(path.read_text(), page))
        print(page)


if __name__ == "__main__":
    try:
        main()
    except WeftError as error:
        sys.exit(f"weft: {error}")
