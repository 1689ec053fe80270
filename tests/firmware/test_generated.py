"""The generated C headers and linker map agree with arch/, and compilers accept them."""

from __future__ import annotations

import ctypes
import random
import re
import subprocess
from pathlib import Path

import pytest

from arch import isa, memory_map, op_interface, op_params, registers
from arch.config import load_config, parse_config
from arch.op_interface import CStruct
from arch.params import Params
from firmware.image import FIRMWARE_FOLDER
from gen.c_header import HEADER_NAME, c_header
from gen.elf import read_elf
from gen.linker_map import KEPT_BYTES, NoCoreError, linker_script, stack_bytes
from gen.op_header import ABI_HEADER, COMMANDS_HEADER, commands_header, op_header
from gen.toolchain import CORE, compile_object, find_zig
from tests.firmware.helpers import BASE_SEED

PRESETS = ("tiny", "small", "medium", "large")
WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Werror")
STRUCTS = (op_interface.TENSOR, op_interface.OP, *op_params.STRUCTS)


def params_of(preset: str) -> Params:
    return Params(load_config(preset))


def without_core() -> Params:
    data = load_config("tiny").model_dump(mode="json")
    return Params(parse_config({**data, "core": "none"}))


@pytest.fixture
def header_folder(tmp_path: Path) -> Path:
    (tmp_path / HEADER_NAME).write_text(c_header(params_of("small")))
    return tmp_path


def compile_strictly(compiler: list[str], standard: str, folder: Path, text: str) -> None:
    suffix = ".c" if standard.startswith("c9") else ".cc"
    source = folder / f"source{suffix}"
    source.write_text(text)
    command = [*compiler, f"-std={standard}", *WARNINGS, f"-I{folder}", f"-I{FIRMWARE_FOLDER}"]
    done = subprocess.run(
        [*command, "-c", str(source), "-o", str(folder / "source.o")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("standard", ["c99", "c++17"])
def test_config_header_compiles_without_warnings(
    preset: str, standard: str, tmp_path: Path
) -> None:
    (tmp_path / HEADER_NAME).write_text(c_header(params_of(preset)))
    text = f'#include "{HEADER_NAME}"\n#include "{HEADER_NAME}"\nint rows = WEFT_ROWS;\n'
    for compiler in (["cc" if standard == "c99" else "c++"], [str(find_zig().program), "c++"]):
        kind = ["cc"] if standard == "c99" and len(compiler) == 2 else compiler[1:]
        compile_strictly([compiler[0], *kind], standard, tmp_path, text)


@pytest.mark.parametrize("standard", ["c11", "c++17"])
def test_op_header_compiles_without_warnings(standard: str, tmp_path: Path) -> None:
    text = """
        #include "weft_accelerator.h"
        static int32_t f(const weft_op_t *op) { return op->n_inputs; }
        static uint32_t g(const weft_op_t *op) { return op->params_bytes; }
        WEFT_OP("A", f)
        WEFT_OP("B", f, f)
        WEFT_OP("C", f, 0, g)
        WEFT_OP("D", f, f, g, g)
        WEFT_OP("E", f, f, g, g, weft_lookup_bytes)
    """
    suffix = ".c" if standard == "c11" else ".cc"
    source = tmp_path / f"op{suffix}"
    source.write_text(text)
    compiler = "cc" if standard == "c11" else "c++"
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Werror", f"-I{FIRMWARE_FOLDER}"]
    subprocess.run([compiler, *flags, "-c", source, "-o", tmp_path / "op.o"], check=True)
    compile_object(CORE, source, tmp_path / "core.o", [FIRMWARE_FOLDER], flags=flags[1:4])


def test_headers_are_deterministic() -> None:
    for preset in PRESETS:
        assert c_header(params_of(preset)) == c_header(params_of(preset))
        assert linker_script(params_of(preset)) == linker_script(params_of(preset))


def test_committed_op_header_is_the_generated_one() -> None:
    assert ABI_HEADER.read_text() == op_header(), "run python -m gen.op_header"
    assert COMMANDS_HEADER.read_text() == commands_header(), "run python -m gen.op_header"


def test_headers_have_no_line_over_a_hundred_columns() -> None:
    for text in (
        op_header(),
        commands_header(),
        *(c_header(params_of(preset)) for preset in PRESETS),
    ):
        assert max(map(len, text.splitlines())) <= 100


def evaluate(folder: Path, expressions: list[str], setup: str = "") -> list[int]:
    """Values of C expressions of up to 64 bits, computed by a compiled program."""
    rows = ",\n".join(f"(unsigned long long)({e})" for e in expressions)
    source = folder / "values.c"
    source.write_text(
        f'#include <stddef.h>\n#include "{HEADER_NAME}"\n#include "weft_op.h"\n{setup}\n'
        f"const unsigned long long values[] = {{{rows}}};\n"
    )
    library = folder / "values.so"
    flags = ["-shared", "-fPIC", f"-I{folder}", f"-I{FIRMWARE_FOLDER}"]
    subprocess.run(["cc", *flags, source, "-o", library], check=True)
    values = (ctypes.c_uint64 * len(expressions)).in_dll(ctypes.CDLL(str(library)), "values")
    return list(values)


def test_constants_are_those_of_arch(header_folder: Path) -> None:
    expected = {f"WEFT_REG_{r.name}": r.offset for r in registers.REGISTERS}
    expected |= {f"WEFT_CAUSE_{c.name}": int(c) for c in isa.Cause}
    expected |= {f"WEFT_OPCODE_{o.name}": int(o) for o in isa.Opcode}
    expected |= {f"WEFT_SPACE_{s.name}": int(s) for s in isa.Space}
    expected |= {f"WEFT_MMIO_{r.name}": int(r) for r in memory_map.Mmio}
    expected |= {
        "WEFT_DMEM_BASE": memory_map.DMEM_BASE,
        "WEFT_SCRATCHPAD_BASE": memory_map.SCRATCHPAD_BASE,
        "WEFT_IDENTITY": registers.IDENTITY,
        "WEFT_CONFIG_DIGEST": load_config("small").digest,
        "WEFT_ROWS": 8,
        "WEFT_COLS": 8,
        "WEFT_SCRATCHPAD_BYTES": 128 * 1024,
        "WEFT_DMEM_BYTES": 16 * 1024,
        "WEFT_STACK_BYTES": 4 * 1024,
        "WEFT_TYPE_INT8": 9,  # kTfLiteInt8
        "WEFT_TYPE_FLOAT32": 1,  # kTfLiteFloat32
        "WEFT_TYPE_INT16": 7,  # kTfLiteInt16
    }
    assert evaluate(header_folder, list(expected)) == list(expected.values())


def test_masks_and_shifts_pack_the_words_that_arch_packs(header_folder: Path) -> None:
    rng = random.Random(BASE_SEED)
    expressions, expected = [], []
    formats = {f"{isa.HEADER.name}": isa.HEADER, f"{isa.WAITS.name}": isa.WAITS}
    for opcode, words in isa.CONFIG_WORDS.items():
        formats |= {f"{opcode.name}_{fmt.name}": fmt for fmt in words}
    for prefix, fmt in formats.items():
        for _ in range(4):
            values = {f.name: rng.randint(*f.limits) for f in fmt.fields}
            parts = []
            for name, value in values.items():
                macro = f"WEFT_{prefix}_{name.upper()}"
                parts.append(f"(((uint64_t)(int64_t){value}LL << {macro}_SHIFT) & {macro}_MASK)")
            expressions.append(" | ".join(parts))
            expected.append(fmt.pack(values))
    assert evaluate(header_folder, expressions) == expected, f"WEFT_SEED={BASE_SEED}"


def _layout_expressions() -> list[str]:
    return [
        expression
        for struct in STRUCTS
        for expression in (
            f"sizeof({struct.name})",
            *(f"offsetof({struct.name}, {field.name})" for field in struct.fields),
        )
    ]


def _layout(struct: CStruct, pointer_bytes: int) -> list[int]:
    return [struct.n_bytes(pointer_bytes), *struct.offsets(pointer_bytes).values()]


def test_structures_on_the_host_are_laid_out_as_python_packs_them(header_folder: Path) -> None:
    pointer_bytes = ctypes.sizeof(ctypes.c_void_p)
    expected = [value for struct in STRUCTS for value in _layout(struct, pointer_bytes)]
    assert evaluate(header_folder, _layout_expressions()) == expected


def test_structures_on_the_core_are_laid_out_as_python_packs_them(tmp_path: Path) -> None:
    rows = ", ".join(_layout_expressions())
    source = tmp_path / "layout.c"
    source.write_text(
        f'#include <stddef.h>\n#include "weft_op.h"\nconst uint32_t layout[] = {{{rows}}};\n'
    )
    compile_object(CORE, source, tmp_path / "layout.o", [FIRMWARE_FOLDER])
    data = read_elf(tmp_path / "layout.o").sections[".rodata.layout"]
    found = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    assert found == [value for struct in STRUCTS for value in _layout(struct, 4)]


def test_rank_and_dims_are_a_tflite_int_array() -> None:
    """struct TfLiteIntArray { int size; int data[]; }: dims follow rank at once."""
    for pointer_bytes in (4, 8):
        offsets = op_interface.TENSOR.offsets(pointer_bytes)
        assert offsets["dims"] == offsets["rank"] + 4


def test_structure_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"weft_mean_params_t: no member axis"):
        op_params.MEAN.pack({"axis": 1})
    with pytest.raises(ValueError, match=r"weft_copy_t.extents: 9 elements exceed 8"):
        op_params.COPY.pack({"extents": [0] * 9})
    with pytest.raises(ValueError, match=r"weft_mean_params_t.shift"):
        op_params.MEAN.pack({"shift": 1 << 40})


def test_linker_map_has_the_memories_of_the_configuration() -> None:
    for preset, imem_kib, dmem_kib in (("tiny", 16, 8), ("small", 16, 16)):
        params = params_of(preset)
        text = linker_script(params)
        lengths = [int(n) for n in re.findall(r"LENGTH = (\d+)", text)]
        assert lengths == [imem_kib * 1024, dmem_kib * 1024 - KEPT_BYTES]
        assert stack_bytes(params) == dmem_kib * 256


def test_configuration_without_core_has_a_header_and_no_linker_map() -> None:
    params = without_core()
    assert "#define WEFT_HAS_CORE 0" in c_header(params)
    with pytest.raises(NoCoreError, match="core: none has nothing to run operators on"):
        linker_script(params)
