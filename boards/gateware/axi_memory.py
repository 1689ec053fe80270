"""AXI4 in front of a board's memory, and the host's accesses beside it."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.params import Params, log2_exact
from boards.gateware.memory_bus import MemoryBus, command_layout
from hw.axi_lite import OKAY, SLVERR
from hw.interfaces import AXI_ID_BITS, axi_signature
from hw.skid import SkidBuffer

BURSTS = 4  # of each direction that may wait
BEATS = 32  # read beats that are under way or wait for the manager


class AxiMemory(wiring.Component):
    """An AXI4 subordinate whose bursts become commands of a :class:`MemoryBus`, beat by beat.

    Bursts are INCR of full width and do not cross 4096 bytes (hw.interfaces). A direction keeps
    the memory until its burst ends or it must wait; the host's commands go first. A burst beyond
    the memory is answered with SLVERR and touches nothing.

    Members
    -------
    axi : the accelerator's manager.
    host : the host link.
    memory : the memory.
    """

    def __init__(self, params: Params, memory_bytes: int):
        self.params = params
        self.memory_bytes = memory_bytes
        super().__init__(
            {
                "axi": In(axi_signature(params)),
                "host": In(MemoryBus(params, memory_bytes)),
                "memory": Out(MemoryBus(params, memory_bytes)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, axi = self.params, self.axi
        read, read_valid, read_next = self._bursts(
            m, "read", axi.arid, axi.araddr, axi.arlen, axi.arvalid, axi.arready
        )
        write, write_valid, write_next = self._bursts(
            m, "write", axi.awid, axi.awaddr, axi.awlen, axi.awvalid, axi.awready
        )
        beat = data.StructLayout({"data": p.config.axi_data_bits, "mask": p.axi_bytes})
        m.submodules.write_beats = beats = SkidBuffer(beat)
        # Or the host's side would have a say in every beat of the accelerator.
        m.submodules.host_commands = host = SkidBuffer(command_layout(p, self.memory_bytes))
        connect(m, flipped(self.host.commands), host.i)
        m.d.comb += [
            beats.i.payload.data.eq(axi.wdata),
            beats.i.payload.mask.eq(axi.wstrb),
            beats.i.valid.eq(axi.wvalid),
            axi.wready.eq(beats.i.ready),
        ]
        command, ready = self.memory.commands.payload, self.memory.commands.ready
        read_room, response_room = Signal(), Signal()
        may_read, may_write, writing = Signal(), Signal(), Signal()  # writing: writes go first
        do_read, do_write, do_host = Signal(), Signal(), Signal()
        m.d.comb += [
            may_read.eq(read_valid & read_room),
            may_write.eq(write_valid & beats.o.valid & response_room),
            do_host.eq(host.o.valid),
            do_write.eq(~do_host & may_write & (writing | ~may_read)),
            do_read.eq(~do_host & may_read & ~do_write),
        ]
        with m.If(write_next):
            m.d.sync += writing.eq(~write.last)
        with m.If(read_next):
            m.d.sync += writing.eq(read.last)
        m.d.comb += [
            self.memory.commands.valid.eq(
                do_host | (do_write & ~write.refused) | (do_read & ~read.refused)
            ),
            host.o.ready.eq(ready),
            command.beat.eq(Mux(do_write, write.beat, read.beat)),
            command.write.eq(do_write),
            command.data.eq(beats.o.payload.data),
            command.mask.eq(beats.o.payload.mask),
            write_next.eq(do_write & ready),
            read_next.eq(do_read & ready),
            beats.o.ready.eq(write_next),
        ]
        with m.If(do_host):
            m.d.comb += command.eq(host.o.payload)

        self._answers(m, read, read_next, read_room, do_host & ready & ~command.write)
        response = Cat(write.id, write.refused)
        m.submodules.responses = responses = SyncFIFO(width=len(response), depth=2 * BURSTS)
        m.d.sync += response_room.eq(responses.level < BURSTS)  # as of the cycle before
        m.d.comb += [
            responses.w_en.eq(write_next & write.last),
            responses.w_data.eq(response),
            responses.r_en.eq(axi.bready),
            axi.bvalid.eq(responses.r_rdy),
            axi.bid.eq(responses.r_data[:AXI_ID_BITS]),
            axi.bresp.eq(Mux(responses.r_data[AXI_ID_BITS], SLVERR, OKAY)),
        ]
        return m

    def _bursts(self, m: Module, name: str, id_, address, length, valid, ready):
        """The burst under way, whether there is one, and a strobe that moves it on by a beat."""
        p = self.params
        lsb, size = log2_exact(p.axi_bytes), log2_exact(self.memory_bytes)
        layout = data.StructLayout(
            {"id": AXI_ID_BITS, "beat": size - lsb, "more": 8, "refused": 1, "last": 1}
        )
        m.submodules[f"{name}_bursts"] = queue = SyncFIFO(width=layout.size, depth=BURSTS)
        burst = Signal(layout, name=f"{name}_burst")
        active, step = Signal(name=f"{name}_active"), Signal(name=f"{name}_step")
        refused = address[size:].any()
        m.d.comb += [
            queue.w_en.eq(valid),
            ready.eq(queue.w_rdy),
            queue.w_data.eq(Cat(id_, address[lsb:size], length, refused, length == 0)),
            queue.r_en.eq(~active | (step & burst.last)),
        ]
        with m.If(step):
            m.d.sync += [
                burst.beat.eq(burst.beat + 1),
                burst.more.eq(burst.more - 1),
                burst.last.eq(burst.more == 1),
            ]
        with m.If(queue.r_en):
            m.d.sync += [active.eq(queue.r_rdy), burst.eq(queue.r_data)]
        return burst, active, step

    def _answers(self, m: Module, read, issued, room, host_issued) -> None:
        """Give each answer of the memory to who asked for it."""
        p, axi = self.params, self.axi
        asked = data.StructLayout({"id": AXI_ID_BITS, "last": 1, "refused": 1, "host": 1})
        host_depth = 2  # the link asks for one word at a time
        m.submodules.asked = queue = SyncFIFO(width=asked.size, depth=BEATS + host_depth)
        m.submodules.beats = beats = SyncFIFOBuffered(
            width=p.config.axi_data_bits + AXI_ID_BITS + 2, depth=BEATS
        )
        credits = Signal(range(BEATS + 1), init=BEATS)
        some = Signal()  # credits, even if one was taken in the cycle before
        alone = Signal()  # no answer is under way
        leaves = axi.rvalid & axi.rready
        m.d.sync += [
            credits.eq(credits - issued + leaves),
            some.eq(credits > 1),
            alone.eq(~queue.r_rdy & ~issued & ~host_issued),
        ]
        oldest = asked(queue.r_data)
        arrives = Signal()
        m.d.comb += [
            # A refused beat has no answer of its own: it must not let others overtake theirs.
            room.eq(some & (alone | ~read.refused)),
            queue.w_en.eq(issued | host_issued),
            queue.w_data.eq(Cat(read.id, read.last, read.refused & ~host_issued, host_issued)),
            arrives.eq(queue.r_rdy & (oldest.refused | self.memory.valid)),
            queue.r_en.eq(arrives),
            beats.w_en.eq(arrives & ~oldest.host),
            beats.w_data.eq(Cat(self.memory.data, oldest.id, oldest.last, oldest.refused)),
            beats.r_en.eq(axi.rready),
            axi.rvalid.eq(beats.r_rdy),
            Cat(axi.rdata, axi.rid, axi.rlast, axi.rresp[1]).eq(beats.r_data),
            self.host.valid.eq(arrives & oldest.host),
            self.host.data.eq(self.memory.data),
        ]
