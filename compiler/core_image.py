"""What the back end asks of whoever builds the core's software."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from arch.errors import WeftError
from compiler.graph import Operator, Tensor
from compiler.timing.memory import MemoryTiming


class CoreFullError(WeftError):
    """Software that does not fit the core's memories."""


@dataclass(frozen=True)
class CoreCall:
    """A call of a C function on the core with one argument.

    ``cycles`` is what it is expected to take; None where that is not known.
    """

    function: int
    argument: int
    cycles: int | None = None


class CoreWorkspace(NamedTuple):
    """What an operator on the core gets of the accelerator.

    Members
    -------
    workspace, arena : addresses of ``n_bytes`` each; no arena where it is 0.
    products : packed ``weft_product_t`` (arch.op_interface.PRODUCT).
    """

    workspace: int
    arena: int
    n_bytes: int
    products: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class CoreImage:
    """Software for the core.

    Members
    -------
    imem, dmem : (byte offset in the memory, bytes) to be loaded before ``entry`` starts.
    boot : how the core is started.
    prepares : of each operator in the order given, what comes before its call; None for nothing.
    calls : of each operator, in the order given.
    last : what ends an inference that keeps state; None for nothing.
    """

    imem: tuple[tuple[int, bytes], ...]
    dmem: tuple[tuple[int, bytes], ...]
    boot: CoreCall
    prepares: tuple[CoreCall | None, ...]
    calls: tuple[CoreCall, ...]
    last: CoreCall | None

    def each(self) -> Iterator[tuple[CoreCall | None, CoreCall]]:
        """Of each operator, what comes before its call, and the call."""
        return zip(self.prepares, self.calls, strict=True)


class CoreBuilder(Protocol):
    """Builds the software that runs a model's operators on the core."""

    def build(
        self,
        ops: Sequence[Operator],
        place: Callable[[Tensor], int],
        workspaces: Mapping[Operator, CoreWorkspace],
        memory: MemoryTiming,
    ) -> Sequence[CoreImage]:
        """Compile and link; all addresses are those that the core sees.

        ``place`` gives those of tensors; ``workspaces`` has the operators that use the accelerator;
        ``memory`` is for the estimate of cycles.
        What does not fit the core's memories at once comes in parts, each with the next of the
        operators, to be booted one after the other. Raises :class:`CoreFullError` where that does
        not help.
        """
        ...

    def workspace_bytes(self, op: Operator) -> int:
        """Bytes of workspace that an operator asks for; 0 if it does not use the accelerator."""
        ...

    def is_library_op(self, op: Operator) -> bool:
        """Whether the core's library runs a custom operator, and no source of the user's."""
        ...
