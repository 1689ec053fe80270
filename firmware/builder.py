"""The core's software for one model: what the compiler's back end asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from arch.memory_map import DMEM_BASE
from arch.params import Params
from compiler.builtin import Kind
from compiler.core_image import CoreCall, CoreFullError, CoreImage
from compiler.graph import Operator, Tensor
from firmware.describe import as_asked, describe, host_custom_op, registered_name, with_sizes
from firmware.descriptors import layout_descriptors
from firmware.estimate import CoreEstimate
from firmware.host import HostOps
from firmware.host_core import HostCore, HostCores
from firmware.image import FirmwareImage, build_firmware

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

    def __init__(self, params: Params, op_sources: Sequence[Path] = ()):
        self._params = params
        self._op_sources = [*map(Path, params.config.ops), *op_sources]
        self.images: list[FirmwareImage] = []
        self.host_core: HostCore | HostCores | None = None

    def build(self, ops: Sequence[Operator], place: Callable[[Tensor], int]) -> list[CoreImage]:
        """See :class:`compiler.core_image.CoreBuilder`."""
        parts = self._parts(ops, place)
        self.images = [part.image for part in parts]
        cores = [part.core for part in parts]
        self.host_core = cores[0] if len(cores) == 1 else HostCores(cores)
        return [part.program for part in parts]

    def _parts(self, ops: Sequence[Operator], place: Callable[[Tensor], int]) -> list[_Part]:
        """All operators at once, or their halves where they do not fit."""
        try:
            return [self._part(ops, place)]
        except CoreFullError:
            if len(ops) < 2:
                raise
            half = len(ops) // 2
            parts = [*self._parts(ops[:half], place), *self._parts(ops[half:], place)]
            if any(part.program.last is not None for part in parts):
                raise  # state would not outlive the next boot
            return parts

    def _part(self, ops: Sequence[Operator], place: Callable[[Tensor], int]) -> _Part:
        builtin = sorted({registered_name(op) for op in ops if op.kind is not Kind.CUSTOM})
        image = build_firmware(self._params, self._op_sources, builtin)
        host = HostOps(self._op_sources, builtin)
        asked = [as_asked(op) for op in ops]
        descriptions = [
            with_sizes(describe(op, place), host, constants)
            for op, constants in zip(ops, asked, strict=True)
        ]
        layout = layout_descriptors(image, descriptions)
        core = HostCore(image, descriptions, layout, host)
        functions = [image.functions[description.name] for description in descriptions]
        program = CoreImage(
            imem=((0, image.imem),),
            dmem=(
                (image.dmem_base - DMEM_BASE, image.dmem),
                (layout.base - DMEM_BASE, layout.data),
            ),
            boot=CoreCall(image.entry, layout.model),
            prepares=tuple(
                CoreCall(image.prepare, prepare) if prepare else None for prepare in layout.prepares
            ),
            calls=tuple(
                CoreCall(function.eval, argument)
                for function, argument in zip(functions, layout.arguments, strict=True)
            ),
            cycles=tuple(CoreEstimate(self._params, image, layout, descriptions, asked).cycles()),
            last=CoreCall(image.keep, layout.model) if layout.model else None,
        )
        return _Part(image, core, program)

    def custom_reference(self) -> CustomOp:
        """Runs custom operators on arrays, for :class:`sim.reference.Reference`."""
        return host_custom_op(HostOps(self._op_sources, []))
