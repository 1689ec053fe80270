"""Where tensors live: storage that tensors share, lifetimes, layouts, addresses.

Tensors that do not fit the scratchpad together are moved to external memory, largest first, and
the operators that read or write them work on slabs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from arch.isa import Engine
from arch.params import Params
from compiler.allocator import Buffer, CapacityError, allocate
from compiler.errors import ModelError
from compiler.fold import FoldedPad
from compiler.fuse import FusedTables
from compiler.fusion import Fusion, Plan
from compiler.graph import Graph, Operator, Tensor
from compiler.input_layout import dense_layout, layout_of
from compiler.layout import Layout, image_shape
from compiler.lower import FLAT, workspace_of
from compiler.lower.copies import is_copying
from compiler.operators import data_operands
from compiler.rolling import Group, Ring, RowWindow, row_windows
from compiler.slabs import External, Staging, can_be_cut, slab_shape
from compiler.transfers import ARENA_REGION
from compiler.workspace import Workspace, WorkspaceSize

ARENA_ALIGNMENT = 64
LEAST_SHARE = 0.3
SHRINK = 0.85
"""Slabs get all free bytes at first, and less down to this where buffers leave gaps."""


@dataclass(frozen=True)
class Placement:
    """Where every tensor is.

    ``layouts`` by identity of the tensor (of an external one: relative to its start);
    ``external`` by identity; ``staging`` by identity of the operator; ``groups`` run side by side
    over rings of rows; ``constants`` are those that are read as data from the scratchpad;
    ``workspaces`` by identity of the operator.
    """

    layouts: Mapping[int, Layout]
    external: Mapping[int, External]
    staging: Mapping[int, Staging]
    groups: tuple[Group, ...]
    constants: tuple[Tensor, ...]
    workspaces: Mapping[int, Workspace]
    used_bytes: int
    arena_bytes: int


@dataclass
class _Store:
    """Storage that one tensor, or several through RESHAPE, use from operator to operator."""

    tensor: Tensor
    layout: Layout
    first: int
    last: int
    is_read: bool = False
    is_constant: bool = False
    spillable: bool = True
    on_core: bool = False
    """The core reads or writes it: in external memory that takes dozens of cycles an access."""


def place(
    graph: Graph,
    params: Params,
    folded: Mapping[int, FoldedPad],
    fused: FusedTables,
    core_workspaces: Mapping[int, WorkspaceSize],
    elsewhere: Sequence[Tensor],
    inputs: Mapping[int, External],
    outputs: Mapping[int, External],
    constant_place: Callable[[Tensor], External],
    arena_start: int,
) -> Placement:
    """Give every tensor a place.

    Parameters
    ----------
    core_workspaces : of operators on the core, by identity.
    elsewhere : constants that stay in external memory.
    inputs, outputs : where the model's inputs are, and where outputs may be written at any time, by
        identity of the tensor.
    constant_place : puts a constant into external memory.
    arena_start : bytes of the arena that are in use.

    Raises :class:`compiler.errors.ModelError` if they do not fit.
    """
    core, ends = (core_workspaces, elsewhere), (inputs, outputs)
    return _Placer(graph, params, folded, fused, *core, *ends, constant_place, arena_start).place()


class _Placer:
    def __init__(
        self,
        graph: Graph,
        params: Params,
        folded: Mapping[int, FoldedPad],
        fused: FusedTables,
        core_workspaces: Mapping[int, WorkspaceSize],
        elsewhere: Sequence[Tensor],
        inputs: Mapping[int, External],
        outputs: Mapping[int, External],
        constant_place: Callable[[Tensor], External],
        arena_start: int,
    ):
        self.graph = graph
        self.params = params
        self.folded = folded
        self.fused = fused
        self.elsewhere = {id(tensor): tensor for tensor in elsewhere}
        self.inputs = inputs
        self.outputs = outputs
        self.arena_start = arena_start
        self.constant_place = constant_place
        self.engines = {id(op): fused.engine_of(op, params) for op in graph.operators}
        sizes = ((id(op), self._workspace_size(op)) for op in graph.operators)
        own = {key: size for key, size in sizes if size != WorkspaceSize()}
        self.workspace_sizes = own | dict(core_workspaces)
        self.roots: dict[int, Tensor] = {}
        self.stores: dict[int, _Store] = {}
        self._collect()
        layouts = {key: store.layout for key, store in self.stores.items()}
        self.fusion = Fusion(graph, params, [self._windows(op) for op in graph.operators], layouts)

    def _workspace_size(self, op: Operator) -> WorkspaceSize:
        if self.fused.engine_of(op, self.params) is not Engine.ARRAY:
            return WorkspaceSize()
        return workspace_of(op, self.params)

    def _windows(self, op: Operator) -> list[RowWindow] | None:
        """How an operator reads rows, if it can be a member of a group."""
        if op.outputs and id(op.outputs[0]) in self.folded:
            return []
        if self.engines[id(op)] is not Engine.ARRAY:
            return None
        if self.fused.table_behind(op) is not None:
            return None
        windows = row_windows(op, self.params, self.folded)
        if windows is None:
            return None
        # Rows of a tensor in another shape than that of its storage would lie elsewhere.
        tensors = [op.output, *(w.tensor for w in windows)]
        return windows if all(self._root(t) is t for t in tensors) else None

    def _root(self, tensor: Tensor) -> Tensor:
        fold = self.folded.get(id(tensor))
        tensor = tensor if fold is None else fold.source
        return self.roots.get(id(tensor), tensor)

    def _store(self, tensor: Tensor, first: int) -> _Store:
        if id(tensor) not in self.stores:
            layout = layout_of(tensor, self.graph, self.params, self.folded)
            self.stores[id(tensor)] = _Store(tensor, layout, first, first)
        return self.stores[id(tensor)]

    def _collect(self) -> None:
        """Lifetimes, and which tensors could live in external memory."""
        for tensor in self.graph.inputs:
            self._store(tensor, -1)
        for i, op in enumerate(self.graph.operators):
            engine = self.engines[id(op)]
            on_core = engine is Engine.CORE
            own = id(op) in self.workspace_sizes  # the accelerator works for it in the scratchpad
            cuttable = not own and (on_core or can_be_cut(op) or is_copying(op))
            vanished = engine is None or id(op.outputs[0]) in self.folded
            for tensor in data_operands(op):
                if id(tensor) in self.elsewhere:
                    continue
                known = id(self._root(tensor)) in self.stores
                store = self._store(self._root(tensor), i)
                store.is_constant |= not known
                store.last = i
                if not vanished:
                    store.is_read = True
                    store.spillable &= cuttable
                    store.on_core |= on_core
            for tensor in op.outputs:
                if engine is None:
                    self.roots[id(tensor)] = self._root(data_operands(op)[0])
                elif id(tensor) not in self.folded:
                    store = self._store(tensor, i)
                    store.spillable &= cuttable
                    store.on_core |= on_core
                    store.is_read |= on_core  # as operators may read what they have written
        for tensor in self.graph.outputs:
            known = id(self._root(tensor)) in self.stores
            store = self._store(self._root(tensor), -1)
            store.is_constant |= not known
            store.last = len(self.graph.operators)

    # ---- who lives outside -------------------------------------------------------------------
    def place(self) -> Placement:
        spilled: set[int] = set()
        shares = self._all_free()
        while True:
            crowded = self._crowded(spilled)
            if crowded is not None:
                spilled.add(self._victim(crowded, spilled))
                continue
            try:
                return self._allocate(spilled, shares)
            except CapacityError as error:
                # Gaps between buffers: smaller slabs where they are, or one tensor less.
                here = range(max(0, error.worst.first), min(len(shares), error.worst.last + 1))
                if spilled and max(shares[i] for i in here) > LEAST_SHARE:
                    for i in here:
                        shares[i] *= SHRINK
                    continue
                shares = self._all_free()
                spilled.add(self._victim(self._fullest(spilled), spilled))

    def _all_free(self) -> list[float]:
        """For every operator, the share of its free bytes that slabs and rings may take."""
        return [1.0] * max(1, len(self.graph.operators))

    def _live_bytes(self, position: int, spilled: set[int]) -> int:
        return sum(
            _rounded(s.layout.size, self.params)
            for key, s in self.stores.items()
            if key not in spilled and s.first <= position <= s.last
        )

    def _fullest(self, spilled: set[int]) -> int:
        n = len(self.graph.operators)
        return max(range(max(1, n)), key=lambda i: self._live_bytes(i, spilled))

    def _crowded(self, spilled: set[int]) -> int | None:
        """The operator at which tensors and the smallest slabs exceed the scratchpad the most."""
        needed = {
            i: self._live_bytes(i, spilled) + self._staging_bytes(op, 1, spilled)
            for i, op in enumerate(self.graph.operators)
        }
        worst = max(needed, key=lambda i: needed[i], default=None)
        if worst is None or needed[worst] <= self.params.scratchpad_bytes:
            return None
        return worst

    def _victim(self, position: int, spilled: set[int]) -> int:
        """The largest tensor in use at an operator that can move to external memory.

        Those that the core works on come last; of equals the first of the graph is taken.
        """
        candidates = [
            (not s.on_core, s.layout.size, key)
            for key, s in self.stores.items()
            if key not in spilled and s.spillable and s.first <= position <= s.last
        ]
        if not candidates:
            op = self.graph.operators[position]
            needed = self._live_bytes(position, spilled) + self._staging_bytes(op, 1, spilled)
            raise ModelError(
                f"{self.graph.name}: {op}: needs {needed} bytes of scratchpad at once, and"
                f" {self.params.scratchpad_bytes} are there; raise scratchpad_kib"
            )
        return max(candidates, key=lambda c: c[:2])[2]

    # ---- slabs -------------------------------------------------------------------------------
    def _staged(self, op: Operator, spilled: set[int]) -> tuple[list[bool], bool]:
        """Which operands of an operator, and whether its output, pass through slabs."""
        if id(op.outputs[0]) in self.folded or self.engines[id(op)] is not Engine.ARRAY:
            return [], False
        inputs = [id(self._root(t)) in spilled for t in data_operands(op)]
        output = any(id(tensor) in spilled for tensor in op.outputs)
        if is_copying(op):
            return [], any(inputs) or output
        return (inputs, output) if can_be_cut(op) else ([], False)

    def _staging_bytes(self, op: Operator, rows: int, spilled: set[int]) -> int:
        """Of scratchpad beside the tensors that are there as a whole."""
        workspace = self.workspace_sizes.get(id(op))
        if workspace is not None:  # no operator has slabs as well
            return _rounded(workspace.chip_bytes, self.params)
        inputs, output = self._staged(op, spilled)
        if not any(inputs) and not output:
            return 0
        shape = slab_shape(op)
        one_in = _rounded(shape.in_bytes(rows), self.params)
        one_out = _rounded(rows * shape.out_row, self.params)
        return _turns(op, rows) * (sum(inputs) * one_in + output * one_out)

    def _slab_rows(self, i: int, op: Operator, spilled: set[int], shares: Sequence[float]) -> int:
        """The most rows of output whose slabs fit beside what lives at the operator."""
        free = (self.params.scratchpad_bytes - self._live_bytes(i, spilled)) * shares[i]
        low, high = 1, slab_shape(op).n_rows
        while low < high:
            middle = (low + high + 1) // 2
            if self._staging_bytes(op, middle, spilled) <= free:
                low = middle
            else:
                high = middle - 1
        return low

    # ---- addresses ---------------------------------------------------------------------------
    def _allocate(self, spilled: set[int], shares: Sequence[float]) -> Placement:
        plans = self._plans(spilled, shares)
        in_rings = {key for plan in plans for key in plan.rings}
        grouped = {id(m.op) for plan in plans for m in plan.members}
        buffers = {}
        for key, s in self.stores.items():
            if key not in spilled and key not in in_rings:
                first, last = self._lifetime(key, plans)
                buffers[key] = Buffer(s.tensor.name, s.layout.size, first, last)
        slabs = {
            id(op): self._slabs(i, op, spilled, shares)
            for i, op in enumerate(self.graph.operators)
            if id(op) not in grouped
            and id(op) not in self.workspace_sizes
            and self._staging_bytes(op, 1, spilled)
        }
        spaces = {
            id(op): Buffer(f"workspace of {op.name}", self.workspace_sizes[id(op)].chip_bytes, i, i)
            for i, op in enumerate(self.graph.operators)
            if id(op) in self.workspace_sizes
        }
        rings = [self._rings(plan) for plan in plans]
        extra = [b for _, pairs in slabs.values() for pair in pairs if pair for b in pair]
        used = allocate(
            [
                *buffers.values(),
                *extra,
                *spaces.values(),
                *(b for ring in rings for b in ring.values()),
            ],
            self.params.scratchpad_bytes,
            max(16, self.params.cols),
        )
        layouts = {key: self.stores[key].layout.at(b.address) for key, b in buffers.items()}
        layouts |= {
            key: dense_layout(store.tensor) for key, store in self.stores.items() if key in spilled
        }
        external, arena = self._external(spilled - self._inside(plans))
        self._aliases(layouts, external)
        for key, tensor in self.elsewhere.items():
            external[key] = self.constant_place(tensor)
            layouts[key] = dense_layout(tensor)
        staging = {}
        for key, (rows, pairs) in slabs.items():
            places = [None if not pair else (pair[0].address, pair[-1].address) for pair in pairs]
            staging[key] = Staging(rows, tuple(places[:-1]), places[-1])
        constants = tuple(
            s.tensor for key, s in self.stores.items() if s.is_constant and key not in spilled
        )
        groups = tuple(map(self._group, plans, rings))
        workspaces = {}
        for key, buffer in spaces.items():
            workspaces[key] = Workspace(buffer.address, arena)
            arena += _aligned(self.workspace_sizes[key].external_bytes)
        return Placement(layouts, external, staging, groups, constants, workspaces, used, arena)

    # ---- groups ------------------------------------------------------------------------------
    def _plans(self, spilled: set[int], shares: Sequence[float]) -> list[Plan]:
        if not spilled:
            return []

        def free(first: int, last: int, rings: Set[int]) -> float:
            alive = sum(
                _rounded(s.layout.size, self.params)
                for key, s in self.stores.items()
                if key not in spilled and key not in rings and s.first <= last and first <= s.last
            )
            return (self.params.scratchpad_bytes - alive) * min(shares[first : last + 1])

        return self.fusion.groups(spilled, free)

    def _lifetime(self, key: int, plans: list[Plan]) -> tuple[int, int]:
        """First and last operator that use a tensor; members of a group use it all the time."""
        store = self.stores[key]
        first, last = store.first, store.last
        for plan in plans:
            if plan.first <= last and first <= plan.last:
                first, last = min(first, plan.first), max(last, plan.last)
        return first, last

    def _inside(self, plans: list[Plan]) -> set[int]:
        """Tensors that never leave their group."""
        return {id(m.op.output) for p in plans for m in p.members} - {
            k for p in plans for k in p.kept
        }

    def _rings(self, plan: Plan) -> dict[int, Buffer]:
        rings = {}
        for key, rows in plan.rings.items():
            store = self.stores[key]
            size = rows * store.layout.row_pitch
            rings[key] = Buffer(f"rows of {store.tensor.name}", size, plan.first, plan.last)
        return rings

    def _group(self, plan: Plan, rings: dict[int, Buffer]) -> Group:
        places = {
            key: Ring(self.stores[key].layout.at(b.address), plan.rings[key])
            for key, b in rings.items()
        }
        return Group(plan.members, plan.band, places, plan.kept)

    def _slabs(
        self, i: int, op: Operator, spilled: set[int], shares: Sequence[float]
    ) -> tuple[int, list[list[Buffer]]]:
        """Rows of a slab, and buffers for each operand and the output that is staged."""
        inputs, output = self._staged(op, spilled)
        rows = self._slab_rows(i, op, spilled, shares)
        shape = slab_shape(op)
        sizes = [shape.in_bytes(rows) if staged else 0 for staged in inputs]
        sizes.append(rows * shape.out_row if output else 0)
        name = f"slab of {op.name}"
        turns = range(_turns(op, rows))
        return rows, [[Buffer(name, n, i, i) for _ in turns] if n else [] for n in sizes]

    def _external(self, spilled: set[int]) -> tuple[dict[int, External], int]:
        """Inputs and outputs of the model stay in their regions; the rest goes to the arena."""
        external: dict[int, External] = {}
        arena = self.arena_start
        for key, store in self.stores.items():
            if key not in spilled:
                continue
            outputs = [t for t in self.graph.outputs if id(self._root(t)) == key]
            outputs = [t for t in outputs if id(t) in self.outputs]
            if store.is_constant:
                external[key] = self.constant_place(store.tensor)
            elif key in self.inputs:
                external[key] = self.inputs[key]
            elif outputs and not store.is_read:
                external[key] = self.outputs[id(outputs[0])]
            else:
                external[key] = External(ARENA_REGION, arena)
                arena += _aligned(store.layout.size)
        return external, arena

    def _aliases(self, layouts: dict[int, Layout], external: dict[int, External]) -> None:
        """Tensors that share the storage of another one, in their own shape."""
        for tensor in self.graph.tensors:
            store = self.roots.get(id(tensor))
            if store is None:
                continue
            layouts[id(tensor)] = dense_layout(tensor).at(layouts[id(store)].start)
            if id(store) in external:
                external[id(tensor)] = external[id(store)]


def _turns(op: Operator, rows: int) -> int:
    """Places for slabs that are used in turns: one is enough if the first slab is all there is."""
    one_image = op.kind in FLAT or is_copying(op)
    images = 1 if one_image else image_shape(op.output.shape)[0]
    return 1 if images == 1 and rows >= slab_shape(op).n_rows else 2


def _aligned(size: int) -> int:
    return -(-size // ARENA_ALIGNMENT) * ARENA_ALIGNMENT


def _rounded(size: int, params: Params) -> int:
    unit = max(16, params.cols)
    return -(-size // unit) * unit
