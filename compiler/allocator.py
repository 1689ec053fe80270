"""Static allocation of buffers whose lifetimes are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.errors import ModelError


class CapacityError(ModelError):
    """Buffers that do not fit; ``worst`` is the one that ends the highest."""

    def __init__(self, message: str, worst: Buffer):
        super().__init__(message)
        self.worst = worst


@dataclass(eq=False)
class Buffer:
    """Bytes that are in use from step ``first`` to step ``last``, both included."""

    name: str
    size: int
    first: int
    last: int
    address: int = -1


def allocate(buffers: Sequence[Buffer], capacity: int, alignment: int) -> int:
    """Give every buffer an address; returns the bytes in use, or raises :class:`CapacityError`.

    Addresses and sizes are multiples of ``alignment``. Largest first, each at the lowest address
    at which it overlaps no buffer that lives at the same time.
    """

    def end(buffer: Buffer) -> int:
        return buffer.address + -(-buffer.size // alignment) * alignment

    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.first)):
        alive = sorted(
            (b for b in placed if b.first <= buffer.last and buffer.first <= b.last),
            key=lambda b: b.address,
        )
        address = 0
        for other in alive:
            if address + buffer.size <= other.address:
                break
            address = max(address, end(other))
        buffer.address = address
        placed.append(buffer)
    used = max(map(end, placed), default=0)
    if used > capacity:
        worst = max(placed, key=end)
        raise CapacityError(
            f"the scratchpad of {capacity} bytes cannot hold all tensors that are needed at once:"
            f" {used} bytes with '{worst.name}'; raise scratchpad_kib",
            worst,
        )
    return used
