"""Stubs of operators for the core: a C++ file that compiles, and a test of it."""

from __future__ import annotations

import re
from pathlib import Path

from arch.errors import WeftError
from arch.op_interface import NAME_BYTES

_SOURCE = """\
// {name}: what it computes, in one sentence.
//
// Operands:
//   0  x, int8, any shape
// Output: y, int8, of x's shape.
//
// The interface is in weft_op.h; docs/ops.md explains it.
#include "weft_op.h"

namespace {{

int32_t {function}(const weft_op_t *op) {{
    // A file may hold anything under this operator's name: check what the code relies on.
    if (op->n_inputs != 1 || op->n_outputs != 1) return WEFT_STATUS_SHAPE;
    const weft_tensor_t *x = op->inputs[0], *y = op->outputs[0];
    if (x->type != WEFT_TYPE_INT8 || y->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    if (x->bytes != y->bytes) return WEFT_STATUS_SHAPE;

    const int8_t *from = static_cast<const int8_t *>(x->data);
    int8_t *to = static_cast<int8_t *>(y->data);
    const int32_t n = weft_elements(x);
    for (int32_t i = 0; i < n; i++) to[i] = from[i];  // replace this
    return WEFT_STATUS_OK;
}}

}}  // namespace

WEFT_OP("{name}", {function})
"""

_TEST = '''\
"""{name} against NumPy, on the host: python -m pytest {test}"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from arch.op_interface import OpDescription, TensorDescription, TensorType
from firmware.host import HostOps

SOURCE = Path(__file__).with_name("{source}")


def tensor(array: np.ndarray, scale: float, zero_point: int) -> TensorDescription:
    return TensorDescription(
        array.shape, TensorType[array.dtype.name.upper()], array, scale, zero_point
    )


def test_{function}_equals_its_definition() -> None:
    x = np.random.default_rng(1).integers(-128, 128, (1, 4, 4, 8), np.int8)
    y = np.zeros_like(x)
    use = OpDescription("{name}", (tensor(x, 0.1, 0),), (tensor(y, 0.1, 0),))
    assert HostOps([SOURCE], []).call("{name}", use) == 0
    np.testing.assert_array_equal(y, x)  # replace x by what the operator must give
'''


class StubError(WeftError):
    """A stub that cannot be written."""


def write_stub(name: str, folder: Path) -> list[Path]:
    """Write an operator's C++ file and its test into a folder; returns both paths.

    Parameters
    ----------
    name : as models call the operator, such as ``MyActivation``.

    Raises :class:`StubError` for a name that cannot be one, and rather than overwrite a file.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_:.-]*", name) or len(name) >= NAME_BYTES:
        raise StubError(
            f"{name!r}: is no operator's name; start with a letter, go on with letters, digits,"
            f" '_', ':', '.' or '-', at most {NAME_BYTES - 1} in all"
        )
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", name)
    function = re.sub(r"[^a-z0-9]+", "_", words.lower())
    source, test = folder / f"{function}.cc", folder / f"test_{function}.py"
    texts = {source: _SOURCE, test: _TEST}
    for path in texts:
        if path.exists():
            raise StubError(f"{path}: exists; choose another name or folder, or remove it")
    for path, text in texts.items():
        try:
            path.write_text(
                text.format(name=name, function=function, source=source.name, test=test.name)
            )
        except OSError as error:
            raise StubError(f"{path}: {error.strerror}; choose another folder with -o") from None
    return list(texts)
