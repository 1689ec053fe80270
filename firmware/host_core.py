"""The core of the functional model: runs commands by calling the operators' host build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from arch.errors import WeftError
from arch.memory_map import DMEM_BASE, SCRATCHPAD_BASE, WINDOW_BASE, WINDOW_BYTES
from arch.op_interface import OpDescription, TensorDescription
from firmware.descriptors import DescriptorLayout
from firmware.host import HostOps
from firmware.host_port import HostPort, Place
from firmware.image import FirmwareImage


class Accelerator(Protocol):
    """The other engines, while an operator runs."""

    @property
    def give(self) -> Callable[[int], None]:
        """Takes a word of a command."""

    @property
    def counts(self) -> Callable[[], Sequence[int]]:
        """Completed commands of each engine."""


class CoreMemories(Protocol):
    """The accelerator's memories that the core reaches, as bytes (uint8), and its commands."""

    scratchpad: NDArray[Any]
    imem: NDArray[Any]
    dmem: NDArray[Any]
    regions: tuple[NDArray[Any], ...]

    @property
    def accelerator(self) -> Accelerator | None: ...


class HostCoreError(WeftError):
    """A command that names no operator, or memory that the host build cannot reach."""


class HostCore:
    """Called with (function, argument, memories) of a command; returns the operator's status.

    State is kept from call to call, as the core keeps it from inference to inference: prepared
    before the first use, and anew after an operator that failed.

    Parameters
    ----------
    image : the firmware whose addresses the commands hold.
    ops : the descriptions that ``layout`` was made from, in the same order.
    layout : where their descriptors are.
    host : the operators.

    Raises :class:`HostCoreError` for addresses outside scratchpad, data memory and regions.
    """

    def __init__(
        self,
        image: FirmwareImage,
        ops: Sequence[OpDescription],
        layout: DescriptorLayout,
        host: HostOps,
    ):
        self._host = host
        self._image, self._layout = image, layout
        self._ops: Mapping[int, OpDescription] = dict(zip(layout.arguments, ops, strict=True))
        self._names = {functions.eval: name for name, functions in image.functions.items()}
        self._prepares = {
            address: argument
            for address, argument in zip(layout.prepares, layout.arguments, strict=True)
            if address
        }
        self._prepare, self._keep = image.prepare, image.keep
        self._states: dict[int, NDArray[np.uint8]] = {}
        self._prepared: set[int] = set()

    def is_loaded(self, memories: CoreMemories) -> bool:
        """Whether the software that it stands for is in the core's memories."""
        start = self._layout.base - DMEM_BASE
        places = (
            (memories.imem, 0, self._image.imem),
            (memories.dmem, start, self._layout.data),
        )
        return all(memory[at : at + len(data)].tobytes() == data for memory, at, data in places)

    def __call__(self, function: int, argument: int, memories: CoreMemories) -> int:
        if function == self._keep:
            return 0
        if function == self._prepare and argument in self._prepares:
            return self._prepare_once(self._prepares[argument], memories)
        if function not in self._names or argument not in self._ops:
            raise HostCoreError(
                f"core: no operator at 0x{function:08X} with descriptor 0x{argument:08X};"
                " the program was made for another firmware"
            )
        use = self._on_host(argument, memories)
        if use.accelerator is None:
            return self._checked(self._host.call(self._names[function], use))
        return self._checked(self._with_accelerator(use, memories))

    def _with_accelerator(self, use: OpDescription, memories: CoreMemories) -> int:
        accelerator = memories.accelerator
        assert accelerator is not None and use.accelerator is not None
        places = [Place(memories.scratchpad, SCRATCHPAD_BASE)]
        a, own = use.accelerator, []
        for address in (a.workspace, a.arena):
            assert isinstance(address, int)
            if not address:
                own.append(np.zeros(0, np.uint8))
            elif address >= WINDOW_BASE:
                region, offset = divmod(address - WINDOW_BASE, WINDOW_BYTES)
                content = memories.regions[region]
                places.append(Place(content, address - offset))
                own.append(content[offset : offset + a.workspace_bytes])
            else:
                own.append(self._view(use, address, a.workspace_bytes, memories))
        port = HostPort(accelerator.give, accelerator.counts, places)
        self._host.connect(port)
        try:
            status = self._host.call(
                use.name, replace(use, accelerator=replace(a, workspace=own[0], arena=own[1]))
            )
        finally:
            self._host.connect(None)
        if port.error is not None:
            raise port.error
        return status

    def _prepare_once(self, argument: int, memories: CoreMemories) -> int:
        if argument in self._prepared:
            return 0
        self._prepared.add(argument)
        op = self._on_host(argument, memories)
        return self._checked(self._host.init(op.name, op))

    def _checked(self, status: int) -> int:
        if status:
            self._states.clear()
            self._prepared.clear()
        return status

    def _on_host(self, argument: int, memories: CoreMemories) -> OpDescription:
        """The description with views into the memories in the place of addresses."""
        op = self._ops[argument]

        def tensors(described: Sequence[TensorDescription]) -> tuple[TensorDescription, ...]:
            return tuple(self._tensor(op, t, memories) for t in described)

        state, scratch = op.state, op.scratch
        if isinstance(state, int):
            state = self._view(op, state, op.state_bytes, memories)
        elif state is None and op.state_bytes:
            state = self._states.setdefault(argument, np.zeros(op.state_bytes, np.uint8))
        if isinstance(scratch, int):
            scratch = self._view(op, scratch, op.scratch_bytes, memories)
        return replace(
            op,
            inputs=tensors(op.inputs),
            outputs=tensors(op.outputs),
            intermediates=tensors(op.intermediates),
            state=state,
            scratch=scratch,
        )

    def _tensor(
        self, op: OpDescription, t: TensorDescription, memories: CoreMemories
    ) -> TensorDescription:
        if isinstance(t.data, np.ndarray) or not t.n_bytes:
            return t
        return replace(t, data=self._view(op, t.data, t.n_bytes, memories))

    def _view(
        self, op: OpDescription, address: int, n_bytes: int, memories: CoreMemories
    ) -> NDArray[Any]:
        places = [(DMEM_BASE, memories.dmem), (SCRATCHPAD_BASE, memories.scratchpad)]
        places += [(WINDOW_BASE + i * WINDOW_BYTES, r) for i, r in enumerate(memories.regions)]
        for base, memory in places:
            if base <= address and address + n_bytes <= base + len(memory):
                return memory[address - base : address - base + n_bytes]
        raise HostCoreError(
            f"{op.name}: {n_bytes} bytes at 0x{address:08X} are neither in the scratchpad, in the"
            " core's data memory nor in a region"
        )


class HostCores:
    """Several programs of the core, of which that one runs which is in its memories."""

    def __init__(self, cores: Sequence[HostCore]):
        self._cores = tuple(cores)

    def __call__(self, function: int, argument: int, memories: CoreMemories) -> int:
        for core in self._cores:
            if core.is_loaded(memories):
                return core(function, argument, memories)
        raise HostCoreError("core: none of the model's programs is in its memories")
