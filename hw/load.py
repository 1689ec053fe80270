"""The load engine: copies rows from external memory, or a fill byte, to the on-chip memories."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import ADDRESS_BITS, N_REGIONS, Cause, Opcode, Space
from arch.params import Params, log2_exact
from hw.align import Align
from hw.banks import hits_of, load_hits_bits
from hw.dma_rows import DmaRows
from hw.interfaces import (
    EngineStatus,
    ReadRequest,
    chip_write_layout,
    command_signature,
    completed_layout,
    request_layout,
)
from hw.skid import SkidBuffer

MIN_ROWS = 4  # that wait for their data; fewer would not be full rate


class Load(wiring.Component):
    """Executes LOAD commands in order; the requests of a command overlap the data of the last one.

    One chunk a cycle; a row takes two cycles or more, and one cycle more than it has beats if its
    bytes move to lower lanes.

    Members
    -------
    commands, completed : see :class:`hw.command_port.CommandPort`.
    status : ``completed`` when the command's last chunk has been taken. Errors are those of
        arch.decode.config_cause (address 0), RANGE (the first on-chip address outside), REGION and
        BUS (the offset; ``info`` is the region). Everything before the error has been written.
    memory : external memory; several requests are open at a time.
    writes : aligned chunks, a register. Numbers of chunks of the weight memory are to be taken
        modulo its size.
    hits : hw.banks.hits_of the chunk on ``writes``, a register.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "memory": Out(ReadRequest(params)),
                "writes": Out(stream.Signature(chip_write_layout(params))),
                "hits": Out(load_hits_bits(params)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        lane_bits = log2_exact(p.axi_bytes)
        tag = data.StructLayout(
            {"space": len(Space).bit_length(), "region": range(N_REGIONS), "ends_command": 1}
        )
        max_rows = max(MIN_ROWS, p.config.dma_outstanding)
        m.submodules.rows = rows = DmaRows(p, Opcode.LOAD)
        m.submodules.align = align = Align(
            p.axi_bytes,
            ADDRESS_BITS - lane_bits,
            tag,
            max_rows,
            decode=lambda chunk: hits_of(p, chunk, p.axi_bytes),
        )
        connect(m, flipped(self.commands), rows.commands)
        m.d.comb += rows.completed.eq(self.completed)

        # Hand a row to both sides at once.
        request, row, job = self.memory.request, rows.rows.payload, align.rows.payload
        m.submodules.requests = requests = SkidBuffer(request_layout())
        connect(m, requests.o, flipped(request))
        d, e = row.chip[:lane_bits], row.external[:lane_bits]
        m.d.comb += [
            rows.rows.ready.eq(align.rows.ready & requests.i.ready),
            align.rows.valid.eq(rows.rows.valid & requests.i.ready),
            job.rotate.eq(Mux(row.fill, 0, d - e)),
            job.prime.eq((d < e) & ~row.fill),
            job.first.eq(d),
            job.last.eq(row.chip_end),
            job.chunk.eq(row.chip[lane_bits:]),
            job.more.eq(row.chip_end[lane_bits:]),
            job.fill.eq(row.fill),
            job.value.eq(row.value),
            job.tag.space.eq(row.space),
            job.tag.region.eq(row.region),
            job.tag.ends_command.eq(row.last),
        ]
        handed = rows.rows.valid & rows.rows.ready
        m.d.comb += [
            requests.i.valid.eq(handed & ~row.fill),
            requests.i.payload.region.eq(row.region),
            requests.i.payload.offset.eq(row.external),
            requests.i.payload.length.eq(row.length),
        ]

        chunk = align.o.payload
        m.d.comb += [
            self.writes.valid.eq(align.o.valid),
            align.o.ready.eq(self.writes.ready),
            self.writes.payload.space.eq(chunk.tag.space),
            self.writes.payload.chunk.eq(chunk.chunk),
            self.writes.payload.data.eq(chunk.data),
            self.writes.payload.mask.eq(chunk.mask),
            self.hits.eq(chunk.decoded),
        ]
        row_done = align.o.valid & align.o.ready & chunk.last
        rows_open = Signal(range(max_rows + 5))  # in the queue, at work, and on the way out
        m.d.sync += [
            rows_open.eq(rows_open + handed - row_done),
            self.status.completed.eq(row_done & chunk.tag.ends_command),
        ]
        m.d.comb += rows.idle.eq((rows_open == 0) & ~self.status.completed)
        self._beats(m, rows, align)
        return m

    def _beats(self, m: Module, rows: DmaRows, align: Align) -> None:
        """Feed the aligner, or end the program with the error that came instead of data."""
        beats = self.memory.beats
        dead = Signal()  # since an error; silent until a reset, but the bus must go on
        good = beats.payload.cause == Cause.NONE
        failed = beats.valid & ~good & align.awaiting & ~dead
        m.d.comb += [
            align.i.valid.eq(beats.valid & good & ~dead),
            align.i.payload.eq(beats.payload.data),
            beats.ready.eq(dead | failed | (good & align.i.ready)),
            rows.stop.eq(dead),
            self.status.busy.eq((rows.working | ~rows.idle) & ~dead),
            self.status.waiting.eq(rows.waiting & rows.idle & ~dead),
        ]
        m.d.sync += self.status.error.eq(failed | rows.failed)
        with m.If(failed):
            m.d.sync += [
                dead.eq(1),
                self.status.cause.eq(beats.payload.cause),
                self.status.address.eq(beats.payload.address),
                self.status.info.eq(align.current.region),
            ]
        with m.Elif(rows.failed):
            m.d.sync += [
                dead.eq(1),
                self.status.cause.eq(rows.cause),
                self.status.address.eq(rows.address),
                self.status.info.eq(rows.info),
            ]
