"""The second tool chain: the same operators, built by Debian's gcc with picolibc."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arch.op_interface import OpDescription, TensorDescription, TensorType
from firmware.gcc import find_gcc
from firmware.host import HostOps
from firmware.image import FirmwareImage, build_firmware
from firmware.sources import OpSources
from gen.toolchain import SourceError, ToolchainError
from tests.firmware.helpers import BASE_SEED, on_core, roomy
from tests.firmware.machine import Machine


def missing() -> str:
    """What is not installed, in one line; nothing if it is."""
    try:
        find_gcc()
    except ToolchainError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def build(source: Path | None, builtin: list[str]) -> FirmwareImage:
    files = () if source is None else (source,)
    return build_firmware(roomy(), OpSources(files, toolchain="gcc"), builtin)


def tensor(array: np.ndarray, scale: float = 0.0) -> TensorDescription:
    return TensorDescription(array.shape, TensorType[array.dtype.name.upper()], array, scale)


OPERATOR = r"""
#include <stdio.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>
#include "weft_op.h"

struct Counter { int32_t n; Counter() : n(5) {} };
static Counter counter;  // a constructor that must have run

static int32_t roots(const weft_op_t *op) {
    const auto *x = static_cast<const int32_t *>(op->inputs[0]->data);
    auto *y = static_cast<double *>(op->outputs[0]->data);
    const int32_t n = weft_elements(op->inputs[0]);
    std::vector<int32_t> sorted(x, x + n);
    std::sort(sorted.begin(), sorted.end(), std::greater<int32_t>());
    std::vector<int32_t> places(64);
    for (int32_t i = 0; i < n; i++) places.at(x[i]) = i;
    for (int32_t i = 0; i < n; i++) y[i] = std::sqrt((double)sorted[i]) / 3 + places[sorted[i]];
    const std::string text = "sum " + std::to_string(std::accumulate(x, x + n, counter.n));
    printf("%s %.3f %lld\n", text.c_str(), y[0], (long long)n << 33);
    errno = 0;
    return std::isnan(std::sqrt(-y[0])) ? 0 : 3;
}
WEFT_OP("Roots", roots, 0, 0, [](const weft_op_t *) -> uint32_t { return 4096; })
"""


def test_the_standard_library_floating_point_and_printf_work(tmp_path: Path) -> None:
    source = tmp_path / "roots.cc"
    source.write_text(OPERATOR)
    x = np.random.default_rng(BASE_SEED).permutation(50)[:30].astype(np.int32)
    use = OpDescription("Roots", (tensor(x),), (tensor(np.zeros(30)),), scratch_bytes=4096)
    machine = Machine(roomy(), build(source, []))
    status, (data,) = on_core(machine, use, np.random.default_rng(1))
    assert status == 0
    order = np.argsort(-x)
    expected = np.sqrt(x[order].astype(float)) / 3 + order
    np.testing.assert_array_equal(np.frombuffer(data, np.float64), expected)
    assert machine.log == f"sum {x.sum() + 5} {expected[0]:.3f} {30 << 33}\n"


def test_library_operators_give_the_same_as_on_the_host() -> None:
    rng = np.random.default_rng(BASE_SEED)
    host = HostOps([], ["MEAN_INT16", "FLOOR_DIV", "DIV_PLAIN"])
    assert {"MEAN_INT16", "FLOOR_DIV", "DIV_PLAIN"} <= set(build(None, host.names).functions)
    machine = Machine(roomy(), build(None, ["FLOOR_DIV"]))
    a, b = rng.normal(0, 100, (2, 200)).astype(np.float32)
    y = np.zeros(200, np.float32)
    use = OpDescription("FLOOR_DIV", (tensor(a), tensor(b)), (tensor(y),))
    assert host.call("FLOOR_DIV", use) == 0
    status, (data,) = on_core(machine, use, rng)
    assert (status, data) == (0, y.tobytes())


def test_what_does_not_compile_is_one_line(tmp_path: Path) -> None:
    source = tmp_path / "wrong.cc"
    source.write_text('#include "weft_op.h"\nint32_t f(const weft_op_t *op) { return op->lost; }')
    with pytest.raises(SourceError, match=r"wrong\.cc:2: .*has no member named 'lost'") as caught:
        build(source, [])
    assert "\n" not in str(caught.value)


def test_another_name_is_refused() -> None:
    with pytest.raises(SourceError, match="toolchain icc: unknown; there are zig and gcc"):
        OpSources(toolchain="icc")
