"""The processor's memories: its code, the data that it shares with the host, and on-chip RAM."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Elaboratable, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.params import log2_exact
from arch.scalar import DATA_BYTES
from hw.core.memories import MemoryPort

BYTE_BITS = 8


class CodeRom(wiring.Component):
    """Instructions.

    Parameters
    ----------
    n_bytes : its size.
    code : its first words; the others are zero.
    """

    def __init__(self, n_bytes: int, code: Sequence[int]):
        self.n_words = n_bytes // 4
        self.code = list(code)
        bits = (self.n_words - 1).bit_length()
        super().__init__({"fetch": In(1), "word": In(bits), "instruction": Out(32)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.rom = rom = Memory(shape=32, depth=self.n_words, init=self.code)
        read = rom.read_port()
        m.d.comb += [
            read.addr.eq(self.word),
            read.en.eq(self.fetch),
            self.instruction.eq(read.data),
        ]
        return m


class Ram(wiring.Component):
    """Words of 32 bits with one port, so that single-port RAM will do where an FPGA has it.

    Parameters
    ----------
    n_words : a power of two.
    init : the first of them; single-port RAM has none.
    """

    def __init__(self, n_words: int, init: Sequence[int] = ()):
        self.n_words = n_words
        self.init = list(init)
        super().__init__({"port": In(MemoryPort(log2_exact(n_words)))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        port = self.port
        m.submodules.ram = ram = Memory(
            shape=32, depth=self.n_words, init=self.init, attrs={"no_rw_check": 1}
        )
        read, write = ram.read_port(), ram.write_port(granularity=BYTE_BITS)
        m.d.comb += [
            read.addr.eq(port.word),
            read.en.eq(port.read & ~port.strobe.any()),
            write.addr.eq(port.word),
            write.data.eq(port.wdata),
            write.en.eq(port.strobe),
            port.rdata.eq(read.data),
        ]
        return m


DATA_WORD_BITS = log2_exact(DATA_BYTES) - 2


class SharedData(wiring.Component):
    """The processor's data, in which the host's registers are; the host's accesses go first.

    Parameters
    ----------
    init : words from address 0 on.

    Members
    -------
    host, host_valid : the host's port, and whether it makes an access.
    cpu : the processor's, which counts in cycles without the host's.
    """

    def __init__(self, init: Sequence[int]):
        self.init = init
        super().__init__(
            {
                "host": In(MemoryPort(DATA_WORD_BITS)),
                "host_valid": In(1),
                "cpu": In(MemoryPort(DATA_WORD_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.ram = ram = Ram(DATA_BYTES // 4, self.init)
        for name in ("word", "read", "strobe", "wdata"):
            ours, theirs = getattr(self.host, name), getattr(self.cpu, name)
            m.d.comb += getattr(ram.port, name).eq(Mux(self.host_valid, ours, theirs))
        m.d.comb += [self.host.rdata.eq(ram.port.rdata), self.cpu.rdata.eq(ram.port.rdata)]
        return m
