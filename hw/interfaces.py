"""Signatures that cross the borders between blocks."""

from __future__ import annotations

from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out, Signature

from arch import isa, registers
from arch.params import Params

AXI_ID_BITS = 2

N_ENGINES = len(isa.Engine)


def axi_read_signature(params: Params) -> Signature:
    """AXI4 read channels, as a manager drives them (AMBA AXI, IHI 0022, chapter A2).

    Every burst is INCR, at most ``dma_burst_beats`` long and within 4096 bytes; ``arsize`` is the
    width of the bus. The signals that are not listed keep one value: lock, cache, prot, qos 0.
    """
    c = params.config
    return Signature(
        {
            "arid": Out(AXI_ID_BITS),
            "araddr": Out(c.axi_address_bits),
            "arlen": Out(8),
            "arsize": Out(3),
            "arburst": Out(2),
            "arvalid": Out(1),
            "arready": In(1),
            "rid": In(AXI_ID_BITS),
            "rdata": In(c.axi_data_bits),
            "rresp": In(2),
            "rlast": In(1),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def axi_write_signature(params: Params) -> Signature:
    """AXI4 write channels, as a manager drives them; bursts as for reads."""
    c = params.config
    return Signature(
        {
            "awid": Out(AXI_ID_BITS),
            "awaddr": Out(c.axi_address_bits),
            "awlen": Out(8),
            "awsize": Out(3),
            "awburst": Out(2),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(c.axi_data_bits),
            "wstrb": Out(c.axi_data_bits // 8),
            "wlast": Out(1),
            "wvalid": Out(1),
            "wready": In(1),
            "bid": In(AXI_ID_BITS),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
        }
    )


def accelerator_ports(params: Params) -> dict[str, Member]:
    """Ports of an accelerator; what they mean is said in :class:`hw.top.Npu`."""
    return {
        "s_axil": In(axi_lite_signature(registers.ADDRESS_BITS)),
        "m_axi": Out(axi_signature(params)),
        "interrupt": Out(1),
        "event_started": Out(N_ENGINES),
        "event_completed": Out(N_ENGINES),
        "log_valid": Out(1),
        "log_byte": Out(8),
        "core_pc": Out(32),
    }


def axi_signature(params: Params) -> Signature:
    """All channels of AXI4, as a manager drives them."""
    return Signature({**axi_read_signature(params).members, **axi_write_signature(params).members})


def axi_lite_signature(address_bits: int) -> Signature:
    """AXI4-Lite with 32 bits of data, as a manager drives it (AMBA AXI, IHI 0022, chapter B1)."""
    return Signature(
        {
            "awaddr": Out(address_bits),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(32),
            "wstrb": Out(4),
            "wvalid": Out(1),
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(address_bits),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(32),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def command_item_layout() -> data.StructLayout:
    """One word on its way from the sequencer to an engine.

    The first item of a command has ``is_waits`` set and holds the wait word; the others are
    configuration words with their index. ``last`` marks the command's last item.
    """
    return data.StructLayout({"word": 64, "index": 4, "is_waits": 1, "last": 1})


def command_signature() -> Signature:
    """Commands to one engine, as the sequencer drives them."""
    return stream.Signature(command_item_layout())


def completed_layout() -> data.ArrayLayout:
    """Commands that each engine has completed in this program, in the order of isa.Engine."""
    return data.ArrayLayout(isa.COUNT_BITS, N_ENGINES)


class EngineStatus(Signature):
    """What an engine reports, as the engine drives it.

    Members
    -------
    completed : one cycle for each command that is complete, its results visible to all engines.
    busy : the engine works on a command.
    waiting : the engine holds a command whose waits are not met.
    error : one cycle; the program must stop. The engine then stays silent until it is reset:
        ``cause`` (arch.isa.Cause), ``address`` (offset, on-chip address or pc), ``info`` (region,
        mcause or status) are valid in that cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "completed": Out(1),
                "busy": Out(1),
                "waiting": Out(1),
                "error": Out(1),
                "cause": Out(4),
                "address": Out(32),
                "info": Out(32),
            }
        )


class ReadRequest(Signature):
    """A request for bytes of external memory, as the client drives it; one outstanding order.

    Members
    -------
    request : region, byte offset, bytes (1 to 2**24-1).
    beats : the beats that hold those bytes, in order, bus-aligned: the first holds the byte at
        ``offset`` in lane ``offset % axi_bytes`` (region bases are aligned to the bus). ``last``
        marks the last beat of the request. ``cause`` is 0, or the arch.isa.Cause that ended the
        request early (REGION or BUS); then ``last`` is set, the data are void and ``address``
        holds the offset of the burst that failed.
    """

    def __init__(self, params: Params) -> None:
        super().__init__(
            {
                "request": Out(stream.Signature(request_layout())),
                "beats": In(stream.Signature(beat_layout(params))),
            }
        )


class WriteRequest(Signature):
    """A request to write bytes of external memory, as the client drives it.

    Members
    -------
    request : region, byte offset, bytes (1 to 2**24-1).
    beats : the bytes, bus-aligned as in :class:`ReadRequest`, for the requests in their order;
        the client clears the strobes of the bytes that lie outside its request. Every request
        takes all its beats, also one that is refused.
    done : one cycle for each request, in their order: its bytes are in memory, or ``cause``
        (arch.isa.Cause: REGION or BUS) is not 0 and ``address`` holds the offset that failed.
        After an error ``done`` may come before the request's last beat has been taken.
    """

    def __init__(self, params: Params) -> None:
        super().__init__(
            {
                "request": Out(stream.Signature(request_layout())),
                "beats": Out(stream.Signature(write_beat_layout(params))),
                "done": In(1),
                "cause": In(4),
                "address": In(32),
            }
        )


def write_beat_layout(params: Params) -> data.StructLayout:
    return data.StructLayout({"data": params.config.axi_data_bits, "strobe": params.axi_bytes})


def request_layout() -> data.StructLayout:
    return data.StructLayout({"region": 3, "offset": 32, "length": isa.ADDRESS_BITS})


def beat_layout(params: Params) -> data.StructLayout:
    return data.StructLayout(
        {
            "data": params.config.axi_data_bits,
            "last": 1,
            "cause": 4,
            "address": 32,
        }
    )


def chip_write_layout(params: Params) -> data.StructLayout:
    """An aligned chunk of ``axi_bytes`` for an on-chip memory.

    ``chunk`` is the byte address over ``axi_bytes``; ``space`` is an arch.isa.Space.
    """
    axi_bytes = params.axi_bytes
    bits = isa.ADDRESS_BITS - (axi_bytes.bit_length() - 1)
    return data.StructLayout(
        {
            "space": 3,
            "chunk": bits,
            "data": 8 * axi_bytes,
            "mask": axi_bytes,
        }
    )


class ChunkRead(Signature):
    """In-order reads of aligned chunks of the scratchpad, as the client drives them.

    ``request`` takes the chunk (byte address over the chunk's bytes); each accepted request is
    answered once on ``valid``/``data``, in order, three or more cycles later; an answer cannot be
    refused, so the client asks only for what it has room for.
    """

    def __init__(self, n_bytes: int) -> None:
        bits = isa.ADDRESS_BITS - (n_bytes.bit_length() - 1)
        super().__init__(
            {
                "request": Out(stream.Signature(bits)),
                "valid": In(1),
                "data": In(8 * n_bytes),
            }
        )
