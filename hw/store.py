"""The store engine: copies rows from the scratchpad to external memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import ADDRESS_BITS, N_REGIONS, Cause, Opcode
from arch.params import Params, log2_exact
from hw.align import Align
from hw.dma_rows import DmaRows
from hw.interfaces import (
    ChunkRead,
    EngineStatus,
    WriteRequest,
    command_signature,
    completed_layout,
    request_layout,
)
from hw.skid import SkidBuffer

MIN_ROWS = 4  # under way at once; fewer would not be full rate
BUFFER_CHUNKS = 8  # a scratchpad read takes three cycles or more, and two to pass the buffer


class Store(wiring.Component):
    """Executes STORE commands in order; a command overlaps the bus's answers to the last one.

    One beat a cycle; a row takes two cycles or more, and one cycle more than it has chunks if its
    bytes move to lower lanes.

    Members
    -------
    commands, completed : see :class:`hw.command_port.CommandPort`.
    status : ``completed`` when the bus has confirmed the command's last byte. Errors as of
        :class:`hw.load.Load`; rows behind the one that failed may have been written.
    scratchpad : its chunks; at most as many reads are open as the buffer has room for.
    memory : external memory; several requests are open at a time.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "scratchpad": Out(ChunkRead(params.axi_bytes)),
                "memory": Out(WriteRequest(params)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        lane_bits = log2_exact(p.axi_bytes)
        chunk_bits = ADDRESS_BITS - lane_bits
        max_rows = max(MIN_ROWS, p.config.dma_outstanding)
        open_layout = data.StructLayout({"region": range(N_REGIONS), "ends_command": 1})
        m.submodules.rows = rows = DmaRows(p, Opcode.STORE)
        m.submodules.align = align = Align(p.axi_bytes, chunk_bits, 0, max_rows)
        m.submodules.open = opened = SyncFIFOBuffered(width=open_layout.size, depth=max_rows)
        connect(m, flipped(self.commands), rows.commands)
        m.d.comb += rows.completed.eq(self.completed)

        # Hand a row to all sides at once.
        request, row, job = self.memory.request, rows.rows.payload, align.rows.payload
        dead = Signal()  # since an error; silent until a reset
        take, reader_free = Signal(), self._read(m, rows, align, dead)
        d, e = row.external[:lane_bits], row.chip[:lane_bits]
        m.submodules.requests = requests = SkidBuffer(request_layout())
        connect(m, requests.o, flipped(request))
        m.d.comb += [
            take.eq(align.rows.ready & opened.w_rdy & reader_free & requests.i.ready),
            rows.rows.ready.eq(take),
            align.rows.valid.eq(rows.rows.valid & take),
            opened.w_en.eq(rows.rows.valid & take),
            opened.w_data.eq(Cat(row.region, row.last)),
            job.rotate.eq(d - e),
            job.prime.eq(d < e),
            job.first.eq(d),
            job.last.eq(row.external_end),
            job.more.eq(row.external_end[lane_bits:]),
        ]
        m.d.comb += [
            requests.i.valid.eq(rows.rows.valid & take),
            requests.i.payload.region.eq(row.region),
            requests.i.payload.offset.eq(row.external),
            requests.i.payload.length.eq(row.length),
            self.memory.beats.valid.eq(align.o.valid),
            align.o.ready.eq(self.memory.beats.ready),
            self.memory.beats.payload.data.eq(align.o.payload.data),
            self.memory.beats.payload.strobe.eq(align.o.payload.mask),
        ]
        self._finish(m, rows, opened, open_layout, dead)
        return m

    def _read(self, m: Module, rows: DmaRows, align: Align, dead: Signal) -> Signal:
        """Read the chunks of a row ahead of their use; true while the next row may come."""
        chunk_bits = align.row_layout["chunk"].width
        lane_bits = ADDRESS_BITS - chunk_bits
        port, row = self.scratchpad, rows.rows.payload
        m.submodules.buffer = buffer = SyncFIFOBuffered(width=len(port.data), depth=BUFFER_CHUNKS)
        # Who else wants the banks must not decide when the next row comes.
        m.submodules.chunks = chunks = SkidBuffer(chunk_bits)
        connect(m, chunks.o, flipped(port.request))
        active, chunk, more = Signal(), Signal(chunk_bits), Signal(chunk_bits + 1)
        room = Signal(range(BUFFER_CHUNKS + 1), init=BUFFER_CHUNKS)
        # Bits of their own, because the next row hangs on them: more is 0; room is not.
        last, some_room = Signal(), Signal(init=1)
        asked, used, free = Signal(), Signal(), Signal()
        m.d.comb += [
            chunks.i.valid.eq(active & some_room),
            chunks.i.payload.eq(chunk),
            asked.eq(chunks.i.valid & chunks.i.ready),
            free.eq(~active | (asked & last)),
            buffer.w_en.eq(port.valid),
            buffer.w_data.eq(port.data),
            align.i.valid.eq(buffer.r_rdy & ~dead),
            align.i.payload.eq(buffer.r_data),
            buffer.r_en.eq(align.i.ready & ~dead),
            used.eq(buffer.r_en & buffer.r_rdy),
        ]
        m.d.sync += room.eq(room - asked + used)
        with m.If(used):
            m.d.sync += some_room.eq(1)
        with m.Elif(asked):
            m.d.sync += some_room.eq(room != 1)
        with m.If(asked):
            m.d.sync += [chunk.eq(chunk + 1), more.eq(more - 1), last.eq(more == 1)]
        with m.If(free):
            m.d.sync += active.eq(rows.rows.valid & rows.rows.ready)
        with m.If(rows.rows.valid & rows.rows.ready):
            m.d.sync += [
                chunk.eq(row.chip[lane_bits:]),
                more.eq(row.chip_end[lane_bits:]),
                last.eq(row.chip_end[lane_bits:] == 0),
            ]
        return free

    def _finish(
        self,
        m: Module,
        rows: DmaRows,
        opened: SyncFIFOBuffered,
        open_layout: data.StructLayout,
        dead: Signal,
    ) -> None:
        """Complete a command with its last row, or end the program with the first error."""
        oldest = open_layout(opened.r_data)
        done = self.memory.done & ~dead
        failed = done & (self.memory.cause != Cause.NONE)
        m.d.comb += [
            opened.r_en.eq(self.memory.done),
            rows.stop.eq(dead),
            rows.idle.eq((opened.level == 0) & ~self.status.completed),
            self.status.busy.eq((rows.working | ~rows.idle) & ~dead),
            self.status.waiting.eq(rows.waiting & rows.idle & ~dead),
        ]
        m.d.sync += [
            self.status.completed.eq(done & ~failed & oldest.ends_command),
            self.status.error.eq(failed | rows.failed),
        ]
        with m.If(failed):
            m.d.sync += [
                dead.eq(1),
                self.status.cause.eq(self.memory.cause),
                self.status.address.eq(self.memory.address),
                self.status.info.eq(oldest.region),
            ]
        with m.Elif(rows.failed):
            m.d.sync += [
                dead.eq(1),
                self.status.cause.eq(rows.cause),
                self.status.address.eq(rows.address),
                self.status.info.eq(rows.info),
            ]
