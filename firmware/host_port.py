"""What plays the accelerator for operators of the host build."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from arch.errors import WeftError
from arch.memory_map import SCRATCHPAD_BASE, WINDOW_BASE, WINDOW_BYTES
from arch.op_interface import OpStatus

_GIVE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint64)
_COUNTS = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
_ADDRESS = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p)


class _Structure(ctypes.Structure):
    """weft_host_port_t of runtime/accelerator_port.h."""

    _fields_ = (
        ("give", _GIVE),
        ("counts", _COUNTS),
        ("address", _ADDRESS),
        ("scratchpad", ctypes.c_uint32),
        ("scratchpad_bytes", ctypes.c_uint32),
        ("window", ctypes.c_uint32),
        ("window_bytes", ctypes.c_uint32),
    )


class Place(NamedTuple):
    """Host memory, and the address at which the core sees it."""

    memory: NDArray[Any]
    address: int


class HostPort:
    """Hands commands of operators on, one word at a time.

    Parameters
    ----------
    give : takes a word; what it raises ends the operator and is kept in :attr:`error`.
    counts : completed commands of each engine, all that were given among them.
    places : what the core can name to the accelerator; the first one is the scratchpad.
    """

    def __init__(
        self,
        give: Callable[[int], None],
        counts: Callable[[], Sequence[int]],
        places: Sequence[Place],
    ):
        self.error: WeftError | None = None
        self._take, self._counts, self._places = give, counts, places
        # ctypes does not keep the functions alive.
        self._functions = (_GIVE(self._give), _COUNTS(self._count), _ADDRESS(self._address))
        scratchpad_bytes = places[0].memory.nbytes
        self.structure = _Structure(
            *self._functions, SCRATCHPAD_BASE, scratchpad_bytes, WINDOW_BASE, WINDOW_BYTES
        )

    def _give(self, word: int) -> int:
        try:
            self._take(word)
        except WeftError as error:
            self.error = error
            return OpStatus.ERROR
        return OpStatus.OK

    def _count(self, engine: int) -> int:
        count = self._counts()[engine]
        return count | count << 16

    def _address(self, pointer: int | None) -> int:
        """0 for memory that the accelerator does not reach."""
        for memory, address in self._places:
            offset = (pointer or 0) - int(memory.ctypes.data)
            if 0 <= offset < memory.nbytes:
                return address + offset
        return 0
