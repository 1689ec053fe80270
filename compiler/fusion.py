"""Chooses which neighbouring operators run side by side, so that fewer bytes leave the chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from arch.params import Params
from compiler.builtin import Kind
from compiler.graph import Graph, Operator, Tensor
from compiler.layout import Layout
from compiler.rolling import Member, RowWindow, ring_rows

MOST_MEMBERS = 16
TURN_CYCLES = 60
"""About what an operator loses in each turn because it waits for the one before."""


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
    def _members(self, first: int, last: int) -> tuple[Member, ...]:
        operators = self.graph.operators
        return tuple(
            Member(i, operators[i], tuple(windows))
            for i in range(first, last + 1)
            if (windows := self.windows[i])
        )

    def _leaving(self, members: Sequence[Member]) -> frozenset[int]:
        """Outputs of members that someone else wants."""
        inside = {id(m.op) for m in members}
        return frozenset(
            id(m.op.output)
            for m in members
            if m.op.output in self.graph.outputs or not self._stays(m.op.output, inside)
        )

    def _stays(self, tensor: Tensor, inside: set[int]) -> bool:
        consumers = self.graph.consumers(tensor)
        through = [
            c
            for op in consumers
            for c in (self.graph.consumers(op.output) if op.kind is Kind.PAD else [op])
        ]
        return bool(through) and all(id(op) in inside for op in through)

    def _plan(
        self,
        first: int,
        last: int,
        spilled: Set[int],
        free: Callable[[int, int, Set[int]], float],
    ) -> Plan | None:
        members = self._members(first, last)
        kept = self._leaving(members)
        outputs = {id(m.op.output) for m in members}
        read = {id(w.tensor) for m in members for w in m.windows}
        if (outputs - {id(members[-1].op.output)}) - read:
            return None  # a branch that leads out of the group
        rings = (outputs - kept) | ((read | outputs) & spilled)
        if not rings & spilled:
            return None
        room = free(first, last, rings)
        low, high = 0, members[-1].n_rows
        while low < high:
            middle = (low + high + 1) // 2
            if self._bytes(first, last, middle, rings) <= room:
                low = middle
            else:
                high = middle - 1
        if not low:
            return None
        rows = self._rows(first, last, low)
        return Plan(members, low, {key: rows[key] for key in rings}, kept)

    def _ring_rows(self, first: int, last: int, band: int) -> dict[int, int]:
        members = self._members(first, last)
        return ring_rows(members, set(self._leaving(members)), band)

    def _bytes(self, first: int, last: int, band: int, rings: Set[int]) -> int:
        rows = self._rows(first, last, band)
        unit = max(16, self.params.cols)
        sizes = [rows[key] * self.layouts[key].row_pitch for key in rings]
        return sum(-(-size // unit) * unit for size in sizes)

    # ---- cost, in cycles ---------------------------------------------------------------------
    def _cost(self, plan: Plan, spilled: Set[int]) -> float:
        touched = {id(w.tensor): w.tensor for m in plan.members for w in m.windows}
        touched |= {id(m.op.output): m.op.output for m in plan.members}
        outside = {id(m.op.output) for m in plan.members} - plan.kept
        n_bytes = sum(
            t.n_bytes for key, t in touched.items() if key in spilled and key not in outside
        )
        turns = -(-plan.members[-1].n_rows // plan.band)
        weights = sum(_weight_bytes(m.op) for m in plan.members)
        fits = 1.2 * weights <= self.params.weight_memory_bytes
        n_bytes += weights * (1 if fits else turns)
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
