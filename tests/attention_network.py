"""A transformer's block: attention of several heads, then two layers on every token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.model_builder import Activation, Kind, ModelBuilder, schema

PROBABILITY_SCALE = 1 / 256


def attention_block(b: ModelBuilder, tokens: int, width: int, heads: int) -> list[int]:
    """Adds the block; returns its output, (tokens, width)."""
    x = b.input((tokens, width), scale=0.02, zero_point=4)
    query, key, value = (_heads(b, _layer(b, x, width), heads) for _ in range(3))
    scores = _matmul(b, query, key, adj_y=True)
    weights = b.activation(b.shape(scores), PROBABILITY_SCALE, -128)
    b.operator(Kind.SOFTMAX, [scores], [weights], schema.SoftmaxOptionsT(beta=1.0))
    mixed = _transposed(b, _matmul(b, weights, value), (1, 0, 2))
    y = b.add(_layer(b, b.reshape(mixed, (tokens, width)), width), x, scale=0.04, zero_point=-3)
    inner = _layer(b, y, 2 * width, Activation.RELU)
    return [b.add(_layer(b, inner, width), y, scale=0.05, zero_point=7)]


def _layer(b: ModelBuilder, x: int, n_out: int, activation: int = Activation.NONE) -> int:
    scale = 0.03
    n_in = b.shape(x)[-1]
    return b.fully_connected(
        x,
        n_out,
        activation=activation,
        scale=scale,
        zero_point=-128 if activation == Activation.RELU else int(b.rng.integers(-20, 20)),
        filter_scale=40 * scale / (b.quantisation(x)[0] * n_in**0.5 * 73 * 60),
    )


def _heads(b: ModelBuilder, x: int, heads: int) -> int:
    tokens, width = b.shape(x)
    return _transposed(b, b.reshape(x, (tokens, heads, width // heads)), (1, 0, 2))


def _transposed(b: ModelBuilder, x: int, order: Sequence[int]) -> int:
    shape = [b.shape(x)[i] for i in order]
    y = b.activation(shape, *b.quantisation(x))
    axes = b.constant(np.array(order, np.int32))
    b.operator(Kind.TRANSPOSE, [x, axes], [y], schema.TransposeOptionsT())
    return y


def _matmul(b: ModelBuilder, x: int, w: int, adj_y: bool = False) -> int:
    *batches, rows, depth = b.shape(x)
    columns = b.shape(w)[-2 if adj_y else -1]
    scale = 0.03 if adj_y else b.quantisation(w)[0]
    y = b.activation((*batches, rows, columns), scale, int(b.rng.integers(-20, 20)))
    options = schema.BatchMatMulOptionsT(adjX=False, adjY=adj_y)
    b.operator(Kind.BATCH_MATMUL, [x, w], [y], options)
    return y
