"""The bus between a board's memory and those who use it: beats, in order."""

from __future__ import annotations

from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out, Signature

from arch.params import Params, log2_exact


def command_layout(params: Params, memory_bytes: int) -> data.StructLayout:
    """Read or write one beat; ``beat`` is the byte address over the bytes of a beat."""
    return data.StructLayout(
        {
            "beat": log2_exact(memory_bytes // params.axi_bytes),
            "write": 1,
            "data": params.config.axi_data_bits,
            "mask": params.axi_bytes,
        }
    )


class MemoryBus(Signature):
    """Commands in order, as the client drives them.

    Each read is answered once on ``valid``/``data``, in order. An answer cannot be refused, so a
    client asks only for what it has room for. A read sees all writes before it.
    """

    def __init__(self, params: Params, memory_bytes: int) -> None:
        super().__init__(
            {
                "commands": Out(stream.Signature(command_layout(params, memory_bytes))),
                "valid": In(1),
                "data": In(params.config.axi_data_bits),
            }
        )
