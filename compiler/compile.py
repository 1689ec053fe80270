"""From a graph to a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from arch.config import Config
from arch.isa import Command, Engine, Opcode, Space, encode_program
from arch.memory_map import SCRATCHPAD_BASE, WINDOW_BASE, WINDOW_BYTES
from arch.op_interface import PRODUCT
from arch.params import Params
from compiler.array_job import steps_of
from compiler.codes import without_dequantize
from compiler.compose import with_composed_tables
from compiler.constraints import check
from compiler.core_image import CoreBuilder, CoreCall, CoreImage, CoreWorkspace
from compiler.errors import ModelError
from compiler.external_copies import external_copy_steps
from compiler.flat_job import flat_steps
from compiler.fold import fold_pads
from compiler.fuse import FusedTables
from compiler.graph import Graph, Operator, State, Tensor
from compiler.layer_times import layer_times
from compiler.layout import Layout
from compiler.lower import FLAT, JOBS, WHOLE
from compiler.lower.channels import is_by_channel, lower_channels
from compiler.lower.context import Context
from compiler.lower.core_products import CoreProduct, core_products
from compiler.lower.elementwise import with_table_behind
from compiler.macs import macs_of
from compiler.operators import data_operands, verify
from compiler.placement import Placement, place
from compiler.program import LayerInfo, Program, TensorPlace
from compiler.rolling_steps import group_steps
from compiler.scheduler import Constants, Placed, Scheduler, Stream
from compiler.simplify import simplified
from compiler.slabs import External, flat_slabs, job_slabs
from compiler.states import with_states_as_ends
from compiler.steps import DMEM, IMEM, SCRATCHPAD, Range, Step
from compiler.timing.memory import MemoryTiming
from compiler.transfers import (
    ARENA_REGION,
    INPUT_REGION,
    OUTPUT_REGION,
    PROGRAM_REGION,
    fill_step,
    load_step,
    rows_step,
)
from compiler.workspace import WorkspaceSize

SLAB_BYTES = 2048
"""Inputs are loaded in slabs of about this size, so that the first tiles need not wait for all."""

TENSOR_ALIGNMENT = 64

CORE_CYCLES = 40
CORE_MAC_CYCLES = 16
WINDOW_CYCLES = 60
"""Of an operator on the core, roughly: for each element of its output, for each of its
multiply-accumulates, and for each element of a tensor that it reaches through its window onto
external memory."""

CORE_MEMORIES = (Range(IMEM, 0, 1 << 24), Range(DMEM, 0, 1 << 24))

RUNTIME_CYCLES = 45
"""Of a call that runs no operator, where nothing better is known."""


def compile_graph(
    graph: Graph,
    config: Config,
    core: CoreBuilder | None = None,
    memory: MemoryTiming | None = None,
) -> Program:
    """Compile a model for a configuration.

    Parameters
    ----------
    graph : as read; not changed.
    config : the accelerator.
    core : builds the software of the core; needed if an operator runs there.
    memory : external memory that commands are ordered for, and that the prediction is about.

    Raises :class:`ModelError` for what is not supported or does not fit.
    """
    graph = simplified(graph)
    verify(graph)
    check(graph)
    states = graph.states
    graph = with_states_as_ends(graph)
    if core is not None:
        graph = without_dequantize(graph, core.is_library_op)
    if config.elementwise:  # which has the tables
        graph = with_composed_tables(graph)
    compiler = _Compiler(graph, states, Params(config), core, memory or MemoryTiming())
    return compiler.run()


class _Compiler:
    def __init__(
        self,
        graph: Graph,
        states: Sequence[State],
        params: Params,
        core: CoreBuilder | None,
        memory: MemoryTiming,
    ):
        self.graph = graph
        self.memory = memory
        self.params = params
        self.core = core
        self.folded = fold_pads(graph)
        self.fused = FusedTables(graph, params)
        self.core_ops = [op for op in graph.operators if self._engine(op) is Engine.CORE]
        self._check_core()
        self.last_weights = max(
            (i for i, op in enumerate(graph.operators) if macs_of(op)), default=-1
        )
        self.states = states
        n_inputs, n_outputs = (len(t) - len(states) for t in (graph.inputs, graph.outputs))
        self.inputs = _places(graph.inputs[:n_inputs])
        self.outputs = _places(graph.outputs[:n_outputs])
        kept = _places(graph.inputs[n_inputs:])
        variables = [External(ARENA_REGION, place.offset) for place in kept]
        self.input_places = [External(INPUT_REGION, p.offset) for p in self.inputs] + variables
        self.output_places = [External(OUTPUT_REGION, p.offset) for p in self.outputs] + variables
        self.constants = Constants()
        self.core_products = {
            op: products
            for op in self.core_ops
            if (products := core_products(op, params)) is not None
        }
        self.core_workspaces = self._workspaces_of_core()
        self.placement: Placement = place(
            graph,
            params,
            self.folded,
            self.fused,
            {id(op): size for op, size in self.core_workspaces.items()},
            [t for products in self.core_products.values() for t in products.weights],
            {id(t): w for t, w in zip(graph.inputs, self.input_places, strict=True)},
            {id(t): w for t, w in zip(graph.outputs, self.output_places[:n_outputs], strict=False)},
            self._constant_place,
            _end_of(kept),
        )
        self.groups = {m.layer: group for group in self.placement.groups for m in group.members}

    def _constant_place(self, tensor: Tensor) -> External:
        """A place in the program's region for a constant."""
        assert tensor.data is not None
        data = np.ascontiguousarray(tensor.data).tobytes()
        return External(PROGRAM_REGION, self.constants.add(data))

    def _engine(self, op: Operator) -> Engine | None:
        """Where an operator runs; None for one that needs no commands."""
        folded = bool(op.outputs) and id(op.outputs[0]) in self.folded
        return None if folded else self.fused.engine_of(op, self.params)

    def _check_core(self) -> None:
        for op in self.core_ops:
            if not self.params.config.has_core or self.core is None:
                raise ModelError(
                    f"{self.graph.name}: {op}: runs on the core, and configuration"
                    f" '{self.params.config.name}' has none; choose one with a core"
                )

    def _workspaces_of_core(self) -> dict[Operator, WorkspaceSize]:
        """Of the operators on the core that use the accelerator."""
        sizes = {}
        for op in self.core_ops:
            assert self.core is not None
            if op in self.core_products:
                sizes[op] = WorkspaceSize(self.core_products[op].workspace_bytes)
            elif n_bytes := self.core.workspace_bytes(op):
                sizes[op] = WorkspaceSize(n_bytes, n_bytes)
        return sizes

    def run(self) -> Program:
        scheduler = Scheduler(self.params, self.constants, self._pending())
        images = [] if self.core is None else self._core_images(self.core)
        calls = iter([(i, call) for i, image in enumerate(images) for call in image.each()])
        booted = -1
        for layer, op in enumerate(self.graph.operators):
            is_core = op in self.core_ops
            if images and booted < 0 and not is_core and layer > 0:
                booted = 0
                scheduler.add(self._boot(layer, images[booted]))
            if is_core:
                number, (prepare, call) = next(calls)
                if number > booted:
                    booted = number
                    scheduler.add(self._boot(layer, images[booted]))
                if prepare is not None:
                    scheduler.add(self._prepare(layer, op, prepare))
                scheduler.add(self._call(layer, op, call, len(images) > 1))
            else:
                for step in self._array_steps(layer, op):
                    scheduler.add(step)
        for step in self._stores():
            scheduler.add(step)
        for image in images:
            if image.last is not None:
                last = self.graph.operators.index(self.core_ops[-1])
                cycles = _cycles(image.last, RUNTIME_CYCLES)
                scheduler.add(Step(Engine.CORE, _call_fields(image.last), last, cycles=cycles))
        return self._program(scheduler.stream(self.memory))

    # ---- steps -------------------------------------------------------------------------------
    def _array_steps(self, layer: int, op: Operator) -> Iterator[Step]:
        if self._engine(op) is None:
            return
        p = self.params
        context = Context(
            p,
            self.placement.layouts,
            self.constants,
            self.folded,
            layer,
            workspace=self.placement.workspaces.get(id(op)),
        )
        group = self.groups.get(layer)
        if group is not None:
            if layer == group.first:
                rings = {key: ring.layout for key, ring in group.rings.items()}
                context = replace(context, layouts={**context.layouts, **rings})
                yield from group_steps(p, group, context, self.placement.external)
            return
        table = self.fused.table_behind(op)
        steps = self._steps(layer, op, context)
        yield from steps if table is None else with_table_behind(steps, context, table)

    def _steps(self, layer: int, op: Operator, context: Context) -> Iterator[Step]:
        """Steps of an operator on its own."""
        p = self.params
        staging = self.placement.staging.get(id(op))
        if op.kind in WHOLE:
            if staging is None:
                yield from WHOLE[op.kind](op, context)
            else:
                yield from external_copy_steps(op, context, self.placement.external, staging)
            return
        if is_by_channel(op, p):
            yield from lower_channels(op, context)
            return
        sources = [self._external(tensor) for tensor in data_operands(op)]
        target = self._external(op.output)
        if op.kind in FLAT:
            flat = FLAT[op.kind](op, context)
            if staging is None:
                yield from flat_steps(p, flat)
            else:
                yield from flat_slabs(p, flat, staging, sources, target)
            return
        jobs = list(JOBS[op.kind](op, context))
        is_last = layer == self.last_weights
        if staging is None:
            for job in jobs:
                yield from steps_of(p, job, is_last=is_last)
        else:
            yield from job_slabs(p, jobs, staging, sources[0], target)

    def _external(self, tensor: Tensor) -> External | None:
        fold = self.folded.get(id(tensor))
        return self.placement.external.get(id(tensor if fold is None else fold.source))

    def _pending(self) -> list[Step]:
        """Loads of inputs and of constants that are read as data."""
        steps: list[Step] = []
        for tensor, where in zip(self.graph.inputs, self.input_places, strict=True):
            if id(tensor) in self.placement.external or not self._is_used(tensor):
                continue
            layout = self.placement.layouts[id(tensor)]
            layer = self._first_reader(tensor)
            steps += _load_image(self.params, layer, layout, tensor, where)
        for tensor in self.placement.constants:
            offset = self._constant_place(tensor).offset
            layout = self.placement.layouts[id(tensor)]
            steps.append(
                load_step(
                    self.params,
                    self._first_reader(tensor),
                    Space.SCRATCHPAD,
                    layout.start,
                    PROGRAM_REGION,
                    offset,
                    tensor.n_bytes,
                )
            )
        return steps

    def _is_used(self, tensor: Tensor) -> bool:
        """Whether anything wants an input; what nothing reads shares its place with others."""
        read = any(tensor in data_operands(op) for op in self.graph.operators)
        return read or tensor in self.graph.outputs

    def _first_reader(self, tensor: Tensor) -> int:
        """The first layer that reads a tensor, itself or through operators that vanished."""
        return min(
            (
                self._first_reader(op.output) if self._engine(op) is None else layer
                for layer, op in enumerate(self.graph.operators)
                if tensor in data_operands(op)
            ),
            default=max(0, len(self.graph.operators) - 1),
        )

    def _stores(self) -> Iterator[Step]:
        """Outputs that are in the scratchpad, which then carries across what is not."""
        last = max(0, len(self.graph.operators) - 1)
        outside = []
        for tensor, where in zip(self.graph.outputs, self.output_places, strict=True):
            layout = self.placement.layouts[id(tensor)]
            if id(tensor) in self.placement.external:
                outside.append((tensor, where))
            elif tensor.n_bytes:
                yield rows_step(
                    self.params,
                    Engine.STORE,
                    last,
                    Space.SCRATCHPAD,
                    layout.start,
                    where.region,
                    where.offset,
                    (tensor.n_bytes,),
                )
        for tensor, where in outside:
            yield from self._copy_out(last, tensor, where)

    def _copy_out(self, layer: int, tensor: Tensor, where: External) -> Iterator[Step]:
        """From where an external tensor is to its place among the outputs, if that is another."""
        place = self.placement.external[id(tensor)]
        if place == where:
            return
        # The model is done with the scratchpad, so all of it can carry bytes across.
        size = self.params.scratchpad_bytes // 2
        for turn, start in enumerate(range(0, tensor.n_bytes, size)):
            address = turn % 2 * size
            shape = (min(size, tensor.n_bytes - start),)
            space, p = Space.SCRATCHPAD, self.params
            source = (place.region, place.offset + start, shape)
            target = (where.region, where.offset + start, shape)
            yield rows_step(p, Engine.LOAD, layer, space, address, *source)
            yield rows_step(p, Engine.STORE, layer, space, address, *target)

    # ---- core --------------------------------------------------------------------------------
    def _core_images(self, core: CoreBuilder) -> list[CoreImage]:
        if not self.core_ops:
            return []
        workspaces = {
            op: self._core_workspace(op, size) for op, size in self.core_workspaces.items()
        }
        return list(core.build(self.core_ops, self._core_address, workspaces, self.memory))

    def _core_address(self, tensor: Tensor) -> int:
        """Where the core sees a tensor."""
        place = self.placement.external.get(id(tensor))
        if place is None:
            return SCRATCHPAD_BASE + self.placement.layouts[id(tensor)].start
        return WINDOW_BASE + place.region * WINDOW_BYTES + place.offset

    def _core_workspace(self, op: Operator, size: WorkspaceSize) -> CoreWorkspace:
        place = self.placement.workspaces[id(op)]
        arena = WINDOW_BASE + ARENA_REGION * WINDOW_BYTES + place.offset
        products = self.core_products.get(op)
        return CoreWorkspace(
            SCRATCHPAD_BASE + place.address,
            arena if size.external_bytes else 0,
            size.chip_bytes,
            () if products is None else tuple(map(self._packed, products.parts)),
        )

    def _packed(self, part: CoreProduct) -> bytes:
        offset = self.constants.add(part.contents)
        return PRODUCT.pack(part.values(WINDOW_BASE + PROGRAM_REGION * WINDOW_BYTES + offset))

    def _boot(self, layer: int, image: CoreImage) -> Step:
        loads = []
        for space, segments in ((Space.IMEM, image.imem), (Space.DMEM, image.dmem)):
            for offset, data in segments:
                if data:
                    source = self.constants.add(data)
                    loads.append(
                        load_step(
                            self.params, layer, space, offset, PROGRAM_REGION, source, len(data)
                        )
                    )
        return Step(
            Engine.CORE,
            {**_call_fields(image.boot), "boot": 1},
            layer,
            reads=CORE_MEMORIES,
            writes=(Range(DMEM, 0, 1 << 24),),
            cycles=_cycles(image.boot, RUNTIME_CYCLES),
            loads=loads,
        )

    def _ranges(self, tensors: Sequence[Tensor]) -> tuple[Range, ...]:
        return tuple(map(self._range, tensors))

    def _range(self, tensor: Tensor) -> Range:
        place = self.placement.external.get(id(tensor))
        if place is not None:
            return Range(f"REGION{place.region}", place.offset, place.offset + tensor.n_bytes)
        layout = self.placement.layouts[id(tensor)]
        return Range(SCRATCHPAD, layout.start, layout.start + layout.size)

    def _prepare(self, layer: int, op: Operator, call: CoreCall) -> Step:
        """Before the first inference; it may read the operator's constants."""
        constants = [tensor for tensor in data_operands(op) if tensor.is_constant]
        cycles = _cycles(call, RUNTIME_CYCLES)
        return Step(
            Engine.CORE, _call_fields(call), layer, reads=self._ranges(constants), cycles=cycles
        )

    def _guess(self, op: Operator) -> int:
        """Cycles of an operator on the core, where nothing better is known."""
        cycles = 300 + CORE_CYCLES * sum(t.size for t in op.outputs)
        cycles += CORE_MAC_CYCLES * macs_of(op)
        for tensor in (*data_operands(op), *op.outputs):
            if id(tensor) in self.placement.external:
                cycles += WINDOW_CYCLES * tensor.size
        return cycles

    def _call(self, layer: int, op: Operator, call: CoreCall, is_replaced: bool) -> Step:
        """``is_replaced``: other software may be loaded into the core's memories later on."""
        reads = self._ranges(data_operands(op))
        if is_replaced:
            reads = (*reads, *CORE_MEMORIES)
        accepts = op in self.core_workspaces
        return Step(
            Engine.CORE,
            {**_call_fields(call), "accept": int(accepts)},
            layer,
            reads=reads,
            writes=self._ranges(op.outputs),
            cycles=_cycles(call, self._guess(op)),
            accepts=accepts,
        )

    # ---- program -----------------------------------------------------------------------------
    def _program(self, stream: Stream) -> Program:
        placed = stream.placed
        variables = tuple(
            (where.offset, self.constants.add(data), len(data))
            for state, where in zip(self.states, self.input_places[len(self.inputs) :], strict=True)
            for data in (np.ascontiguousarray(state.initial).tobytes(),)
        )
        commands = encode_program([p.command for p in placed] + [Command(Opcode.END, {})])
        constants = bytes(self.constants)
        constants += bytes(-len(constants) % TENSOR_ALIGNMENT)
        by_engine: list[list[int]] = [[] for _ in Engine]
        for p in placed:
            by_engine[p.step.engine].append(p.step.layer)
        return Program(
            model=self.graph.name,
            config=self.params.config.name,
            digest=self.params.config.digest,
            image=constants + commands,
            commands_offset=len(constants),
            commands_bytes=len(commands),
            inputs=self.inputs,
            outputs=self.outputs,
            arena_bytes=self.placement.arena_bytes,
            layers=self._layers(placed),
            command_layers=tuple(tuple(row) for row in by_engine),
            predicted_cycles=stream.cycles,
            scratchpad_bytes=self.placement.used_bytes,
            variables=variables,
        )

    def _layers(self, placed: Sequence[Placed]) -> tuple[LayerInfo, ...]:
        layers = []
        for op in self.graph.operators:
            engine = self._engine(op)
            name = "none" if engine is None else engine.name.lower()
            layers.append(LayerInfo(op.name, _kind(op), name, macs_of(op)))
        for p in placed:
            layer = layers[p.step.layer]
            c = p.step.config
            if p.step.engine in (Engine.LOAD, Engine.STORE) and not c.get("source"):
                n_bytes = c["length"] * c["n1"] * c["n2"]
                key = "bytes_loaded" if p.step.engine is Engine.LOAD else "bytes_stored"
                layer = replace(layer, **{key: getattr(layer, key) + n_bytes})
            layers[p.step.layer] = layer
        spans = [(p.step.engine, p.step.layer, p.span.start, p.span.end) for p in placed]
        times = layer_times([layer.engine for layer in layers], spans)
        return tuple(
            replace(layer, predicted_cycles=time.cycles)
            for layer, time in zip(layers, times, strict=True)
        )


def _call_fields(call: CoreCall) -> dict[str, int]:
    return {"function": call.function, "argument": call.argument, "boot": 0, "accept": 0}


def _cycles(call: CoreCall, otherwise: int) -> int:
    """What a call is expected to take."""
    return otherwise if call.cycles is None else call.cycles


def _kind(op: Operator) -> str:
    return op.custom_name if op.custom_name else op.kind.name


def _places(tensors: Sequence[Tensor]) -> tuple[TensorPlace, ...]:
    """Tensors behind each other in a region."""
    places, offset = [], 0
    for tensor in tensors:
        places.append(
            TensorPlace(tensor.name, tensor.shape, tensor.dtype.name, offset, tensor.n_bytes)
        )
        offset += -(-tensor.n_bytes // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT
    return tuple(places)


def _end_of(places: Sequence[TensorPlace]) -> int:
    """Bytes of a region up to the end of the last tensor."""
    end = max((place.offset + place.n_bytes for place in places), default=0)
    return -(-end // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT


def _load_image(
    params: Params, layer: int, layout: Layout, tensor: Tensor, place: External
) -> list[Step]:
    """Load a dense tensor from external memory into its layout, in slabs of rows."""
    if not tensor.n_bytes:
        return []
    row = layout.width * layout.channels
    images = layout.size // layout.image_pitch
    n_rows = images * layout.height
    steps = []
    if any(layout.columns):
        left, right = (n * layout.channels for n in layout.columns)
        for address, width in ((layout.start, left), (layout.base + row, right)):
            if width:
                steps.append(
                    fill_step(
                        params,
                        layer,
                        address,
                        tensor.zero_point,
                        (width, n_rows),
                        (layout.row_pitch,),
                    )
                )
    per_slab = max(1, SLAB_BYTES // row)
    for y in range(0, n_rows, per_slab):
        n = min(per_slab, n_rows - y)
        shape = (n * row,) if layout.row_pitch == row else (row, n)
        steps.append(
            rows_step(
                params,
                Engine.LOAD,
                layer,
                Space.SCRATCHPAD,
                layout.base + y * layout.row_pitch,
                place.region,
                place.offset + y * row,
                shape,
                (layout.row_pitch,) if len(shape) == 2 else (),
            )
        )
    return steps
