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
    to the scratchpad 1, mailbox 3, loads from the scratchpad 5, external memory that of the bus
    and 2. A store to the scratchpad is answered before it is written, but every other access than
    to the data memory waits for it.
    Everything that cannot be done is an access fault of the instruction itself: addresses outside
    all memories, regions without permission, errors of the bus.

    Members
    -------
    core : the core's data bus.
    memory : the data memory; ``memory_taken``: not in this cycle.
    mailbox : the registers.
    scratchpad_read, scratchpad_write : the scratchpad.
    external_read, external_write : regions of external memory.
    cancel : the core is in reset: accept nothing and forget an access to the mailbox. Others come
        to their end.
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
        scratchpad_bits = log2_exact(self.params.scratchpad_bytes)
        in_scratchpad = self._inside(core.address, SCRATCHPAD_BASE, scratchpad_bits)
        m.d.comb += [
            core.ready.eq(~self.memory_taken),
            accepted.eq(core.valid & core.ready & ~self.cancel),
            self.memory.word.eq(core.address[2:]),
            self.memory.read.eq(~core.write),
            self.memory.strobe.eq(core.strobe & (accepted & core.write & in_memory).replicate(4)),
            self.memory.wdata.eq(core.wdata),
        ]

        # The access that waits for its answer. The core wants no other one meanwhile, so the
        # registers that describe it need not know whether one was accepted, which is known late.
        valid, write, address = Signal(), Signal(), Signal(32)
        strobe, wdata = Signal(4), Signal(32)
        memory, scratchpad, mailbox, external = Signal(), Signal(), Signal(), Signal()
        with m.If(~valid | core.rvalid):
            m.d.sync += [
                write.eq(core.write),
                address.eq(core.address),
                strobe.eq(core.strobe),
                wdata.eq(core.wdata),
                memory.eq(in_memory),
                scratchpad.eq(in_scratchpad),
                mailbox.eq(self._inside(core.address, MMIO_BASE, REGISTER_BITS + 2)),
                external.eq(core.address >= WINDOW_BASE),
            ]
        nowhere = ~(memory | scratchpad | mailbox | external)
        waits = valid & ~core.rvalid

        # A store to the scratchpad on its way.
        posted = self.scratchpad_write
        free, clear = ~posted.valid, Signal()
        with m.If(posted.ready):
            m.d.sync += posted.valid.eq(0)
        with m.If(valid & scratchpad & write & free):
            m.d.sync += [
                posted.valid.eq(1),
                posted.payload.chunk.eq(address[2:]),
                posted.payload.data.eq(wdata),
                posted.payload.mask.eq(strobe),
            ]
        m.d.comb += clear.eq(free & ~(valid & scratchpad & write))

        self._read_scratchpad(
            m, accepted & in_scratchpad & ~core.write & clear, waits & scratchpad & ~write & free
        )
        external_done, failed, read_word = self._access_external(
            m, waits & external & free, write, address, strobe, wdata
        )
        slow, done = Signal(32), Signal()
        m.d.comb += [
            self.scratchpad_read.request.payload.eq(address[2:]),
            self.mailbox.valid.eq(waits & mailbox & free),
            self.mailbox.write.eq(write),
            self.mailbox.register.eq(address[2:]),
            self.mailbox.wdata.eq(wdata),
            # Of all but the accesses that are answered at once.
            done.eq(
                waits
                & (
                    nowhere
                    | (mailbox & free & self.mailbox.ready)
                    | (scratchpad & Mux(write, free, self.scratchpad_read.valid))
                    | external_done
                )
            ),
            core.rdata.eq(Mux(memory, self.memory.rdata, slow)),
            self.idle.eq(~valid & free),
        ]
        # Registers: the core's whole pipeline hangs on whether an access is answered.
        at_once = in_memory | (in_scratchpad & core.write & clear)
        m.d.sync += [
            core.rvalid.eq((accepted & at_once) | done),
            core.error.eq(waits & (nowhere | failed)),
            slow.eq(
                Mux(
                    mailbox, self.mailbox.rdata, Mux(external, read_word, self.scratchpad_read.data)
                )
            ),
        ]
        with m.If(accepted):
            m.d.sync += valid.eq(1)
        with m.Elif(core.rvalid | (self.cancel & mailbox)):
            m.d.sync += valid.eq(0)
        return m

    def _inside(self, address: Value, base: int, bits: int) -> Value:
        return address[bits:] == base >> bits

    def _read_scratchpad(self, m: Module, at_once: Value, wanted: Value) -> None:
        """Ask with the acceptance of the load where nothing is in its way, else later."""
        request, asked = self.scratchpad_read.request, Signal(name="scratchpad_asked")
        with m.If(request.ready):
            m.d.sync += request.valid.eq(0)
        with m.If(self.scratchpad_read.valid):
            m.d.sync += asked.eq(0)
        with m.If(at_once | (wanted & ~asked)):
            m.d.sync += [request.valid.eq(1), asked.eq(1)]

    def _access_external(
        self, m: Module, wanted: Value, write: Value, address: Value, strobe: Value, wdata: Value
    ) -> tuple[Signal, Signal, Signal]:
        """Whether an access is done, and then whether it failed, and the word that it read."""
        read, store = self.external_read, self.external_write
        lane_bits = log2_exact(self.params.axi_bytes)
        n_lanes = self.params.axi_bytes // WORD_BYTES
        lane = address[2:lane_bits] if n_lanes > 1 else 0
        asked, got = Signal(name="external_asked"), Signal(name="external_got")
        done, failed = Signal(name="external_done"), Signal(name="external_failed")
        word = Signal(32, name="external_word")
        two = ~strobe.all() & ~strobe.xor()
        length = Cat(strobe.xor(), two, strobe.all())  # one, two or four bytes
        for request in (read.request, store.request):
            m.d.comb += [
                request.payload.region.eq(address[log2_exact(WINDOW_BYTES) :]),
                request.payload.offset.eq(address[: log2_exact(WINDOW_BYTES)]),
                request.payload.length.eq(length),
            ]
        m.d.comb += [
            read.beats.ready.eq(1),
            store.beats.payload.data.eq(wdata.replicate(n_lanes)),
            store.beats.payload.strobe.eq(strobe << (lane << 2) if n_lanes > 1 else strobe),
        ]
        ask = wanted & ~asked
        for way, starts in (
            (read.request, ask & ~write),
            (store.request, ask & write),
            (store.beats, ask & write),
        ):
            with m.If(starts):
                m.d.sync += way.valid.eq(1)
            with m.Elif(way.ready):
                m.d.sync += way.valid.eq(0)
        cause = Mux(write, store.cause, read.beats.payload.cause)
        with m.If(Mux(write, store.done, read.beats.valid)):
            m.d.sync += [
                got.eq(1),
                failed.eq(cause.any()),
                word.eq(read.beats.payload.data.word_select(lane, 32)),
            ]
        # A write that is refused may end before its beat was taken.
        m.d.comb += done.eq(got & ~store.beats.valid)
        with m.If(done):
            m.d.sync += [asked.eq(0), got.eq(0), failed.eq(0)]
        with m.Elif(ask):
            m.d.sync += asked.eq(1)
        return done, failed, word
