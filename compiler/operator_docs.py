"""Writes docs/operators.md: the supported operators, where they run, and their constraints.

``python -m compiler.operator_docs`` rewrites the file; a test holds it equal to :func:`markdown`.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from compiler.builtin import Kind
from compiler.constraints import rule_of, rules_of
from compiler.lower import CONDITIONS, is_looked_up, may_be_on_array
from compiler.lower.core_products import SUMS_ON_ARRAY
from compiler.operators import SPECS
from compiler.rules import types_of
from compiler.rules.general import GENERAL
from compiler.unsigned import COMPUTING

DOCUMENT = Path(__file__).parent.parent / "docs" / "operators.md"

_HEAD = """\
# Supported operators

<!-- Made by python -m compiler.operator_docs from the constraints that the compiler checks. -->

Results equal those of TensorFlow Lite Micro's kernels bit for bit, except where a constraint below
says otherwise. What is not here can be [written in C++](ops.md). An operator runs

- on the *array*, at the speed of the accelerator;
- as a *table*: the array's element-wise unit looks every element up, `lanes` a cycle, and behind a
  convolution or a pool that nothing else reads it takes no time at all;
- on the *core*, the RISC-V processor next to the data, without the host.

A configuration with `core: none` takes only what the array does; one with `elementwise: false` has
neither tables nor sums of tensors nor PAD on the array.

Operators on two functions of one int8 tensor (`x * LOGISTIC(x)`) are one table as well. Tensors
that do not fit the scratchpad stay in external memory; the core reaches them through its window,
where every access takes as long as memory does.

Models of uint8 run as int8, every code less 128, with the results of LiteRT's reference kernels:
@UNSIGNED@,
and what only moves data. A CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED or TRANSPOSE_CONV may then
have a filter of uint8 with any zero point; weights that do not fit int8 without it take passes of
their own. RESIZE_BILINEAR is fast where no product of its weights is rounded in float32, as to
twice the size, and in software floating point elsewhere.

Variables (VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, with constants to begin with, assigned in the
subgraph of a CALL_ONCE) keep their values in external memory from one inference to the next.

The first subgraph is the model. Of an IF both branches run, unless its condition is known, and a
SELECT_V2 chooses; a WHILE is unrolled, and its condition must be known in every turn, as that of a
loop over the steps of a sequence is. They assign no variables.

SHAPE is known before a model runs, and so is what is computed from it and from constants of int32,
int64 and bool: by operators that move data and by the usual arithmetic, RANK, RANGE, REDUCE_PROD
and BROADCAST_ARGS included. Constants behind a DEQUANTIZE, of float16 among others, sparse ones
behind a DENSIFY and filters of int4 are unpacked.

A FULLY_CONNECTED whose matrix is computed is a BATCH_MATMUL; it has neither bias nor activation. An
EMBEDDING_LOOKUP whose rows are of its output's type is a GATHER. A filter of int8 with a zero
point, of a FULLY_CONNECTED, is one of nine bits without, as of uint8.

"""


def where_of(kind: Kind) -> str:
    """Which unit runs an operator, and when."""
    spec = SPECS[kind]
    if spec.moves_nothing:
        return "nowhere: nothing moves"
    if kind in SUMS_ON_ARRAY:
        return "core, sums of products on the array"
    if not may_be_on_array(kind):
        return "core"
    condition = CONDITIONS.get(kind)
    if condition is None:
        only_int8 = spec.core is None or types_text(kind) == "int8"
        return "array" if only_int8 else "array where all is int8; else core"
    text = " ".join((condition.__doc__ or "").split()).rstrip(".")
    unit = "table" if is_looked_up(kind) else "array"
    return f"{unit} where {text}; else core"


def types_text(kind: Kind) -> str:
    """The element types of an operator, as the table lists them."""
    types = [name for rule in rules_of(kind) for name in types_of(rule)]
    return ", ".join(dict.fromkeys(types)) or "any"


def markdown() -> str:
    """The whole document."""
    kinds = sorted(SPECS, key=lambda kind: kind.name)
    lines = ["| operator | types | runs on |", "|---|---|---|"]
    lines += [f"| [{k.name}](#{k.name.lower()}) | {types_text(k)} | {where_of(k)} |" for k in kinds]
    lines += ["", "## Constraints", "", "Every operator:", ""]
    lines += [f"- {rule_of(constraint)}" for constraint in GENERAL]
    for kind in kinds:
        lines += ["", f"### {kind.name}", ""]
        lines += [f"- {rule_of(constraint)}" for constraint in rules_of(kind)]
    named = sorted(kind.name for kind in (*COMPUTING, Kind.CAST, Kind.QUANTIZE))
    unsigned = textwrap.fill(", ".join(named), 100)
    return _HEAD.replace("@UNSIGNED@", unsigned) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(markdown())
