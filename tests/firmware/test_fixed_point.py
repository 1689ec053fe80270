"""weft_fixed_point.h against integers of any size, on the host and on RV32."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from arch.op_interface import OpDescription
from firmware.host import HostOps
from firmware.image import build_firmware
from tests.firmware.helpers import BASE_SEED, on_core, output_bytes, small
from tests.firmware.machine import Machine
from tests.firmware.test_runtime import tensor

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1

SOURCE = """
#include "weft_fixed_point.h"
#include "weft_op.h"
// Operands a, b and c, and for each of them the results of all functions.
static int32_t f(const weft_op_t *op) {
    const int32_t n = op->inputs[0]->dims[0];
    const int32_t *a = (const int32_t *)op->inputs[0]->data;
    const int32_t *b = (const int32_t *)op->inputs[1]->data;
    const int32_t *c = (const int32_t *)op->inputs[2]->data;
    int32_t *y = (int32_t *)op->outputs[0]->data;
    for (int32_t i = 0; i < n; i++) {
        const int32_t positive = b[i] & 0x7FFFFFFF, shift = (c[i] & 0x3F) % 62 - 31;
        *y++ = weft_srdhm(a[i], b[i]);
        *y++ = weft_srdhm_doubled(a[i], (uint32_t)positive << 1);
        *y++ = weft_rdbp(a[i], c[i] & 31);
        *y++ = weft_mbqm(shift > 0 ? a[i] >> shift : a[i], positive, shift);
        *y++ = weft_saturating_shift_left(a[i], c[i] & 15);
        *y++ = weft_one_over_one_plus(positive);
        int32_t bits = 0;
        *y++ = weft_reciprocal(positive ? positive : 1, 12, &bits);
        *y++ = bits;
    }
    return 0;
}
WEFT_OP("F", f)
"""


def nearest(x: Fraction, *, ties_away: bool) -> int:
    """To nearest; ties up, or away from zero."""
    if ties_away and x < 0:
        return -nearest(-x, ties_away=True)
    return (x + Fraction(1, 2)).__floor__()


def saturate(x: int) -> int:
    return max(INT32_MIN, min(x, INT32_MAX))


def srdhm(a: int, b: int) -> int:
    return saturate(nearest(Fraction(a * b, 1 << 31), ties_away=False))


def rdbp(x: int, exponent: int) -> int:
    return nearest(Fraction(x, 1 << exponent), ties_away=True)


def wrap(x: int) -> int:
    return (x - INT32_MIN) % (1 << 32) + INT32_MIN


def one_over_one_plus(x: int) -> int:
    """gemmlowp's one_over_one_plus_x_for_x_in_0_1 step by step, with its saturating shifts."""
    half = nearest(Fraction(x + INT32_MAX, 2), ties_away=True)
    y = 1515870810 + srdhm(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - srdhm(half, y)
        y = wrap(y + saturate(srdhm(y, error) << 2))
    return saturate(y << 1)


def expected_row(a: int, b: int, c: int) -> list[int]:
    positive, shift = b & INT32_MAX, (c & 0x3F) % 62 - 31
    x = a >> shift if shift > 0 else a
    d = positive or 1
    headroom = 32 - d.bit_length()
    return [
        srdhm(a, b),
        srdhm(a, positive),
        rdbp(a, c & 31),
        rdbp(srdhm(x << max(shift, 0), positive), max(-shift, 0)),
        saturate(a << (c & 15)),
        one_over_one_plus(positive),
        one_over_one_plus((d << headroom) - (1 << 31)),
        12 - headroom,
    ]


def operands(rng: np.random.Generator, n: int) -> np.ndarray:
    """Random numbers of every magnitude, and the ends of the range."""
    magnitude = rng.integers(0, 1 << 32, (3, n), np.uint64) >> rng.integers(
        0, 32, (3, n), np.uint64
    )
    values = magnitude.astype(np.int64) * rng.choice([-1, 1], (3, n))
    ends = [INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, -1, 0, 1, 1 << 30, -(1 << 30)]
    at_end = rng.integers(0, 4, (3, n)) == 0
    values = np.where(at_end, rng.choice(ends, (3, n)), values)
    return ((values + (1 << 31)) % (1 << 32) - (1 << 31)).astype(np.int32)


@pytest.mark.parametrize("n", [2500])
def test_fixed_point_functions_are_exact(n: int, tmp_path: Path) -> None:
    path = tmp_path / "fixed.cc"
    path.write_text(SOURCE)
    rng = np.random.default_rng(BASE_SEED)
    values = operands(rng, n)
    op = OpDescription(
        "F", tuple(tensor(row) for row in values), (tensor(np.zeros((n, 8), np.int32)),)
    )
    image = build_firmware(small(), [path], [])
    status, (on_rv32,) = on_core(Machine(small(), image), op, rng)
    assert status == 0
    assert HostOps([path], [], sanitize="undefined").call("F", op) == 0
    expected = np.array([expected_row(*map(int, row)) for row in values.T], np.int64)
    for name, data in (("RV32", on_rv32), ("host", output_bytes(op)[0])):
        found = np.frombuffer(data, np.int32).reshape(n, 8)
        rows, columns = np.nonzero(found != expected)
        where = f"WEFT_SEED={BASE_SEED} {name}"
        assert not len(rows), f"{where}: {values[:, rows[0]]} function {columns[0]}"
