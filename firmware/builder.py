"""The core's software for one model: what the compiler's back end asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from arch.config import MOST_IMEM_KIB
from arch.memory_map import DMEM_BASE
from arch.op_interface import ACCELERATOR, AcceleratorDescription, OpDescription
from arch.params import Params
from compiler.builtin import Kind
from compiler.core_image import CoreCall, CoreFullError, CoreImage, CoreWorkspace
from compiler.graph import Operator, Tensor
from compiler.operators.custom import LIBRARY
from compiler.timing.memory import MemoryTiming
from firmware.describe import (
    DescriptionError,
    as_asked,
    describe_with_sizes,
    host_custom_op,
    registered_name,
)
from firmware.descriptors import DescriptorLayout, layout_descriptors
from firmware.estimate import CoreCycles, CoreEstimate
from firmware.host import HostOps, RefusedUseError
from firmware.host_core import HostCore, HostCores
from firmware.image import FirmwareImage, build_firmware
from firmware.sources import OpSources

CustomOp = Callable[[Operator, Sequence[NDArray[Any] | None]], list[NDArray[Any]]]


class _Part(NamedTuple):
    """Software that is in the core's memories at once."""

    image: FirmwareImage
    core: HostCore
    program: CoreImage


class FirmwareBuilder:
    """A :class:`compiler.core_image.CoreBuilder` for a configuration and the user's operators.

    Parameters
    ----------
    params : the configuration.
    op_sources : C++ files that register operators, beside those of the configuration.

    Members
    -------
    images : after :meth:`build`, the core's software, in the order of its boots.
    host_core : after :meth:`build`, what runs the same calls on the host; None before.
    """

    def __init__(self, params: Params, op_sources: OpSources | Sequence[Path] = ()):
        self._params = params
        self._op_sources = OpSources.of(op_sources).behind_config(params.config)
        self.images: list[FirmwareImage] = []
        self.host_core: HostCore | HostCores | None = None
        self._host: HostOps | None = None

    def workspace_bytes(self, op: Operator) -> int:
        """See :class:`compiler.core_image.CoreBuilder`."""
        if op.kind is not Kind.CUSTOM or self.is_library_op(op):
            return 0
        asked = replace(as_asked(op), accelerator=AcceleratorDescription(self._shape()))
        try:
            return self._asked_host().workspace_bytes(asked.name, asked)
        except RefusedUseError as error:
            raise DescriptionError(f"{op}: {error.reason}") from None

    def _asked_host(self) -> HostOps:
        """The user's operators."""
        if self._host is None:
            self._host = HostOps(self._op_sources, [])
        return self._host

    def _shape(self) -> dict[str, int]:
        """Integer members of ``weft_accelerator_t`` but for the workspace."""
        names = [f.name for f in ACCELERATOR.fields if not f.is_pointer]
        return {n: getattr(self._params, n) for n in names if hasattr(self._params, n)}

    def build(
        self,
        ops: Sequence[Operator],
        place: Callable[[Tensor], int],
        workspaces: Mapping[Operator, CoreWorkspace],
        memory: MemoryTiming,
    ) -> list[CoreImage]:
        """See :class:`compiler.core_image.CoreBuilder`."""
        parts = self._parts(ops, place, workspaces, memory)
        self.images = [part.image for part in parts]
        cores = [part.core for part in parts]
        self.host_core = cores[0] if len(cores) == 1 else HostCores(cores)
        return [part.program for part in parts]

    def _parts(
        self,
        ops: Sequence[Operator],
        place: Callable[[Tensor], int],
        workspaces: Mapping[Operator, CoreWorkspace],
        memory: MemoryTiming,
    ) -> list[_Part]:
        """All operators at once, or their halves where they do not fit."""
        try:
            return [self._part(ops, place, workspaces, memory)]
        except CoreFullError:
            if len(ops) < 2:
                raise
            half = len(ops) // 2
            halves = (ops[:half], ops[half:])
            parts = [
                part for some in halves for part in self._parts(some, place, workspaces, memory)
            ]
            if any(part.program.last is not None for part in parts):
                raise  # state would not outlive the next boot
            return parts

    def _part(
        self,
        ops: Sequence[Operator],
        place: Callable[[Tensor], int],
        workspaces: Mapping[Operator, CoreWorkspace],
        memory: MemoryTiming,
    ) -> _Part:
        builtin = sorted(
            {
                registered_name(op)
                for op in ops
                if op.kind is not Kind.CUSTOM or self.is_library_op(op)
            }
        )
        image = build_firmware(self._params, self._op_sources, builtin)
        host = HostOps(self._op_sources, builtin)
        descriptions = [describe_with_sizes(op, place, host) for op in ops]
        shape = self._shape()
        for i, op in enumerate(ops):
            if op in workspaces:
                accelerator = AcceleratorDescription(shape, *workspaces[op])
                descriptions[i] = replace(descriptions[i], accelerator=accelerator)
        layout = layout_descriptors(image, descriptions)
        asked = [as_asked(op) for op in ops]
        core = HostCore(image, descriptions, layout, host)
        cycles = self._estimate(memory, image, layout, builtin, descriptions, asked)
        program = CoreImage(
            imem=((0, image.imem),),
            dmem=(
                (image.dmem_base - DMEM_BASE, image.dmem),
                (layout.base - DMEM_BASE, layout.data),
            ),
            boot=CoreCall(image.entry, layout.model, cycles.boot),
            prepares=tuple(
                CoreCall(image.prepare, prepare, taken) if prepare else None
                for prepare, taken in zip(layout.prepares, cycles.prepares, strict=True)
            ),
            calls=tuple(
                CoreCall(image.functions[described.name].eval, argument, taken)
                for described, argument, taken in zip(
                    descriptions, layout.arguments, cycles.calls, strict=True
                )
            ),
            last=CoreCall(image.keep, layout.model, cycles.last) if layout.model else None,
        )
        return _Part(image, core, program)

    def _estimate(
        self,
        memory: MemoryTiming,
        image: FirmwareImage,
        layout: DescriptorLayout,
        builtin: Sequence[str],
        descriptions: Sequence[OpDescription],
        asked: Sequence[OpDescription],
    ) -> CoreCycles:
        """Cycles of all calls; on a core with extensions, what they take without them.

        Unicorn does not know the extensions. What is built instead may be larger.
        """
        core, params = self._params.config.core, self._params
        if core != "none" and core.extensions:
            off = dict.fromkeys(core.extensions, False)
            plain = core.model_copy(update={**off, "imem_kib": MOST_IMEM_KIB})
            params = Params(params.config.model_copy(update={"core": plain}))
            image = build_firmware(params, self._op_sources, builtin)
            layout = layout_descriptors(image, descriptions)
        return CoreEstimate(params, memory, image, layout, descriptions, asked).cycles()

    def is_library_op(self, op: Operator) -> bool:
        """See :class:`compiler.core_image.CoreBuilder`."""
        if op.kind is not Kind.CUSTOM or op.custom_name not in LIBRARY:
            return False
        return op.custom_name not in self._asked_host().names

    def custom_reference(self) -> CustomOp:
        """Runs custom operators on arrays, for :class:`sim.reference.Reference`."""
        return host_custom_op(HostOps(self._op_sources, []))
