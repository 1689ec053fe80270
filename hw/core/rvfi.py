"""The RISC-V Formal Interface: one report for each instruction that leaves the pipeline."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, Signature

from hw.core.csr import MACHINE_MODE
from hw.core.stage import Stage

RVFI = {
    "valid": 1,
    "order": 64,
    "insn": 32,
    "trap": 1,
    "halt": 1,
    "intr": 1,
    "mode": 2,
    "ixl": 2,
    "rs1_addr": 5,
    "rs2_addr": 5,
    "rs1_rdata": 32,
    "rs2_rdata": 32,
    "rd_addr": 5,
    "rd_wdata": 32,
    "pc_rdata": 32,
    "pc_wdata": 32,
    "mem_addr": 32,
    "mem_rmask": 4,
    "mem_wmask": 4,
    "mem_rdata": 32,
    "mem_wdata": 32,
}


class RvfiPort(Signature):
    """Signals of the RISC-V Formal Interface (github.com/YosysHQ/riscv-formal, page rvfi.md).

    One instruction per cycle (NRET = 1). Memory accesses are reported as aligned words with lane
    masks, so set RISCV_FORMAL_ALIGNED_MEM. An instruction that traps is reported with ``trap``;
    the first instruction of a handler has ``intr``.
    """

    def __init__(self) -> None:
        super().__init__({name: Out(width) for name, width in RVFI.items()})


ISSUED = data.StructLayout(
    {
        "insn": 32,
        "pc": 32,
        "rs1": 5,  # 0 where it is not used
        "rs2": 5,
        "rs1_data": 32,
        "rs2_data": 32,
        "rs1_late": 1,  # it is what the load before reads
        "rs2_late": 1,
        "next_pc": 32,  # without traps
        "address": 32,
        "strobe": 4,
        "store": 1,
        "wdata": 32,
    }
)

FINISHED = data.StructLayout(
    {
        "valid": 1,  # an instruction leaves stage M
        "trap": 1,
        "interrupt": 1,  # it gave way to an interrupt: not reported
        "access": 1,
        "undecided": 1,  # a branch that is decided here, with what was loaded
        "loaded": 32,
        "next_pc": 32,  # where that goes
        "late_target": 1,  # a cycle later: the instruction was a trap or mret and goes on at
        "target": 32,
        "rdata": 32,
        "rd": 5,  # 0 where nothing is written
        "rd_data": 32,
    }
)


class Rvfi(wiring.Component):
    """Collects what the port reports while an instruction goes from X to W.

    Members
    -------
    take : an instruction goes from X to M.
    issued : what X knows of it.
    finished : what M knows of the instruction that leaves it.
    port : the report, in the cycle after.
    """

    take: In(1)
    issued: In(ISSUED)
    finished: In(FINISHED)
    port: Out(RvfiPort())

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        port, finished = self.port, self.finished
        issued = Signal(ISSUED)
        first_of_handler, next_pc = Signal(), Signal(32)
        with m.If(self.take):
            m.d.sync += issued.eq(self.issued)
        load = finished.access & ~issued.store
        store = finished.access & issued.store
        trapped = finished.valid & finished.trap
        reported = finished.valid & ~finished.interrupt
        rs1_data, rs2_data = Signal(32), Signal(32)
        m.d.comb += [
            rs1_data.eq(Mux(issued.rs1_late, finished.loaded, issued.rs1_data)),
            rs2_data.eq(Mux(issued.rs2_late, finished.loaded, issued.rs2_data)),
        ]
        m.d.sync += [
            port.valid.eq(reported),
            port.order.eq(port.order + port.valid),
            port.insn.eq(issued.insn),
            port.trap.eq(finished.trap),
            port.intr.eq(first_of_handler),
            port.rs1_addr.eq(issued.rs1),
            port.rs2_addr.eq(issued.rs2),
            port.rs1_rdata.eq(Mux(issued.rs1 == 0, 0, rs1_data)),
            port.rs2_rdata.eq(Mux(issued.rs2 == 0, 0, rs2_data)),
            port.rd_addr.eq(finished.rd),
            port.rd_wdata.eq(Mux(finished.rd == 0, 0, finished.rd_data)),
            port.pc_rdata.eq(issued.pc),
            next_pc.eq(Mux(finished.undecided, finished.next_pc, issued.next_pc)),
            port.mem_addr.eq(issued.address & ~3),
            port.mem_rmask.eq(Mux(load & ~finished.trap, issued.strobe, 0)),
            port.mem_wmask.eq(Mux(store & ~finished.trap, issued.strobe, 0)),
            port.mem_rdata.eq(finished.rdata),
            port.mem_wdata.eq(issued.wdata),
        ]
        with m.If(trapped):
            m.d.sync += first_of_handler.eq(1)
        with m.Elif(reported):
            m.d.sync += first_of_handler.eq(0)
        m.d.comb += [
            port.mode.eq(MACHINE_MODE),
            port.ixl.eq(1),
            port.pc_wdata.eq(Mux(finished.late_target, finished.target, next_pc)),
        ]
        return m


class RvfiRegisters(Stage):
    """What only the report needs to know in X: the registers that are used, and the instruction
    as it was fetched."""

    def __init__(self) -> None:
        super().__init__("rvfi_x", rs1=5, rs2=5, rs1_late=1, rs2_late=1, insn=32)
