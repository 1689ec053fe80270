"""Where in the sources a core's program stood: from its DWARF debug information."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.dwarf.callframe import FDE
from elftools.dwarf.descriptions import describe_form_class
from elftools.elf.elffile import ELFFile

from firmware.trap import TrapRecord
from gen.elf import read_elf
from gen.toolchain import shown_path

MAX_FRAMES = 32
CALL_BYTES = 2  # of the shortest call; an address inside a longer one does as well
LEFT_OUT = 0
"""Where debug information says that code stands which the linker left out; start-up code does."""
_RA, _SP = 1, 2


@dataclass(frozen=True)
class Frame:
    """A function on the stack; ``file`` is empty and ``line`` 0 where they are not known."""

    pc: int
    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        where = f" at {self.file}{line}" if self.file else ""
        return f"{self.function}{where}"


class SourceMap:
    """Addresses of a linked program in terms of its sources.

    Parameters
    ----------
    elf : the linked file.
    """

    def __init__(self, elf: Path):
        self._symbols = sorted((s.value, s.name) for s in read_elf(elf).symbols if s.is_function)
        with elf.open("rb") as file:
            dwarf = ELFFile(file).get_dwarf_info()
            self._functions: list[_Function] = []
            self._lines: list[tuple[int, str, int]] = []
            for unit in dwarf.iter_CUs():
                self._functions += _functions(unit.get_top_DIE())
                self._lines += _lines(dwarf, unit)
            self._lines.sort(key=lambda row: (row[0], row[2] > 0))  # ends before beginnings
            self._tables = _call_frame_tables(dwarf)

    def frames_at(self, pc: int) -> list[Frame]:
        """The function at an address and those that it was inlined into, innermost first."""
        around = [f for f in self._functions if f.low <= pc < f.high]
        if not around:
            return [Frame(pc, self._symbol(pc), *self._line(pc))]
        around.sort(key=lambda f: f.depth, reverse=True)
        file, line = self._line(pc)
        frames = []
        for function in around:
            frames.append(Frame(pc, function.name, file, line))
            file, line = function.call_file, function.call_line
        return frames

    def backtrace(self, trap: TrapRecord) -> list[Frame]:
        """All functions that were under way at an exception, as far as the stack tells."""
        frames: list[Frame] = []
        registers = dict(enumerate(trap.registers))
        pc = trap.pc
        if not self._is_code(pc):  # a jump into nowhere: its caller is known
            pc = registers[_RA] - CALL_BYTES
        look_at = pc
        while self._is_code(look_at) and len(frames) < MAX_FRAMES:
            frames += self.frames_at(look_at)
            caller = self._caller(look_at, registers, trap)
            if caller is None:
                break
            # The call is the instruction before the address that it returns to.
            look_at = caller - CALL_BYTES
        return [f for f in frames if f.function not in ("weft_entry", "weft_boot")]

    def _is_code(self, pc: int) -> bool:
        return bool(self._lines) and any(f.low <= pc < f.high for f in self._functions)

    def _symbol(self, pc: int) -> str:
        at = bisect_right(self._symbols, (pc, "\U0010ffff")) - 1
        return self._symbols[at][1] if at >= 0 else f"0x{pc:08X}"

    def _line(self, pc: int) -> tuple[str, int]:
        at = bisect_right(self._lines, pc, key=lambda row: row[0]) - 1
        return self._lines[at][1:] if at >= 0 else ("", 0)

    def _caller(self, pc: int, registers: dict[int, int], trap: TrapRecord) -> int | None:
        """The return address; ``registers`` become the caller's."""
        row = self._frame_row(pc)
        if row is None or row["cfa"].reg is None or row["cfa"].reg not in registers:
            return None
        cfa = (registers[row["cfa"].reg] + row["cfa"].offset) & 0xFFFF_FFFF
        for register, rule in row.items():
            if not isinstance(register, int) or rule.type != "OFFSET":
                continue
            word = trap.word(cfa + rule.arg)
            if word is None:
                registers.pop(register, None)
            else:
                registers[register] = word
        registers[_SP] = cfa
        return registers.pop(_RA, None)

    def _frame_row(self, pc: int) -> dict[Any, Any] | None:
        for low, high, rows in self._tables:
            if low <= pc < high:
                return next((row for row in reversed(rows) if row["pc"] <= pc), None)
        return None


@dataclass(frozen=True)
class _Function:
    """Code of a function, or of one that was inlined and then where it was called."""

    low: int
    high: int
    depth: int
    name: str
    call_file: str = ""
    call_line: int = 0


def _functions(top: Any) -> Iterator[_Function]:
    files = _file_names(top)

    def visit(die: Any, depth: int) -> Iterator[_Function]:
        for child in die.iter_children():
            is_inlined = child.tag == "DW_TAG_inlined_subroutine"
            if child.tag == "DW_TAG_subprogram" or is_inlined:
                name = _name(child)
                call_file = files.get(_value(child, "DW_AT_call_file"), "") if is_inlined else ""
                call_line = _value(child, "DW_AT_call_line") if is_inlined else 0
                ranges = _ranges(child)
                if not is_inlined and any(low == LEFT_OUT for low, _ in ranges):
                    continue
                for low, high in ranges:
                    yield _Function(low, high, depth, name, call_file, call_line)
            yield from visit(child, depth + 1)

    yield from visit(top, 0)


def _value(die: Any, attribute: str) -> int:
    found = die.attributes.get(attribute)
    return int(found.value) if found is not None else 0


def _name(die: Any) -> str:
    for attribute in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if attribute in die.attributes:
            return _name(die.get_DIE_from_attribute(attribute))
    name = die.attributes.get("DW_AT_name")
    return name.value.decode() if name is not None else "an unnamed function"


def _ranges(die: Any) -> list[tuple[int, int]]:
    if "DW_AT_ranges" in die.attributes:
        lists = die.dwarfinfo.range_lists()
        offset = die.attributes["DW_AT_ranges"].value
        base = _value(die.cu.get_top_DIE(), "DW_AT_low_pc")
        ranges = []
        for entry in lists.get_range_list_at_offset(offset, cu=die.cu):
            if hasattr(entry, "base_address"):
                base = entry.base_address
                continue
            start = 0 if getattr(entry, "is_absolute", False) else base
            ranges.append((start + entry.begin_offset, start + entry.end_offset))
        return ranges
    if "DW_AT_low_pc" not in die.attributes or "DW_AT_high_pc" not in die.attributes:
        return []
    low, high = _value(die, "DW_AT_low_pc"), die.attributes["DW_AT_high_pc"]
    is_address = describe_form_class(high.form) == "address"
    return [(low, high.value if is_address else low + high.value)]


def _file_names(top: Any) -> dict[int, str]:
    program = top.dwarfinfo.line_program_for_CU(top.cu)
    if program is None:
        return {}
    header = program.header
    first = 0 if header["version"] >= 5 else 1
    folders = [f.decode() for f in header["include_directory"]]
    if first:
        compiled_in = top.attributes.get("DW_AT_comp_dir")
        folders.insert(0, compiled_in.value.decode() if compiled_in else "")
    names = {}
    for index, entry in enumerate(header["file_entry"], first):
        path = Path(folders[entry.dir_index]) / entry.name.decode()
        names[index] = shown_path(str(Path(folders[0]) / path))
    return names


def _lines(dwarf: Any, unit: Any) -> Iterator[tuple[int, str, int]]:
    """Address, file and line where each begins; neither where code without them does."""
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    names = _file_names(unit.get_top_DIE())
    start = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        start = state.address if start is None else start
        if start != LEFT_OUT and state.end_sequence:
            yield state.address, "", 0
        elif start != LEFT_OUT and state.line:
            yield state.address, names.get(state.file, ""), state.line
        if state.end_sequence:
            start = None


def _call_frame_tables(dwarf: Any) -> list[tuple[int, int, list[dict[Any, Any]]]]:
    if not dwarf.has_CFI():
        return []
    tables = []
    for entry in dwarf.CFI_entries():
        if not isinstance(entry, FDE):
            continue
        low = entry["initial_location"]
        if low == LEFT_OUT:
            continue
        rows = entry.get_decoded().table
        tables.append((low, low + entry["address_range"], rows))
    return tables
