"""Copies of parts of tensors: what all operators that only move data come to.

A copy walks two tensors in step, dimension by dimension, whatever the operator was; the core and
the array's element-wise engine have one way to do it each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compiler.graph import Tensor


@dataclass(frozen=True)
class View:
    """Some elements of a dense tensor in an order: steps are elements, and may be 0 or negative."""

    offset: int
    extents: tuple[int, ...]
    steps: tuple[int, ...]

    @classmethod
    def dense(cls, shape: Sequence[int]) -> View:
        """A whole tensor in the order of memory."""
        steps = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
        return cls(0, tuple(shape), steps)

    def cut(self, axis: int, start: int, count: int, step: int = 1) -> View:
        """Every ``step``-th index of a dimension, ``count`` of them from ``start`` on."""
        own = self.steps[axis]
        return View(
            self.offset + start * own,
            _replaced(self.extents, axis, count),
            _replaced(self.steps, axis, step * own),
        )

    def split(self, axis: int, inner: int) -> View:
        """A dimension as two: ``inner`` neighbours, and the groups of them outside."""
        extent, step = self.extents[axis], self.steps[axis]
        return View(
            self.offset,
            _replaced(self.extents, axis, extent // inner, inner),
            _replaced(self.steps, axis, step * inner, step),
        )

    def repeated(self, axis: int, count: int) -> View:
        """With a new dimension before ``axis`` along which nothing changes."""
        return View(
            self.offset,
            (*self.extents[:axis], count, *self.extents[axis:]),
            (*self.steps[:axis], 0, *self.steps[axis:]),
        )

    def permuted(self, order: Sequence[int]) -> View:
        """Dimension ``i`` is what dimension ``order[i]`` was."""
        return View(
            self.offset,
            tuple(self.extents[i] for i in order),
            tuple(self.steps[i] for i in order),
        )


def _replaced(values: tuple[int, ...], axis: int, *new: int) -> tuple[int, ...]:
    return (*values[:axis], *new, *values[axis + 1 :])


class Loop(NamedTuple):
    """One dimension of a copy; steps in bytes."""

    extent: int
    source_step: int
    target_step: int


@dataclass(frozen=True)
class Copy:
    """Bytes of a data operand to an output.

    Members
    -------
    source, target : numbers of the data operand and of the output.
    source_offset, target_offset : bytes from the tensors' first bytes.
    loops : outermost first; target steps are positive and fall from loop to loop.
    run : bytes that lie together in both, in the innermost position.
    """

    source: int
    target: int
    source_offset: int
    target_offset: int
    loops: tuple[Loop, ...]
    run: int


def copy_of(source: int, view: View, target: int, place: View, element_bytes: int) -> Copy:
    """The copy of ``view`` of an operand to ``place`` of an output, of equal extents."""
    assert view.extents == place.extents
    at, to = view.offset, place.offset
    loops = []
    for extent, source_step, target_step in zip(view.extents, view.steps, place.steps, strict=True):
        if extent == 1:
            continue
        assert target_step > 0
        loops.append(Loop(extent, source_step * element_bytes, target_step * element_bytes))
    loops.sort(key=lambda loop: -loop.target_step)
    merged: list[Loop] = []
    for loop in (*loops, Loop(element_bytes, 1, 1)):
        if merged and _follow(merged[-1], loop):
            loop = Loop(merged.pop().extent * loop.extent, loop.source_step, loop.target_step)
        merged.append(loop)
    return Copy(
        source,
        target,
        at * element_bytes,
        to * element_bytes,
        tuple(merged[:-1]),
        merged[-1].extent,
    )


def _follow(outer: Loop, inner: Loop) -> bool:
    """Whether the two are one longer walk."""
    return (
        outer.source_step == inner.extent * inner.source_step
        and outer.target_step == inner.extent * inner.target_step
    )


@dataclass(frozen=True)
class CopyPlan:
    """What an operator moves: outputs are filled with ``fill`` (an element) first, if it is set."""

    copies: tuple[Copy, ...]
    fill: bytes = b""


def element_bytes(tensor: Tensor) -> int:
    assert tensor.dtype.numpy is not None
    return tensor.dtype.numpy.itemsize
