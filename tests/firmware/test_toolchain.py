"""Building of firmware: what users' sources may use, what they are told, what is cached."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from arch.config import load_config, parse_config
from arch.errors import WeftError
from arch.isa import Space
from arch.op_interface import OpDescription
from arch.params import Params
from arch.riscv import Custom
from firmware import image as image_module
from firmware.host import HostOps
from firmware.image import build_firmware
from firmware.link import FirmwareSizeError
from gen.elf import read_elf
from gen.instructions import InstructionError, check_instructions
from gen.toolchain import CORE, SourceError, compile_object
from tests.firmware.helpers import BASE_SEED, COMMON_OPS, on_core, output_bytes, small
from tests.firmware.machine import Machine
from tests.firmware.test_runtime import tensor

HEADER = '#include "weft_op.h"\n'
OP = 'static int32_t f(const weft_op_t *) { return 0; }\nWEFT_OP("F", f)\n'


def source(folder: Path, text: str, name: str = "my_op.cc") -> Path:
    path = folder / name
    path.write_text(HEADER + text)
    return path


def roomy() -> Params:
    data = load_config("small").model_dump(mode="json")
    return Params(parse_config({**data, "core": {"imem_kib": 128, "dmem_kib": 64}}))


def same_on_host_and_core(params: Params, path: Path, op: OpDescription) -> list[bytes]:
    """Outputs of an operator, which both builds must agree on to the last bit."""
    image = build_firmware(params, [path], [])
    status, on_rv32 = on_core(Machine(params, image), op, np.random.default_rng(BASE_SEED))
    assert status == 0
    assert HostOps([path], []).call(op.name, op) == 0
    assert output_bytes(op) == on_rv32
    return on_rv32


def message(folder: Path, text: str, params: Params | None = None) -> str:
    """The one line that a faulty source is refused with."""
    with pytest.raises(WeftError) as error:
        build_firmware(params or small(), [source(folder, text)], [])
    line = str(error.value)
    assert "\n" not in line
    return line


# ---- what operators may use ------------------------------------------------------------------
def test_containers_and_algorithms_work(tmp_path: Path) -> None:
    path = source(
        tmp_path,
        """
        #include <algorithm>
        #include <array>
        #include <cstdint>
        #include <functional>
        #include <map>
        #include <numeric>
        #include <string>
        #include <vector>
        static int32_t f(const weft_op_t *op) {
            const int8_t *x = (const int8_t *)op->inputs[0]->data;
            int32_t *y = (int32_t *)op->outputs[0]->data;
            std::vector<int32_t> v;
            for (uint32_t i = 0; i < op->inputs[0]->bytes; i++) v.push_back(x[i]);
            std::sort(v.begin(), v.end(), std::greater<int32_t>());
            std::copy(v.begin(), v.end(), y);
            y += v.size();
            std::map<int32_t, int32_t> counts;
            for (int32_t n : v) counts[n & 3]++;
            for (int32_t i = 0; i < 4; i++) *y++ = counts[i];
            std::array<int64_t, 2> sums = {std::accumulate(v.begin(), v.end(), int64_t(0)), 7};
            *y++ = (int32_t)(sums[0] * 1000003 / sums[1]);
            std::string text = "weft";
            text += std::to_string(v[0]);
            std::function<int32_t(int32_t)> twice = [](int32_t n) { return 2 * n; };
            *y++ = twice((int32_t)text.size());
            return 0;
        }
        static uint32_t scratch(const weft_op_t *) { return 4096; }
        WEFT_OP("F", f, 0, 0, scratch)
        """,
    )
    x = np.random.default_rng(BASE_SEED).integers(-128, 128, 40, np.int8)
    op = OpDescription("F", (tensor(x),), (tensor(np.zeros(46, np.int32)),), scratch_bytes=4096)
    (out,) = same_on_host_and_core(roomy(), path, op)
    found = np.frombuffer(out, np.int32)
    values = x.astype(np.int64)
    assert found[:40].tolist() == sorted(values.tolist(), reverse=True)
    assert found[40:44].tolist() == [int((values & 3 == i).sum()) for i in range(4)]
    assert found[44] == int(np.trunc(int(values.sum()) * 1000003 / 7))
    assert found[45] == 2 * len(f"weft{values.max()}")


def test_float_and_double_arithmetic_is_exact(tmp_path: Path) -> None:
    """Also where operands or results are subnormal, and at the ends of the ranges."""
    path = source(
        tmp_path,
        """
        static int32_t f(const weft_op_t *op) {
            const int32_t n = op->inputs[0]->dims[0];
            const float *a = (const float *)op->inputs[0]->data;
            const double *c = (const double *)op->inputs[1]->data;
            float *y = (float *)op->outputs[0]->data;
            double *z = (double *)op->outputs[1]->data;
            for (int32_t i = 0; i + 1 < n; i++, a++, c++) {
                *y++ = a[0] + a[1]; *y++ = a[0] * a[1]; *y++ = a[0] / a[1]; *y++ = (float)c[0];
                *z++ = c[0] + c[1]; *z++ = c[0] * c[1]; *z++ = c[0] / c[1]; *z++ = (double)a[0];
            }
            return 0;
        }
        WEFT_OP("F", f)
        """,
    )
    rng = np.random.default_rng(BASE_SEED)
    n = 1500
    # Significands of few bits make exact results and ties likely.
    odd = 1 + rng.integers(0, 1 << 23, n) / 2.0**23
    short = 1 + rng.integers(0, 8, n) / 8
    significand = np.where(rng.integers(0, 2, n), odd, short) * rng.choice([-1, 1], n)
    # Of half the neighbours, the quotient is about the smallest normal number.
    small_over_large = np.where(np.arange(n) % 2, 1, -1)
    pairs = rng.integers(0, 2, n).astype(bool)
    exponents_a = np.where(pairs, small_over_large * rng.integers(58, 76, n), 0)
    exponents_a = np.where(pairs, exponents_a, rng.integers(-149, 128, n))
    exponents_c = np.where(pairs, small_over_large * rng.integers(500, 540, n), 0)
    exponents_c = np.where(pairs, exponents_c, rng.integers(-1074, 1024, n))
    exponents_c[::5] = rng.integers(-150, -120, len(exponents_c[::5]))  # subnormal as float
    a = (significand * 2.0**exponents_a).astype(np.float32)
    c = significand * 2.0**exponents_c
    specials = [0, -0.0, np.inf, -np.inf, np.nan, 1, 2.0**-126, 2.0**-149]
    a[:8], a[20:28:2] = specials, 2.0**-149
    c[:8], c[20:28:2] = specials, 2.0**-1074
    op = OpDescription(
        "F",
        (tensor(a), tensor(c)),
        (tensor(np.zeros(4 * (n - 1), np.float32)), tensor(np.zeros(4 * (n - 1), np.float64))),
    )
    image = build_firmware(small(), [path], [])
    status, outputs = on_core(Machine(small(), image), op, rng)
    assert status == 0
    with np.errstate(all="ignore"):
        singles = [a[:-1] + a[1:], a[:-1] * a[1:], a[:-1] / a[1:], c[:-1].astype(np.float32)]
        doubles = [c[:-1] + c[1:], c[:-1] * c[1:], c[:-1] / c[1:], a[:-1].astype(np.float64)]
    for out, expected, bits in (
        (outputs[0], np.stack(singles, 1), np.uint32),
        (outputs[1], np.stack(doubles, 1), np.uint64),
    ):
        found = np.frombuffer(out, expected.dtype).reshape(expected.shape)
        same = (found.view(bits) == expected.view(bits)) | (np.isnan(found) & np.isnan(expected))
        rows, columns = np.nonzero(~same)
        assert same.all(), f"WEFT_SEED={BASE_SEED}: row {rows[0]} column {columns[0]}"
        subnormal = (np.abs(expected[:, 2]) < np.finfo(expected.dtype).tiny) & (expected[:, 2] != 0)
        assert subnormal.sum() > 50


# Two arguments, or one; in musl's C, or in zig's libc or compiler_rt.
ONE = "exp log sin cos tan tanh sqrt atan asin erf expm1 log1p sinh cbrt exp2 log2 floor round"
TWO = "pow atan2 fmod hypot"


def test_mathematical_functions_give_the_same_bits_on_host_and_core(tmp_path: Path) -> None:
    calls = [f"{name}({x})" for name in ONE.split() for x in ("a", "(double)a")]
    calls += [f"{name}({x})" for name in TWO.split() for x in ("a, b", "(double)a, (double)b")]
    lines = "\n".join(f"*y++ = (double)std::{call};" for call in calls)
    path = source(
        tmp_path,
        f"""
        #include <cmath>
        static int32_t f(const weft_op_t *op) {{
            const float *x = (const float *)op->inputs[0]->data;
            double *y = (double *)op->outputs[0]->data;
            for (int32_t i = 0; i < op->inputs[0]->dims[0]; i += 2) {{
                const float a = x[i], b = x[i + 1];
                {lines}
            }}
            return 0;
        }}
        WEFT_OP("F", f)
        """,
    )
    rng = np.random.default_rng(BASE_SEED)
    x = np.concatenate(
        [
            np.array([0, -0.0, 1, -1, 0.5, np.inf, -np.inf, 1, 1e-40, 88.7, 1e30, 3], np.float32),
            rng.uniform(0.01, 0.99, 20).astype(np.float32),
            rng.normal(0, 3, 20).astype(np.float32),
        ]
    ).astype(np.float32)
    n = len(calls)
    y = np.zeros((len(x) // 2, n), np.float64)
    op = OpDescription("F", (tensor(x),), (tensor(y),))
    image = build_firmware(roomy(), [path], [])
    status, (out,) = on_core(Machine(roomy(), image), op, rng)
    assert status == 0
    assert HostOps([path], []).call("F", op) == 0
    on_rv32 = np.frombuffer(out, np.float64).reshape(y.shape)
    for column, call in enumerate(calls):
        host, core = y[:, column], on_rv32[:, column]
        same = (host.view(np.uint64) == core.view(np.uint64)) | (np.isnan(host) & np.isnan(core))
        assert same.all(), f"WEFT_SEED={BASE_SEED} {call}: {host[~same]} {core[~same]}"
    # And they are right: NumPy's are good to a few units in the last place.
    a = x[0::2].astype(np.float64)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(on_rv32[:, calls.index("exp((double)a)")], np.exp(a), 1e-14)
        np.testing.assert_allclose(on_rv32[:, calls.index("tanh((double)a)")], np.tanh(a), 1e-14)


def test_only_what_is_used_is_linked(tmp_path: Path) -> None:
    alone = build_firmware(small(), [source(tmp_path, OP)], [])
    with_softmax = build_firmware(small(), [source(tmp_path, OP)], ["SOFTMAX"])
    assert len(alone.imem) < 1024
    assert 1024 < len(with_softmax.imem) < 4096
    assert sorted(with_softmax.functions) == ["F", "SOFTMAX"]
    assert alone.dmem == b""


def test_the_common_operators_fit_the_smallest_configuration() -> None:
    """A part of the memory stays free for an operator of the user's."""
    params = Params(load_config("tiny"))
    image = build_firmware(params, [], COMMON_OPS)
    print(f"common operators: {len(image.imem)} bytes of code, {len(image.dmem)} of data")
    assert len(image.imem) <= 3 / 4 * params.space_bytes[Space.IMEM]


# ---- what faulty sources are told ------------------------------------------------------------
def test_syntax_error_names_file_line_and_fault(tmp_path: Path) -> None:
    text = message(tmp_path, "static int32_t f(const weft_op_t *) { return 3 }\n")
    assert re.search(r"my_op\.cc:2: expected ';' after return statement$", text)


def test_missing_header_names_file_and_line(tmp_path: Path) -> None:
    text = message(tmp_path, '#include "nowhere.h"\n')
    assert text.endswith("my_op.cc:2: 'nowhere.h' file not found")


def test_wrong_signature_names_the_registration(tmp_path: Path) -> None:
    text = message(tmp_path, 'static float f(int) { return 0; }\nWEFT_OP("F", f)\n')
    assert re.search(r"my_op\.cc:3: .*weft_function_t", text)


def test_long_name_is_refused(tmp_path: Path) -> None:
    name = "x" * 56
    text = message(tmp_path, OP.replace('"F"', f'"{name}"'))
    assert "the operator's name is too long" in text


def test_undefined_function_names_caller_and_function(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        "extern int32_t g(void);\nstatic int32_t f(const weft_op_t *) { return g(); }\n"
        'WEFT_OP("F", f)\n',
    )
    assert re.search(r"my_op\.cc:3: g\(\) is used, and neither the operators nor", text)


def test_input_and_output_streams_are_named(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        '#include <fstream>\nstatic int32_t f(const weft_op_t *) { std::ofstream o("x"); o << 1;'
        ' return 0; }\nWEFT_OP("F", f)\n',
        roomy(),
    )
    assert "my_op.cc:" in text or "std::" in text


def test_source_without_registration_is_refused(tmp_path: Path) -> None:
    text = message(tmp_path, "int32_t g(const weft_op_t *) { return 0; }\n")
    assert text.endswith(
        'my_op.cc: registers no operator; add a line WEFT_OP("name", eval) at file scope'
    )


def test_name_registered_twice_is_refused(tmp_path: Path) -> None:
    first, second = source(tmp_path, OP, "a.cc"), source(tmp_path, OP, "b.cc")
    for build in (
        lambda: build_firmware(small(), [first, second], []),
        lambda: HostOps([first, second], []),
    ):
        with pytest.raises(SourceError, match="^F: is registered twice; give one"):
            build()


def test_function_defined_twice_is_refused(tmp_path: Path) -> None:
    text = OP + "int32_t helper(void) { return 1; }\n"
    first = source(tmp_path, text, "a.cc")
    second = source(tmp_path, text.replace('"F"', '"G"'), "b.cc")
    with pytest.raises(SourceError, match=r"helper\(\) is defined twice; make one of them static"):
        build_firmware(small(), [first, second], [])


def test_missing_source_and_unknown_operator_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.cc: no such file"):
        build_firmware(small(), [tmp_path / "gone.cc"], [])
    with pytest.raises(
        WeftError,
        match="^CONV_3D: the core's library has no such operator; it has ABS_FLOAT32, ADD",
    ):
        build_firmware(small(), [], ["CONV_3D"])


def test_configuration_without_core_is_refused(tmp_path: Path) -> None:
    data = load_config("tiny").model_dump(mode="json")
    params = Params(parse_config({**data, "core": "none"}))
    text = message(tmp_path, OP, params)
    assert text.startswith("configuration tiny: core: none has nothing to run operators on; give")


def test_code_that_does_not_fit_names_size_and_remedy(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        "#define R4(x) x x x x\n#define R256(x) R4(R4(R4(R4(x))))\n"
        "static int32_t f(const weft_op_t *op) {"
        " volatile int32_t *p = (volatile int32_t *)op->scratch;"
        ' R256(R4(R4(p[0] = 1;))) return 0; }\nWEFT_OP("F", f)\n',
    )
    assert re.search(
        r"^firmware: needs \d+ bytes of IMEM, and configuration small has 16384;"
        r" raise core.imem_kib",
        text,
    )


def test_data_that_does_not_fit_names_size_and_remedy(tmp_path: Path) -> None:
    def with_table(n: int) -> str:
        return (
            f"static volatile int32_t table[{n}] = {{1}};\n"
            'static int32_t f(const weft_op_t *) { return table[3]; }\nWEFT_OP("F", f)\n'
        )

    assert re.search(
        r"^firmware: needs \d+ bytes of DMEM, and", message(tmp_path, with_table(5000))
    )
    # The stack's quarter counts: 14,000 bytes of data do not fit 16 KiB.
    assert "raise core.dmem_kib" in message(tmp_path, with_table(3500))
    with pytest.raises(FirmwareSizeError):
        build_firmware(small(), [source(tmp_path, with_table(3500))], [])


def test_thread_local_is_refused(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        "static thread_local volatile int32_t n = 3;\n"
        'static int32_t f(const weft_op_t *) { return n++; }\nWEFT_OP("F", f)\n',
    )
    assert "thread_local is used" in text


@pytest.mark.parametrize(
    ("assembly", "shown"),
    [
        ("ecall", "ecall"),
        (".word 0x0005202F", "0x0005202F"),  # amoadd.w
        (".word 0x1005252F", "0x1005252F"),  # lr.w
        (".word 0x00B50553", "0x00B50553"),  # fadd.s
        (".word 0x45014501", "0x45014501"),  # two compressed instructions
        (".word 0x20B50533", "0x20B50533"),  # no funct7 of RV32IM: an add with bit 29 set
        (".word 0x40B54533", "0x40B54533"),  # xnor of Zbb
        (".word 0x02051513", "0x02051513"),  # slli by 32
        (".word 0x00053503", "0x00053503"),  # ld
    ],
)
def test_instructions_that_the_core_lacks_are_refused(
    assembly: str, shown: str, tmp_path: Path
) -> None:
    text = message(
        tmp_path,
        f'static int32_t guilty(const weft_op_t *) {{ asm volatile("{assembly}"); return 0; }}\n'
        'WEFT_OP("F", guilty)\n',
    )
    assert re.search(rf"guilty.* has {shown} at 0x[0-9A-F]{{8}}, which is not an", text)


# Operands, and the instructions that take them.
RV32IM_ZICSR = """
a0, 1: lui auipc
a0, 4(a1): lb lh lw lbu lhu sb sh sw jalr
a0, a1, .: beq bne blt bge bltu bgeu
a0, a1, 3: addi slti sltiu xori ori andi slli srli srai
a0, a1, a2: add sub sll slt sltu xor srl sra or and
a0, a1, a2: mul mulh mulhsu mulhu div divu rem remu
a0, mscratch, a1: csrrw csrrs csrrc
a0, mscratch, 3: csrrwi csrrsi csrrci
a0, .: jal
: fence fence.i ebreak mret wfi
"""


def test_every_instruction_of_rv32im_zicsr_is_let_through(tmp_path: Path) -> None:
    lines = []
    for row in RV32IM_ZICSR.strip().splitlines():
        operands, names = row.split(":")
        lines += [f"{name} {operands}" for name in names.split()]
    path = tmp_path / "all.S"
    architecture = '.attribute arch, "rv32im_zicsr_zifencei"'
    path.write_text("\n".join([".option norelax", architecture, *lines, ""]))
    compile_object(CORE, path, tmp_path / "all.o")
    code = read_elf(tmp_path / "all.o").sections[".text"]
    assert len(code) == 4 * len(lines)
    check_instructions(code, 0, {})
    with pytest.raises(InstructionError, match="the program has 0x00000000 at 0x00000004"):
        check_instructions(code[:4] + bytes(4), 0, {})


def dot_op(folder: Path) -> Path:
    text = (
        '#include "weft_dot4.h"\n'
        "static int32_t f(const weft_op_t *op) {\n"
        "    const uint32_t *a = static_cast<const uint32_t *>(op->inputs[0]->data);\n"
        "    *static_cast<int32_t *>(op->outputs[0]->data) = weft_dot4(7, a[0], a[1]);\n"
        '    return 0;\n}\nWEFT_OP("F", f)\n'
    )
    return source(folder, text)


def test_an_operator_uses_dot_products_where_the_core_has_them(tmp_path: Path) -> None:
    config = load_config("small")
    core = config.core.model_copy(update={"dot4": True, "zba": True, "zbb": True})
    extended = Params(config.model_copy(update={"core": core}))
    for params, has in ((small(), False), (extended, True)):
        image = build_firmware(params, [dot_op(tmp_path)], [])
        words = np.frombuffer(image.imem, "<u4")
        assert bool((words & 0x7F == Custom.CUSTOM_0).any()) is has


def test_a_dot_product_without_the_instruction_is_the_same_on_host_and_core(
    tmp_path: Path,
) -> None:
    values = np.array([1, -2, 3, -128, 127, 5, -6, -128], np.int8)
    op = OpDescription("F", (tensor(values.view(np.int32)),), (tensor(np.zeros(1, np.int32)),))
    expected = 7 + int(values[:4].astype(int) @ values[4:].astype(int))
    (output,) = same_on_host_and_core(small(), dot_op(tmp_path), op)
    assert np.frombuffer(output, "<i4").tolist() == [expected]


# ---- the cache -------------------------------------------------------------------------------
def test_a_second_build_is_taken_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "cache"))
    path = source(tmp_path, OP)
    first = build_firmware(small(), [path], ["RESHAPE"])

    def refuse(*arguments: object) -> None:
        raise AssertionError("linked again")

    monkeypatch.setattr(image_module, "link_core", refuse)
    assert build_firmware(small(), [path], ["RESHAPE"]) == first
    assert first.elf.is_relative_to(tmp_path / "cache")


def test_a_changed_header_of_the_user_changes_the_firmware(tmp_path: Path) -> None:
    path = source(
        tmp_path,
        '#include "mine.h"\n'
        'static int32_t f(const weft_op_t *) { return MINE; }\nWEFT_OP("F", f)\n',
    )
    found = []
    for value in (7, 8):
        (tmp_path / "mine.h").write_text(f"#define MINE {value}\n")
        image = build_firmware(small(), [path], [])
        found.append(Machine(small(), image).call(image.functions["F"].eval, 0))
        found.append(HostOps([path], []).call("F", OpDescription("F", (), ())))
    assert found == [7, 7, 8, 8]


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeftError, match="set WEFT_CACHE to a folder"):
        build_firmware(small(), [source(tmp_path, OP)], [])
