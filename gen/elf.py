"""What is read from ELF files: symbols and sections of objects and of linked programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection


@dataclass(frozen=True)
class ElfSymbol:
    """A symbol; ``is_defined`` in this file, ``is_local`` to it."""

    name: str
    value: int
    is_function: bool
    is_defined: bool
    is_local: bool


@dataclass(frozen=True)
class Elf:
    """An ELF file that was read as a whole."""

    entry: int
    symbols: tuple[ElfSymbol, ...]
    sections: dict[str, bytes]
    thread_locals: frozenset[str]

    def addresses(self) -> dict[str, int]:
        """Values of the symbols that are defined, by name."""
        return {s.name: s.value for s in self.symbols if s.is_defined}

    def undefined(self) -> set[str]:
        return {s.name for s in self.symbols if s.name and not s.is_defined}

    def exported(self) -> set[str]:
        return {s.name for s in self.symbols if s.is_defined and not s.is_local}


def read_elf(path: Path) -> Elf:
    """Read symbols and the contents of all sections that are not debug information."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        table = elf.get_section_by_name(".symtab")
        symbols = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
        return Elf(
            entry=elf["e_entry"],
            symbols=tuple(
                ElfSymbol(
                    name=symbol.name,
                    value=symbol["st_value"],
                    is_function=symbol["st_info"]["type"] == "STT_FUNC",
                    is_defined=symbol["st_shndx"] != "SHN_UNDEF",
                    is_local=symbol["st_info"]["bind"] == "STB_LOCAL",
                )
                for symbol in symbols
            ),
            sections={
                section.name: section.data()
                for section in elf.iter_sections()
                if section["sh_type"] != "SHT_NULL" and not section.name.startswith(".debug")
            },
            thread_locals=frozenset(
                symbol.name for symbol in symbols if symbol["st_info"]["type"] == "STT_TLS"
            ),
        )
