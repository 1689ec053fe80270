"""Takes the core's loads and stores to where their addresses are."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, Signature

from arch.memory_map import DMEM_BASE, MMIO_BASE, SCRATCHPAD_BASE, WINDOW_BASE, WINDOW_BYTES, Mmio
from arch.params import Params, log2_exact
from hw.core.bus import DataBus
from hw.core.memories import WORD_BYTES, MemoryPort
from hw.interfaces import ChunkRead, ReadRequest, WriteRequest
from hw.scratchpad import CORE_BYTES, chunk_store_layout

REGISTER_BITS = (max(Mmio) // 4).bit_length()


class MailboxAccess(Signature):
    """Reads and writes of the registers in arch.memory_map.Mmio, as the core's bus drives them.

    Members
    -------
    valid : an access is wanted; it stays until it is taken.
    write, register, wdata : what is wanted; register is the offset over 4.
    ready : the access is taken, and ``rdata`` is what it reads.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "write": Out(1),
                "register": Out(REGISTER_BITS),
                "wdata": Out(32),
                "ready": In(1),
                "rdata": In(32),
            }
        )


class CoreBus(wiring.Component):
    """The data memory in one cycle; the scratchpad, external memory and the mailbox behind it.

    One access at a time. Latency in cycles from acceptance to the answer: data memory and stores
    to the scratchpad 1, mailbox 2, loads from the scratchpad 4, external memory that of the bus. A
    store to the scratchpad is answered before it is written, but every other access than to the
    data memory waits for it.
    Everything that cannot be done is an access fault of the instruction itself: addresses outside
    all memories, regions without permission, errors of the bus.

    Members
    -------
    core : the core's data bus.
    memory : the data memory; ``memory_taken``: not in this cycle.
    mailbox : the registers.
    scratchpad_read, scratchpad_write : the scratchpad.
    external_read, external_write : regions of external memory.
    cancel : the core was reset: forget an access to the mailbox. Others come to their end.
    idle : no access is under way.
    """

    def __init__(self, params: Params):
        core = params.config.core
        assert core != "none"
        self.params = params
        self.dmem_bits = log2_exact(core.dmem_kib * 1024)
        word_bits = self.dmem_bits - log2_exact(WORD_BYTES)
        super().__init__(
            {
                "core": In(DataBus()),
                "memory": Out(MemoryPort(word_bits)),
                "memory_taken": In(1),
                "mailbox": Out(MailboxAccess()),
                "scratchpad_read": Out(ChunkRead(CORE_BYTES)),
                "scratchpad_write": Out(stream.Signature(chunk_store_layout(params, CORE_BYTES))),
                "external_read": Out(ReadRequest(params)),
                "external_write": Out(WriteRequest(params)),
                "cancel": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        core = self.core
        accepted = Signal()
        in_memory = self._inside(core.address, DMEM_BASE, self.dmem_bits)
        m.d.comb += [
            core.ready.eq(~self.memory_taken),
            accepted.eq(core.valid & core.ready),
            self.memory.word.eq(core.address[2:]),
            self.memory.read.eq(core.valid & ~core.write),
            self.memory.strobe.eq(core.strobe & (accepted & core.write & in_memory).replicate(4)),
            self.memory.wdata.eq(core.wdata),
        ]

        # The access that waits for its answer.
        valid, write, address = Signal(), Signal(), Signal(32)
        strobe, wdata = Signal(4), Signal(32)
        memory, scratchpad, mailbox, external = Signal(), Signal(), Signal(), Signal()
        scratchpad_bits = log2_exact(self.params.scratchpad_bytes)
        with m.If(accepted):
            m.d.sync += [
                write.eq(core.write),
                address.eq(core.address),
                strobe.eq(core.strobe),
                wdata.eq(core.wdata),
                memory.eq(in_memory),
                scratchpad.eq(self._inside(core.address, SCRATCHPAD_BASE, scratchpad_bits)),
                mailbox.eq(self._inside(core.address, MMIO_BASE, REGISTER_BITS + 2)),
                external.eq(core.address >= WINDOW_BASE),
            ]
        nowhere = ~(memory | scratchpad | mailbox | external)

        # A store to the scratchpad on its way.
        posted = self.scratchpad_write
        free = ~posted.valid
        with m.If(posted.ready):
            m.d.sync += posted.valid.eq(0)
        with m.If(valid & scratchpad & write & free):
            m.d.sync += [
                posted.valid.eq(1),
                posted.payload.chunk.eq(address[2:]),
                posted.payload.data.eq(wdata),
                posted.payload.mask.eq(strobe),
            ]

        slow, answered, fault = Signal(32), Signal(), Signal()
        self._read_scratchpad(m, valid & scratchpad & ~write & free, address)
        done, failed, read_word = self._access_external(
            m, valid & external & free, write, address, strobe, wdata
        )
        m.d.comb += [
            self.mailbox.valid.eq(valid & mailbox & free),
            self.mailbox.write.eq(write),
            self.mailbox.register.eq(address[2:]),
            self.mailbox.wdata.eq(wdata),
            slow.eq(
                Mux(
                    mailbox, self.mailbox.rdata, Mux(external, read_word, self.scratchpad_read.data)
                )
            ),
            fault.eq(nowhere | failed),
            answered.eq(
                memory
                | nowhere
                | (mailbox & free & self.mailbox.ready)
                | (scratchpad & Mux(write, free, self.scratchpad_read.valid))
                | done
            ),
            core.rvalid.eq(valid & answered),
            core.error.eq(fault),
            core.rdata.eq(Mux(memory, self.memory.rdata, slow)),
            self.idle.eq(~valid & free),
        ]
        with m.If(accepted):
            m.d.sync += valid.eq(1)
        with m.Elif(answered | (self.cancel & mailbox)):
            m.d.sync += valid.eq(0)
        return m

    def _inside(self, address: Value, base: int, bits: int) -> Value:
        return address[bits:] == base >> bits

    def _read_scratchpad(self, m: Module, wanted: Value, address: Value) -> None:
        port, sent = self.scratchpad_read, Signal(name="scratchpad_sent")
        m.d.comb += [
            port.request.valid.eq(wanted & ~sent),
            port.request.payload.eq(address[2:]),
        ]
        with m.If(port.valid):
            m.d.sync += sent.eq(0)
        with m.Elif(port.request.valid & port.request.ready):
            m.d.sync += sent.eq(1)

    def _access_external(
        self, m: Module, wanted: Value, write: Value, address: Value, strobe: Value, wdata: Value
    ) -> tuple[Signal, Signal, Signal]:
        """Whether an access is done, whether it failed, and the word that it read."""
        read, store = self.external_read, self.external_write
        lane_bits = log2_exact(self.params.axi_bytes)
        n_lanes = self.params.axi_bytes // WORD_BYTES
        lane = address[2:lane_bits] if n_lanes > 1 else 0
        requested, sent = Signal(name="external_requested"), Signal(name="external_sent")
        done, failed = Signal(name="external_done"), Signal(name="external_failed")
        got, word = Signal(name="external_got"), Signal(32, name="external_word")
        two = ~strobe.all() & ~strobe.xor()
        length = Cat(strobe.xor(), two, strobe.all())  # one, two or four bytes
        for request in (read.request, store.request):
            m.d.comb += [
                request.payload.region.eq(address[log2_exact(WINDOW_BYTES) :]),
                request.payload.offset.eq(address[: log2_exact(WINDOW_BYTES)]),
                request.payload.length.eq(length),
            ]
        m.d.comb += [
            read.request.valid.eq(wanted & ~write & ~requested),
            read.beats.ready.eq(1),
            store.request.valid.eq(wanted & write & ~requested),
            store.beats.valid.eq(wanted & write & ~sent),
            store.beats.payload.data.eq(wdata.replicate(n_lanes)),
            store.beats.payload.strobe.eq(strobe << (lane << 2) if n_lanes > 1 else strobe),
        ]
        ended = Mux(write, store.done, read.beats.valid)
        cause = Mux(write, store.cause, read.beats.payload.cause)
        with m.If(ended):
            m.d.sync += [
                got.eq(1),
                failed.eq(cause.any()),
                word.eq(read.beats.payload.data.word_select(lane, 32)),
            ]
        taken = Mux(write, store.request.ready, read.request.ready)
        # A write that is refused may end before its beat was taken.
        m.d.comb += done.eq(got & (sent | ~write))
        with m.If(done):
            m.d.sync += [requested.eq(0), sent.eq(0), got.eq(0), failed.eq(0)]
        with m.Elif(wanted):
            m.d.sync += [requested.eq(requested | taken), sent.eq(sent | store.beats.ready)]
        return done, failed, word
