"""The integer registers."""

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class RegisterFile(wiring.Component):
    """32 registers of 32 bits, two asynchronous read ports and one write port, in LUT memory.

    x0 holds zero because nothing writes it. Reads do not see a write of the same cycle. Reset
    keeps the contents.

    Members
    -------
    rs1, rs2 : numbers of the registers that are read.
    rs1_data, rs2_data : their contents, combinational.
    write, rd, rd_data : write ``rd``, which is not 0.
    """

    rs1: In(5)
    rs2: In(5)
    rs1_data: Out(32)
    rs2_data: Out(32)
    write: In(1)
    rd: In(5)
    rd_data: In(32)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.registers = registers = Memory(shape=32, depth=32, init=[])
        read1 = registers.read_port(domain="comb")
        read2 = registers.read_port(domain="comb")
        write = registers.write_port()
        m.d.comb += [
            read1.addr.eq(self.rs1),
            read2.addr.eq(self.rs2),
            self.rs1_data.eq(read1.data),
            self.rs2_data.eq(read2.data),
            write.addr.eq(self.rd),
            write.data.eq(self.rd_data),
            write.en.eq(self.write),
        ]
        return m
