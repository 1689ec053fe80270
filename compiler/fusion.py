"""Chooses which neighbouring operators run side by side, so that fewer bytes leave the chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from arch.params import TABLES_BYTES, Params
from compiler.builtin import Kind
from compiler.graph import Graph, Operator, Tensor
from compiler.layout import Layout
from compiler.lower import FLAT
from compiler.rolling import Member, RowWindow, ring_rows, shares_tables

MOST_MEMBERS = 16
TURN_CYCLES = 60
"""About what an operator loses in each turn because it waits for the one before."""

Free = Callable[[int, int, Set[int]], float]
"""See :meth:`Fusion.groups`."""


@dataclass(frozen=True)
class Plan:
    """A group to be: its members, rows of a turn, rows of each ring, and tensors wanted whole."""

    members: tuple[Member, ...]
    band: int
    rings: Mapping[int, int]
    kept: frozenset[int]

    @property
    def first(self) -> int:
        return self.members[0].layer

    @property
    def last(self) -> int:
        return self.members[-1].layer


@dataclass(frozen=True)
class _Span:
    """Neighbouring operators that could be a group.

    Sets are of tensors by identity: all that members touch, those that they write, and of these
    those that someone else wants. ``is_possible``: every output but the last is read by a member.
    """

    members: tuple[Member, ...]
    touched: Mapping[int, Tensor]
    outputs: frozenset[int]
    kept: frozenset[int]
    is_possible: bool
    weight_bytes: int


class Fusion:
    """Finds groups for a graph some of whose tensors are in external memory.

    Parameters
    ----------
    graph, params : the model and the accelerator.
    windows : of each operator: how it reads rows; None where it cannot be a member; an empty list
        for one that does nothing.
    layouts : of a tensor, as it would be in the scratchpad as a whole, by identity.
    """

    def __init__(
        self,
        graph: Graph,
        params: Params,
        windows: Sequence[list[RowWindow] | None],
        layouts: Mapping[int, Layout],
    ):
        self.graph = graph
        self.params = params
        self.windows = windows
        self.layouts = layouts
        self._rows = lru_cache(maxsize=None)(self._ring_rows)
        self._span = lru_cache(maxsize=None)(self._make_span)
        self._largest = lru_cache(maxsize=None)(self._largest_band)

    def groups(self, spilled: Set[int], free: Callable[[int, int, Set[int]], float]) -> list[Plan]:
        """The groups that cost the least.

        ``free(first, last, rings)``: bytes of the scratchpad that nobody uses between two
        operators if the tensors ``rings`` are not there as a whole.
        """
        n = len(self.graph.operators)
        best: list[float] = [0.0]
        chosen: list[Plan | None] = []
        for last in range(n):
            cost, plan = best[last] + self._alone(last, spilled), None
            for first in range(last, max(-1, last - MOST_MEMBERS), -1):
                if self.windows[first] is None:
                    break
                if not self.windows[first] or not self.windows[last]:
                    continue
                candidate = self._plan(first, last, spilled, free)
                if candidate is None:
                    continue
                total = best[first] + self._cost(candidate, spilled)
                if total < cost:
                    cost, plan = total, candidate
            best.append(cost)
            chosen.append(plan)
        groups: list[Plan] = []
        at = n
        while at:
            plan = chosen[at - 1]
            if plan is not None:
                groups.append(plan)
            at = at - 1 if plan is None else plan.first
        return groups[::-1]

    # ---- one group ---------------------------------------------------------------------------
    def _make_span(self, first: int, last: int) -> _Span:
        operators = self.graph.operators
        members = tuple(
            Member(i, operators[i], tuple(windows))
            for i in range(first, last + 1)
            if (windows := self.windows[i])
        )
        inside = {id(m.op) for m in members}
        read = {id(w.tensor): w.tensor for m in members for w in m.windows}
        written = {id(m.op.output): m.op.output for m in members}
        wanted = (
            key
            for key, t in written.items()
            if t in self.graph.outputs or not self._stays(t, inside)
        )
        branches = written.keys() - {id(members[-1].op.output)} - read.keys()
        weights = sum(_weight_bytes(m.op) for m in members)
        touched = {**read, **written}
        return _Span(members, touched, frozenset(written), frozenset(wanted), not branches, weights)

    def _stays(self, tensor: Tensor, inside: set[int]) -> bool:
        """Whether a tensor is read by members only, also through a folded PAD."""
        consumers = [
            c
            for op in self.graph.consumers(tensor)
            for c in (self.graph.consumers(op.output) if op.kind is Kind.PAD else [op])
        ]
        return bool(consumers) and all(id(op) in inside for op in consumers)

    def _plan(self, first: int, last: int, spilled: Set[int], free: Free) -> Plan | None:
        span = self._span(first, last)
        if not span.is_possible or spilled.isdisjoint(span.touched):
            return None
        rings = (span.outputs - span.kept) | (span.touched.keys() & spilled)
        band = self._largest(first, last, frozenset(rings), int(free(first, last, rings)))
        if not band:
            return None
        rows = self._rows(first, last, band)
        return Plan(span.members, band, {k: rows[k] for k in span.touched if k in rings}, span.kept)

    def _largest_band(self, first: int, last: int, rings: frozenset[int], room: int) -> int:
        """The most rows of a turn for which the rings take no more than ``room`` bytes; 0: none."""
        low, high = 0, self._span(first, last).members[-1].n_rows
        while low < high:
            middle = (low + high + 1) // 2
            if self._bytes(first, last, middle, rings) <= room:
                low = middle
            else:
                high = middle - 1
        return low

    def _ring_rows(self, first: int, last: int, band: int) -> dict[int, int]:
        span = self._span(first, last)
        return ring_rows(span.members, span.kept, band)

    def _bytes(self, first: int, last: int, band: int, rings: Set[int]) -> int:
        rows = self._rows(first, last, band)
        unit = max(16, self.params.cols)
        sizes = [rows[key] * self.layouts[key].row_pitch for key in rings]
        return sum(-(-size // unit) * unit for size in sizes)

    # ---- cost, in cycles ---------------------------------------------------------------------
    def _cost(self, plan: Plan, spilled: Set[int]) -> float:
        span = self._span(plan.first, plan.last)
        outside = (span.touched.keys() & spilled) - (span.outputs - span.kept)
        n_bytes = sum(span.touched[key].n_bytes for key in outside)
        turns = -(-plan.members[-1].n_rows // plan.band)
        fits = 1.2 * span.weight_bytes <= self.params.weight_memory_bytes
        n_bytes += span.weight_bytes * (1 if fits else turns)
        if shares_tables(span.members):
            n_bytes += turns * sum(TABLES_BYTES for m in span.members if m.op.kind in FLAT)
        return n_bytes / self.params.axi_bytes + turns * len(plan.members) * TURN_CYCLES

    def _alone(self, layer: int, spilled: Set[int]) -> float:
        """An operator on slabs: halos are loaded twice."""
        op = self.graph.operators[layer]
        n_bytes = _weight_bytes(op)
        for w in self.windows[layer] or ():
            if id(w.tensor) in spilled:
                n_bytes += int(w.tensor.n_bytes * 1.2)
        if op.outputs and id(op.outputs[0]) in spilled:
            n_bytes += op.outputs[0].n_bytes
        return n_bytes / self.params.axi_bytes


def _weight_bytes(op: Operator) -> int:
    if op.kind not in (Kind.CONV_2D, Kind.DEPTHWISE_CONV_2D):
        return 0
    return op.input(1).n_bytes + 9 * op.output.shape[-1]
