"""IF and WHILE, whose subgraphs become part of the graph that calls them.

Both branches of an IF run, and a SELECT_V2 chooses between their results. A WHILE is unrolled: its
condition must be known before the model runs, as that of a loop over the steps of a sequence is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from compiler.builtin import Kind
from compiler.constant_values import values_of
from compiler.errors import ModelError
from compiler.graph import Graph, Operator, Tensor
from compiler.options import IfOptions, ReshapeOptions, WhileOptions

MAX_OPERATORS = 50_000
MAX_DEPTH = 16

_CONTROL = (Kind.IF, Kind.WHILE)
_VARIABLES = (Kind.VAR_HANDLE, Kind.READ_VARIABLE, Kind.ASSIGN_VARIABLE, Kind.CALL_ONCE)


def without_control_flow(graphs: Sequence[Graph]) -> Graph:
    """The first graph, with those that its operators IF and WHILE call in it.

    Raises :class:`ModelError` for calls of what is not there, loops without a known end, and
    variables in what is called.
    """
    main = graphs[0]
    if not any(op.kind in _CONTROL for op in main.operators):
        return main
    inliner = _Inliner(graphs, list(main.tensors))
    for op in main.operators:
        inliner.add(op, {}, 0)
    tensors, operators = inliner.tensors, _read(inliner.operators, main)
    return replace(main, tensors=tensors, operators=operators)


def _read(operators: Iterable[Operator], graph: Graph) -> list[Operator]:
    """Operators that have a part in the outputs, or in variables."""
    needed = {id(tensor) for tensor in graph.outputs}
    kept = []
    for op in reversed(list(operators)):
        if op.kind in _VARIABLES or any(id(t) in needed for t in op.outputs):
            needed |= {id(t) for t in op.inputs}
            kept.append(op)
    return kept[::-1]


@dataclass
class _Inliner:
    graphs: Sequence[Graph]
    tensors: list[Tensor]
    operators: list[Operator] = field(default_factory=list)
    known: dict[int, Tensor] = field(default_factory=dict)
    constants: dict[int, Tensor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.graphs[0].name

    def add(self, op: Operator, names: dict[int, Tensor], depth: int) -> None:
        """One operator whose operands are those that ``names`` has for its own."""
        read = replace(op, inputs=[None if t is None else names.get(id(t), t) for t in op.inputs])
        if op.kind in _CONTROL:
            results = self.called(read, depth)
        elif depth and op.kind in _VARIABLES:
            raise ModelError(f"{self.name}: {op}: variables in a branch or loop are not supported")
        else:
            values = values_of(read) if depth else None
            if values is None:
                self.append(read)
                return
            pairs = zip(op.outputs, values, strict=True)
            results = [self.new(replace(t, data=array)) for t, array in pairs]
        if len(results) != len(op.outputs):
            raise ModelError(f"{self.name}: {op}: takes {len(results)} results from its subgraph")
        for tensor, result in zip(op.outputs, results, strict=True):
            if (tensor.shape, tensor.dtype) != (result.shape, result.dtype):
                raise ModelError(f"{self.name}: {op}: its subgraph gives {result} for {tensor}")
            if depth:
                self.known[id(tensor)] = result
            else:  # the model's own tensor: others, and outputs, know it
                self.append(Operator(Kind.RESHAPE, [result], [tensor], ReshapeOptions()))

    def append(self, op: Operator) -> None:
        self.operators.append(op)
        if len(self.operators) > MAX_OPERATORS:
            raise ModelError(
                f"{self.name}: its loops come to more than {MAX_OPERATORS} operators; supported:"
                " loops of fewer turns"
            )

    def new(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    def called(self, op: Operator, depth: int) -> list[Tensor]:
        """The results of an IF or WHILE."""
        if depth >= MAX_DEPTH:
            raise ModelError(f"{self.name}: {op}: is called by itself")
        operands = [op.input(i) for i in range(len(op.inputs))]
        if isinstance(op.options, IfOptions):
            return self.chosen(op, op.options, operands, depth)
        assert isinstance(op.options, WhileOptions)
        while self.holds(op, op.options.cond_subgraph_index, operands, depth):
            operands = self.body(op, op.options.body_subgraph_index, operands, depth)
        return operands

    def holds(self, op: Operator, number: int, operands: list[Tensor], depth: int) -> bool:
        condition = self.body(op, number, operands, depth)
        if len(condition) != 1 or condition[0].data is None or condition[0].size != 1:
            raise ModelError(
                f"{self.name}: {op}: its condition is computed; supported: loops whose number of"
                " turns is known before the model runs"
            )
        return bool(condition[0].data.reshape(-1)[0])

    def chosen(
        self, op: Operator, options: IfOptions, operands: list[Tensor], depth: int
    ) -> list[Tensor]:
        if not operands or operands[0].size != 1:
            raise ModelError(f"{self.name}: {op}: its condition is not one element")
        condition, *rest = operands
        numbers = (options.then_subgraph_index, options.else_subgraph_index)
        if condition.data is not None:
            number = numbers[0] if condition.data.reshape(-1)[0] else numbers[1]
            return self.body(op, number, rest, depth)
        scalar = self.new(replace(condition, shape=(), index=None))
        self.append(Operator(Kind.RESHAPE, [condition], [scalar], ReshapeOptions()))
        branches = [self.body(op, number, rest, depth) for number in numbers]
        results = []
        for first, second in zip(*branches, strict=False):
            result = self.new(replace(first, index=None, data=None))
            self.append(Operator(Kind.SELECT_V2, [scalar, first, second], [result]))
            results.append(result)
        return results

    def body(self, op: Operator, number: int, operands: list[Tensor], depth: int) -> list[Tensor]:
        """A subgraph on operands: its operators are added, and its results returned."""
        if not 0 < number < len(self.graphs):
            raise ModelError(f"{self.name}: {op}: calls subgraph {number}, which is not there")
        graph = self.graphs[number]
        if len(graph.inputs) != len(operands):
            raise ModelError(
                f"{self.name}: {op}: gives {len(operands)} operands to a subgraph of"
                f" {len(graph.inputs)}"
            )
        names = {id(t): self.constant(t) for t in graph.tensors if t.is_constant}
        names |= {id(t): x for t, x in zip(graph.inputs, operands, strict=True)}
        for inner in graph.operators:
            outputs = [self.new(replace(t, index=None)) for t in inner.outputs]
            self.add(replace(inner, outputs=outputs, index=None), names, depth + 1)
            pairs = zip(inner.outputs, outputs, strict=True)
            names |= {id(t): self.known.pop(id(own), own) for t, own in pairs}
        return [names.get(id(t), t) for t in graph.outputs]

    def constant(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self.constants:
            self.constants[id(tensor)] = self.new(replace(tensor, index=None))
        return self.constants[id(tensor)]
