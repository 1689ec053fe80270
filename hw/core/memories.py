"""The core's own memories, and the load engine's way into them."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, Signature

from arch.isa import Space
from arch.params import Params, log2_exact
from hw.core.bus import InstructionBus
from hw.interfaces import chip_write_layout

WORD_BYTES = 4


class MemoryPort(Signature):
    """One access a cycle to the data memory, as the core's bus drives it.

    Members
    -------
    word : number of the word.
    read : read it; ``rdata`` holds it in the next cycle.
    strobe, wdata : bytes that are written.
    """

    def __init__(self, word_bits: int) -> None:
        super().__init__(
            {
                "word": Out(word_bits),
                "read": Out(1),
                "strobe": Out(4),
                "wdata": Out(32),
                "rdata": In(32),
            }
        )


class CoreMemories(wiring.Component):
    """IMEM, from which the core fetches, and DMEM, which it reads and writes in one cycle.

    Parameters
    ----------
    params : with a core.

    Members
    -------
    fetch : the core's instruction bus; addresses outside IMEM are errors.
    data : the core's port to DMEM.
    taken : in this cycle DMEM is the load engine's and ``data`` must be idle; a register.
    exclusive : the core makes no accesses; writes do not leave every second cycle to it.
    writes : chunks for IMEM and DMEM, written a word of four bytes at a time; a chunk is taken
        when its last word is written. The load engine has refused those outside already.
    """

    def __init__(self, params: Params):
        core = params.config.core
        assert core != "none"
        self.params = params
        self.imem_bytes, self.dmem_bytes = core.imem_kib * 1024, core.dmem_kib * 1024
        super().__init__(
            {
                "fetch": In(InstructionBus()),
                "data": In(MemoryPort(log2_exact(self.dmem_bytes // WORD_BYTES))),
                "taken": Out(1),
                "exclusive": In(1),
                "writes": In(stream.Signature(chip_write_layout(params))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        # Without the attribute Yosys adds logic for a read and a write of one word in one cycle,
        # which only a program can ask for that replaces what is in use.
        attrs = {"no_rw_check": 1}
        imem_words, dmem_words = self.imem_bytes // WORD_BYTES, self.dmem_bytes // WORD_BYTES
        m.submodules.imem = imem = Memory(shape=32, depth=imem_words, init=[], attrs=attrs)
        m.submodules.dmem = dmem = Memory(shape=32, depth=dmem_words, init=[], attrs=attrs)

        fetch_port = imem.read_port()
        imem_bits = log2_exact(self.imem_bytes)
        above = Signal(32 - imem_bits)
        m.d.sync += above.eq(self.fetch.address[imem_bits:])
        m.d.comb += [
            # In every cycle, because whether a fetch is wanted is known late.
            fetch_port.addr.eq(self.fetch.address[2:]),
            self.fetch.rdata.eq(fetch_port.data),
            self.fetch.error.eq(above.any()),
        ]

        chunk = self.writes.payload
        words_per_chunk = self.params.axi_bytes // WORD_BYTES
        index, last, turn = Signal(range(max(words_per_chunk, 2))), Signal(), Signal()
        here = chunk.space == Space.DMEM
        number = (
            Cat(index[: log2_exact(words_per_chunk)], chunk.chunk)
            if words_per_chunk > 1
            else chunk.chunk
        )
        m.d.comb += [
            last.eq(index == words_per_chunk - 1),
            turn.eq(self.writes.valid & (self.taken | ~here)),
            self.writes.ready.eq(turn & last),
        ]
        m.d.sync += self.taken.eq(
            self.writes.valid & here & ~(turn & last) & (~self.taken | self.exclusive)
        )
        with m.If(turn):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        data, mask = chunk.data.word_select(index, 32), chunk.mask.word_select(index, 4)
        imem_write, dmem_write = imem.write_port(granularity=8), dmem.write_port(granularity=8)
        m.d.comb += [
            imem_write.addr.eq(number),
            imem_write.data.eq(data),
            imem_write.en.eq(Mux(self.writes.valid & ~here, mask, 0)),
        ]

        read = dmem.read_port()
        m.d.comb += [
            read.addr.eq(self.data.word),
            read.en.eq(self.data.read),
            self.data.rdata.eq(read.data),
            dmem_write.addr.eq(Mux(self.taken, number, self.data.word)),
            dmem_write.data.eq(Mux(self.taken, data, self.data.wdata)),
            dmem_write.en.eq(Mux(self.taken, mask, self.data.strobe)),
        ]
        return m
