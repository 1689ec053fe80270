"""Variables that keep their value from one inference to the next, as ends of the graph.

VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE disappear: what reads a variable reads a
tensor that is there when an inference begins, and what is assigned is there when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from compiler.builtin import Kind
from compiler.errors import ModelError
from compiler.graph import DType, Graph, Operator, State, Tensor
from compiler.options import CallOnceOptions, VarHandleOptions

Initial = dict[str, NDArray[Any]]


def called_once(graphs: Sequence[Graph]) -> list[Graph]:
    """The graphs that operators CALL_ONCE of the first one name."""
    numbers = {
        op.options.init_subgraph_index
        for graph in graphs[:1]
        for op in graph.operators
        if isinstance(op.options, CallOnceOptions)
    }
    return [graph for number, graph in enumerate(graphs) if number and number in numbers]


def with_states(graph: Graph, initial_graphs: Sequence[Graph]) -> Graph:
    """The graph without operators on variables.

    Raises :class:`ModelError` for variables without a constant initial value, and for graphs of
    initial values that do anything else.
    """
    initial: Initial = {}
    for other in initial_graphs:
        initial |= _initial_values(other, graph.name)
    names: dict[int, str] = {}
    current: dict[str, Tensor] = {}
    before: dict[str, Tensor] = {}
    alias: dict[int, Tensor] = {}
    operators = []
    for op in graph.operators:
        op.inputs = [None if t is None else alias.get(id(t), t) for t in op.inputs]
        if isinstance(op.options, VarHandleOptions):
            names[id(op.output)] = op.options.shared_name
        elif op.kind is Kind.READ_VARIABLE:
            name = _variable(op, names, graph.name)
            if name in current:
                alias[id(op.output)] = current[name]
            else:
                current[name] = before[name] = op.output
        elif op.kind is Kind.ASSIGN_VARIABLE:
            current[_variable(op, names, graph.name)] = op.input(1)
        elif op.kind is not Kind.CALL_ONCE:
            operators.append(op)
    outputs = [alias.get(id(tensor), tensor) for tensor in graph.outputs]
    states = []
    for name, tensor in before.items():
        value, after = initial.get(name), current[name]
        like = (tensor.shape, tensor.dtype)
        if value is None or (value.shape, value.dtype) != (tensor.shape, tensor.dtype.numpy):
            raise ModelError(f"{graph.name}: {tensor}, a variable, has no initial value like it")
        if (after.shape, after.dtype) != like:
            raise ModelError(f"{graph.name}: {tensor}, a variable, is assigned {after}")
        states.append(State(tensor, after, value))
    tensors = [tensor for tensor in graph.tensors if tensor.dtype is not DType.RESOURCE]
    return Graph(graph.name, tensors, operators, graph.inputs, outputs, states)


def _variable(op: Operator, names: dict[int, str], graph_name: str) -> str:
    handle = op.optional_input(0)
    least = 2 if op.kind is Kind.ASSIGN_VARIABLE else 1
    if handle is None or id(handle) not in names or len(op.inputs) < least:
        raise ModelError(f"{graph_name}: {op}: names no variable")
    return names[id(handle)]


def _initial_values(graph: Graph, name: str) -> Initial:
    names: dict[int, str] = {}
    values: Initial = {}
    for op in graph.operators:
        if isinstance(op.options, VarHandleOptions):
            names[id(op.output)] = op.options.shared_name
            continue
        value = op.optional_input(1) if op.kind is Kind.ASSIGN_VARIABLE else None
        data = None if value is None else value.data
        if data is None:
            raise ModelError(
                f"{name}: {op}: is run once, before the first inference; supported there are"
                " constants assigned to variables"
            )
        values[_variable(op, names, name)] = data
    return values


def with_states_as_ends(graph: Graph) -> Graph:
    """The graph whose last inputs and outputs are its variables."""
    inputs = [*graph.inputs, *(state.before for state in graph.states)]
    outputs = [*graph.outputs, *(state.after for state in graph.states)]
    return Graph(graph.name, graph.tensors, graph.operators, inputs, outputs)
