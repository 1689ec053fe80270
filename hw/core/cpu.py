"""The core: a pipeline of six stages that wires the units."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Elaboratable, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.riscv import EXTERNAL_INTERRUPT, Dot4, Mcause
from hw.core.alu import Alu
from hw.core.bit_unit import BitUnit
from hw.core.branch_predictor import prediction_layout
from hw.core.bus import DataBus, InstructionBus, Trap
from hw.core.csr import CsrFile
from hw.core.decode import Decoder
from hw.core.dependencies import Dependencies
from hw.core.divider import Divider
from hw.core.fetch import Fetch
from hw.core.load_store import LoadLanes, LoadMerge, StoreLanes
from hw.core.multiplier import Multiplier
from hw.core.options import CpuOptions
from hw.core.regfile import RegisterFile
from hw.core.rvfi import Rvfi, RvfiPort, RvfiRegisters
from hw.core.shifter import Shifter
from hw.core.stage import Stage

_X_CONTROL = (
    "unsigned", "result_sum", "result_difference", "result_logic", "result_shift",
    "result_compare", "result_link", "branch", "jal", "jalr", "load", "store", "multiply",
    "multiply_high", "divide", "csr", "csr_write", "mret", "fence_i", "invert_b", "rotate",
    "shift_add", "rearrange", "count", "extremum", "dot",
)  # fmt: skip
_LATE = ("multiply", "multiply_high", "divide", "csr", "count", "extremum", "dot")
_BIT_UNIT_KINDS = ("shift_add", "rearrange", "count", "extremum")


class Cpu(wiring.Component):
    """RV32IM with Zicsr, Zifencei and Zicntr, machine mode, in order, one instruction per cycle.

    With options, Zba, Zbb, packed dot products and compressed instructions.

    Stages: F chooses the next address, I waits for the instruction memory, D decodes and reads
    registers, X computes, decides jumps and issues loads and stores, M takes their answers and all
    traps, W writes the register. Results pass from X, M and W to D. A beq or bne that compares what
    the load before it reads goes on without and is decided in M.

    Cycles: 1 for each instruction, and more for: a load's or mul's result, a count of bits or an
    extremum used by the next instruction, 1; a result of mulh*, div*, rem*, a dot product or a CSR
    used by the next one, 2, by the one after it, 1; a mispredicted jump, 2, or 4 if it is decided
    in M, where a beq or bne with a load's result of the instruction before is, which does not wait
    for it; div* and rem*, 35 (19
    for dividends below 2**16 in magnitude); a CSR write, fence.i, mret or a trap, 5; and the data
    bus's wait states.

    wfi and fence do nothing: accesses are in order, and an instruction waits for its answer.
    Traps are precise. An interrupt is taken between instructions; a load that the bus does not
    answer holds it back.

    Parameters
    ----------
    options : what to build.

    Members
    -------
    reset_vector : address of the first instruction, a multiple of 4, or of 2 with compressed ones;
        read in the first cycle after reset.
    ibus : instruction bus.
    dbus : data bus.
    irq : external interrupt, level (bit 11 of mip).
    trap : one cycle for each exception.
    pc : address of an instruction under way, to tell where a program hangs.
    rvfi : where ``options.rvfi``, the instructions as they retire (see :class:`RvfiPort`).
    """

    def __init__(self, options: CpuOptions | None = None):
        self.options = options or CpuOptions()
        ports = {
            "reset_vector": In(32),
            "ibus": Out(InstructionBus()),
            "dbus": Out(DataBus()),
            "irq": In(1),
            "trap": Out(Trap()),
            "pc": Out(32),
        }
        if self.options.rvfi:
            ports["rvfi"] = Out(RvfiPort())
        super().__init__(ports)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.fetch = self._fetch = Fetch(self.options)
        m.submodules.decoder = self._decoder = Decoder(self.options)
        m.submodules.registers = self._registers = RegisterFile()
        m.submodules.alu = self._alu = Alu()
        m.submodules.shifter = self._shifter = Shifter()
        m.submodules.multiplier = self._multiplier = Multiplier(dot4=self.options.dot4)
        m.submodules.bits = self._bits = BitUnit(self.options)
        m.submodules.divider = self._divider = Divider()
        m.submodules.store_lanes = self._store_lanes = StoreLanes()
        m.submodules.load_lanes = self._load_lanes = LoadLanes()
        m.submodules.load_merge = self._merge = LoadMerge()
        m.submodules.csrs = self._csrs = CsrFile(self.options)
        wiring.connect(m, self._fetch.bus, wiring.flipped(self.ibus))

        pc_bits, prediction = self.options.pc_bits, prediction_layout(self.options)
        self._x = Stage(
            "x", valid=1, pc=pc_bits, insn=32, funct3=3, rd=5, writes_rd=1, late=1, a=32, b=32,
            address_offset=signed(12), load_late=1, undecided=1, link=32, target=pc_bits,
            target_misaligned=1, fix=pc_bits, force=1, prediction=prediction, short=1, broken=1,
            exception=1, interrupt=1, cause=4,
            value_is_insn=1, value_is_link=1, **{name: 1 for name in _X_CONTROL},
        )  # fmt: skip
        self._m = Stage(
            "m", valid=1, pc=pc_bits, insn=32, rd=5, writes_rd=1, late=1, result=32, address=32,
            target=pc_bits, target_misaligned=1, jump=1, jalr=1, jumped=1, prediction=prediction,
            short=1, broken=1, undecided=1, if_different=1, fix=pc_bits, load=1, access=1,
            multiply=1, multiply_high=1, dot=1, divide=1, csr=1, csr_access=1, csr_write=1,
            mret=1, event=1,
            exception=1, interrupt=1, cause=4, value_is_insn=1,
            value_is_address=1, value_is_result=1,
        )  # fmt: skip
        self._w = Stage("w", writes_rd=1, rd=5, result=32)

        self._boot = Signal(init=1)
        m.d.sync += self._boot.eq(0)
        self._m_wait, self._m_event, self._m_fault = Signal(), Signal(), Signal()
        self._m_misaligned, self._m_trap, self._m_after = Signal(), Signal(), Signal()
        self._event_pc = Signal(pc_bits)
        self._x_wait, self._redirect, self._taken = Signal(), Signal(), Signal()
        self._m_taken, self._m_jumped = Signal(), Signal()
        self._undecided = Signal(2)
        self._x_other, self._x_address, self._m_early = Signal(32), Signal(32), Signal(32)
        self._done, self._result = Signal(), Signal(32)
        self._decode_stage(m)
        self._execute_stage(m)
        self._memory_stage(m)
        if self.options.rvfi:
            self._report(m)
        return m

    # ---- D ---------------------------------------------------------------------------------------

    def _decode_stage(self, m: Module) -> None:
        x = self._x
        d, decoder, registers = self._fetch.fetched, self._decoder, self._registers
        c = decoder.control
        rs1, rs2 = d.insn[15:20], d.insn[20:25]
        m.d.comb += [
            decoder.insn.eq(d.insn),
            registers.rs1.eq(rs1),
            registers.rs2.eq(rs2),
            self._csrs.checked.eq(d.insn[20:]),
            self._csrs.writes.eq(c.csr_write),
        ]

        a, a_load, a_late = self._operand(
            m, "a", self._fetch.next_rs1, registers.rs1_data, d.used.rs1, C(0, 32)
        )
        b, b_load, b_late = self._operand(
            m, "b", self._fetch.next_rs2, registers.rs2_data, d.used.rs2, decoder.immediate
        )
        hazard, go, undecided = Signal(), Signal(), Signal()
        m.d.comb += [
            undecided.eq((a_load ^ b_load) & d.used.may_be_late),
            self._undecided.eq(Cat(a_load, b_load) & undecided.replicate(2)),
            hazard.eq(a_late | b_late | ((a_load | b_load) & ~undecided)),
            go.eq(d.valid & ~hazard & ~self._redirect),
            self._fetch.advance.eq(~self._x_wait & ~(d.valid & hazard)),
        ]

        low, next_pc = self.options.align_bits, self._fetch.next_pc
        target, misaligned, refuse, no_jump = Signal(32), Signal(), Signal(), Signal()
        m.d.comb += [
            target.eq((d.pc << low) + decoder.pc_offset),
            misaligned.eq(target[1:low].any()),
            refuse.eq(d.fault | self._csrs.irq_pending | d.broken),
            decoder.fault.eq(d.fault),
            decoder.upper_fault.eq(d.upper_fault),
            decoder.short.eq(d.short),
            no_jump.eq(d.broken | ~(c.branch | c.jal | c.jalr)),
        ]
        with m.If(~self._x_wait):
            m.d.sync += [getattr(x, name).eq(c[name] & ~refuse) for name in _X_CONTROL]
            m.d.sync += [
                x.valid.eq(go),
                # These jump, or do not, whatever the registers hold.
                x.force.eq(go & Mux(d.prediction.taken, no_jump, c.jal)),
                x.pc.eq(d.pc),
                x.insn.eq(d.insn),
                x.funct3.eq(d.insn[12:15]),
                x.rd.eq(d.insn[7:12]),
                x.writes_rd.eq(go & c.writes_rd & ~refuse),
                x.load_late.eq(go & c.load),
                x.late.eq(go & Cat(c[kind] for kind in _LATE).any()),
                x.undecided.eq(go & undecided & ~refuse),
                x.a.eq(a),
                x.b.eq(b),
                x.address_offset.eq(decoder.address_offset),
                # jal's is the return address; a misaligned target is kept as the trap's value.
                x.link.eq(Mux(c.jal & ~misaligned & ~d.fault, next_pc << low, target)),
                x.target.eq(target[low:]),
                x.target_misaligned.eq(misaligned),
                x.short.eq(d.short),
                x.broken.eq(d.broken & ~self._csrs.irq_pending),
                x.prediction.eq(d.prediction),
                # Where to go on if the prediction turns out wrong.
                x.fix.eq(Mux(d.prediction.taken, next_pc, target[low:])),
            ]
            with m.If(d.fault | c.ebreak):
                m.d.sync += x.result_link.eq(1)
            # An operand that is to come is zero here, so the sum is the other one.
            with m.If(undecided & ~refuse):
                m.d.sync += [x.branch.eq(0), x.result_link.eq(0), x.result_sum.eq(1)]
            self._decode_exceptions(m)
        # A trap or mret reads the address where to go on in the cycle after.
        with m.If(self._m_event | self._m_after):
            m.d.sync += [
                x.valid.eq(0),
                x.writes_rd.eq(0),
                x.late.eq(0),
                x.load_late.eq(0),
                x.force.eq(self._m_after | ~(self._m_trap | self._m.mret)),
                x.fix.eq(self._event_pc),
            ]

    def _decode_exceptions(self, m: Module) -> None:
        """Exceptions known in D; an interrupt takes the place of the instruction."""
        x, d, c = self._x, self._fetch.fetched, self._decoder.control
        m.d.sync += [
            x.interrupt.eq(0),
            x.value_is_insn.eq(0),
            x.value_is_link.eq(0),
            x.exception.eq(1),
        ]
        with m.If(self._csrs.irq_pending):
            m.d.sync += [x.interrupt.eq(1), x.cause.eq(EXTERNAL_INTERRUPT)]
        with m.Elif(d.fault):
            m.d.sync += [x.cause.eq(Mcause.INSTRUCTION_FAULT), x.value_is_link.eq(1)]
        with m.Elif((c.illegal | (c.csr & ~self._csrs.legal)) & ~d.broken):
            m.d.sync += [x.cause.eq(Mcause.ILLEGAL_INSTRUCTION), x.value_is_insn.eq(1)]
        with m.Elif(c.ecall & ~d.broken):
            m.d.sync += x.cause.eq(Mcause.ECALL)
        with m.Elif(c.ebreak & ~d.broken):
            m.d.sync += [x.cause.eq(Mcause.BREAKPOINT), x.value_is_link.eq(1)]
        with m.Else():
            m.d.sync += x.exception.eq(0)

    def _operand(
        self, m: Module, name: str, next_rs: Value, stored: Value, used: Value, otherwise: Value
    ) -> tuple[Value, Signal, Signal]:
        """The newest value of a source register, and whether it is still to come: from the load
        before, or from other instructions.

        Sums and loads arrive last in the cycle and are merged last.
        """
        x, mem, w, d = self._x, self._m, self._w, self._fetch.fetched
        m.submodules[f"dependencies_{name}"] = deps = Dependencies()
        m.d.comb += [
            deps.rs.eq(next_rs),
            deps.enter.eq(self._fetch.advance),
            deps.d.writes.eq(d.valid & self._decoder.control.writes_rd),
            deps.d.rd.eq(d.insn[7:12]),
            deps.x.writes.eq(x.writes_rd),
            deps.x.rd.eq(x.rd),
            deps.m.writes.eq(mem.writes_rd),
            deps.m.rd.eq(mem.rd),
            deps.x_stays.eq(self._x_wait),
            deps.m_stays.eq(self._m_wait),
        ]
        from_x, from_m, from_w, from_file, load, late = (
            Signal(name=f"{name}_{part}")
            for part in ("from_x", "from_m", "from_w", "from_file", "load", "late")
        )
        early = Signal(32, name=f"{name}_early")
        m.d.comb += [
            from_x.eq(used & deps.in_x),
            from_m.eq(used & deps.in_m & ~deps.in_x),
            from_w.eq(used & deps.in_w & ~deps.in_m & ~deps.in_x),
            from_file.eq(used & ~(deps.in_x | deps.in_m | deps.in_w)),
            load.eq(used & deps.in_x & x.load_late),
            late.eq(used & ((deps.in_x & x.late) | (deps.in_m & mem.late))),
            early.eq(
                (stored & from_file.replicate(32))
                | (w.result & from_w.replicate(32))
                | (otherwise & (~used).replicate(32))
                | (self._m_early & (from_m & ~mem.load).replicate(32))
            ),
        ]
        merged = (
            early
            | (self._x_other & (from_x & ~x.result_sum).replicate(32))
            | (self._alu.sum & (from_x & x.result_sum).replicate(32))
        )
        i = "ab".index(name)
        m.d.comb += [
            self._merge.others[i].eq(merged),
            self._merge.selected[i].eq(from_m & mem.load),
        ]
        return self._merge.results[i], load, late

    # ---- X ---------------------------------------------------------------------------------------

    def _execute_stage(self, m: Module) -> None:
        x, alu, shifter, divider = self._x, self._alu, self._shifter, self._divider
        bits = self._bits
        m.d.comb += [
            alu.a.eq(x.a),
            alu.b.eq(x.b),
            alu.unsigned.eq(x.unsigned),
            alu.funct3.eq(x.funct3),
            alu.invert_b.eq(x.invert_b),
            shifter.value.eq(x.a),
            shifter.amount.eq(x.b[:5]),
            shifter.left.eq(~x.funct3[2]),
            shifter.arithmetic.eq(x.insn[30]),
            shifter.rotate.eq(x.rotate),
            self._multiplier.a.eq(x.a),
            self._multiplier.b.eq(x.b),
            self._multiplier.a_signed.eq(x.funct3[:2] != 3),
            self._multiplier.b_signed.eq(~x.funct3[1]),
            self._multiplier.take.eq(~self._x_wait),
            self._multiplier.bytes.eq(x.dot),
            self._multiplier.bytes_signed.eq(x.funct3 == Dot4.SIGNED),
            bits.a.eq(x.a),
            bits.b.eq(x.b),
            bits.less.eq(alu.less),
            bits.insn.eq(x.insn),
            *(getattr(bits, kind).eq(getattr(x, kind)) for kind in _BIT_UNIT_KINDS),
            divider.start.eq(x.valid & x.divide),
            divider.a.eq(x.a),
            divider.b.eq(x.b),
            divider.signed.eq(~x.funct3[0]),
            divider.remainder.eq(x.funct3[1]),
            divider.release.eq(~self._x_wait),
            divider.kill.eq(self._m_event),
            self._x_address.eq(x.a + x.address_offset),
            self._x_other.eq(
                (alu.difference & x.result_difference.replicate(32))
                | (shifter.result & x.result_shift.replicate(32))
                | (alu.logic & x.result_logic.replicate(32))
                | (x.link & x.result_link.replicate(32))
                | (alu.less & x.result_compare)
                | bits.early
            ),
        ]
        self._issue_access(m)
        self._jump(m)

    def _issue_access(self, m: Module) -> None:
        x, lanes, bus = self._x, self._store_lanes, self.dbus
        access = Signal()
        m.d.comb += [
            lanes.size.eq(x.funct3[:2]),
            lanes.offset.eq(self._x_address[:2]),
            lanes.data.eq(x.b),
            access.eq(x.valid & (x.load | x.store) & ~lanes.misaligned),
            bus.valid.eq(access & ~self._m_wait & ~self._m_event),
            bus.address.eq(self._x_address),
            bus.write.eq(x.store),
            bus.strobe.eq(lanes.strobe),
            bus.wdata.eq(lanes.wdata),
            self._load_lanes.take.eq(~self._x_wait),
            self._load_lanes.size.eq(x.funct3[:2]),
            self._load_lanes.unsigned.eq(x.funct3[2]),
            self._load_lanes.offset.eq(self._x_address[:2]),
            self._x_wait.eq(
                self._m_wait | (access & ~bus.ready) | (x.valid & x.divide & ~self._divider.done)
            ),
        ]

    def _jump(self, m: Module) -> None:
        """Decides jumps and passes the instruction on to M."""
        x, alu, mem, fetch = self._x, self._alu, self._m, self._fetch
        invert, on_equal = x.funct3[0], ~x.funct3[2]
        predicted = x.prediction.taken
        branch, taken = x.valid & x.branch, self._taken
        # A jalr to another address than predicted is found in M.
        certain = x.force | (x.valid & x.jalr & ~predicted)
        # For both values of the borrow, which comes last.
        taken_if, redirect_if = [], []
        for less in (alu.less_if_not, alu.less_if_borrow):
            taken_if.append(Mux(on_equal, alu.equal, less) ^ invert)
            redirect_if.append(certain | (branch & (taken_if[-1] ^ predicted)))
        m.d.comb += [
            taken.eq(Mux(alu.borrow, taken_if[1], taken_if[0])),
            self._redirect.eq(Mux(alu.borrow, redirect_if[1], redirect_if[0])),
            fetch.redirect.eq(self._redirect),
            fetch.redirect_pc.eq(
                Mux(x.jalr & ~x.force, self._x_address[self.options.align_bits :], x.fix)
            ),
        ]
        misaligned_access = (x.load | x.store) & self._store_lanes.misaligned
        exception = x.exception | misaligned_access
        valid = x.valid & ~self._x_wait & ~self._m_event
        done = valid & ~exception
        with m.If(~self._m_wait):
            m.d.sync += [
                mem.valid.eq(valid),
                mem.writes_rd.eq(done & x.writes_rd),
                mem.late.eq(valid & (x.multiply_high | x.divide | x.csr | x.dot)),
                mem.access.eq(done & (x.load | x.store)),
                mem.csr_access.eq(done & x.csr),
                mem.csr_write.eq(done & x.csr_write),
                mem.mret.eq(done & x.mret),
                mem.jumped.eq(valid & ((branch & taken) | x.jal | x.jalr)),
                mem.undecided.eq(valid & x.undecided),
                mem.event.eq(valid & (exception | x.mret | x.csr_write | x.fence_i)),
                mem.exception.eq(exception),
                mem.interrupt.eq(x.interrupt),
                mem.prediction.eq(x.prediction),
                mem.broken.eq(x.broken),
            ]
            with m.If(x.exception):
                m.d.sync += mem.cause.eq(x.cause)
            with m.Else():
                m.d.sync += mem.cause.eq(
                    Mux(x.load, Mcause.LOAD_MISALIGNED, Mcause.STORE_MISALIGNED)
                )
        # These stay for the registers that a trap writes after its cycle.
        with m.If(~(self._m_wait | self._m_trap | self._m_after)):
            m.d.sync += [
                mem.pc.eq(x.pc),
                mem.insn.eq(x.insn),
                mem.rd.eq(x.rd),
                mem.result.eq(
                    (alu.sum & x.result_sum.replicate(32)) | self._x_other | self._bits.late
                ),
                mem.address.eq(self._x_address),
                mem.address[0].eq(self._x_address[0] & ~x.jalr),
                mem.target.eq(x.target),
                mem.target_misaligned.eq(x.target_misaligned),
                mem.short.eq(x.short),
                mem.jump.eq(x.branch | x.undecided | x.jal | x.jalr),
                mem.if_different.eq(x.funct3[0]),
                mem.fix.eq(x.fix),
                mem.jalr.eq(x.jalr),
                mem.load.eq(x.load),
                mem.multiply.eq(x.multiply),
                mem.multiply_high.eq(x.multiply_high),
                mem.dot.eq(x.dot),
                mem.divide.eq(x.divide),
                mem.csr.eq(x.csr),
                mem.value_is_insn.eq(x.value_is_insn),
                mem.value_is_address.eq(x.jalr | x.load | x.store),
                # Of a CSR instruction it is the operand.
                mem.value_is_result.eq(x.branch | x.jal | x.value_is_link | (x.csr & ~x.exception)),
            ]

    # ---- M, W ------------------------------------------------------------------------------------

    def _memory_stage(self, m: Module) -> None:
        mem, w, bus, csrs = self._m, self._w, self.dbus, self._csrs
        done, result = self._done, self._result
        low = self.options.align_bits
        jump_target, wrong_target = Signal(self.options.pc_bits), Signal()
        csr_wait = mem.csr_access & csrs.wait
        # Of a branch that is not decided yet, the result is one operand; the other one is what the
        # load before it, which is in W now, has read.
        equal, other_target, late_event = Signal(), Signal(), Signal()
        expects, missed = mem.prediction.taken, Signal(2)
        m.d.comb += [
            equal.eq(Cat(w.result[i] == mem.result[i] for i in range(32)).all()),
            self._m_taken.eq(mem.undecided & (equal ^ mem.if_different)),
            self._m_jumped.eq(mem.jumped | self._m_taken),
            other_target.eq(jump_target != mem.prediction.target),
            # Prepared for both, because the comparison comes last.
            *(
                missed[i].eq(
                    mem.undecided & Mux(mem.if_different ^ i, ~expects | other_target, expects)
                )
                for i in range(2)
            ),
            late_event.eq(Mux(equal, missed[1], missed[0])),
        ]
        m.d.comb += [
            jump_target.eq(Mux(mem.jalr, mem.address[low:], mem.target)),
            self._m_wait.eq((mem.access & ~bus.rvalid) | csr_wait),
            self._m_fault.eq(mem.access & bus.rvalid & bus.error),
            # The fetch went on elsewhere than the jump goes; jumps that are not predicted and
            # branches that are predicted to the wrong side never get here unnoticed.
            wrong_target.eq(mem.jumped & mem.prediction.taken & other_target),
            self._m_misaligned.eq(
                mem.jumped & Mux(mem.jalr, mem.address[1:low].any(), mem.target_misaligned)
            ),
            self._m_event.eq(
                self._boot
                | (mem.event & ~csr_wait)
                | self._m_fault
                | self._m_misaligned
                | wrong_target
                | late_event
            ),
            done.eq(
                mem.valid
                & ~mem.broken
                & ~mem.exception
                & ~self._m_misaligned
                & ~self._m_wait
                & ~self._m_fault
            ),
            self._load_lanes.word.eq(bus.rdata),
            self._merge.value.eq(self._load_lanes.value),
        ]
        slow = Signal(32)
        m.d.comb += self._m_early.eq(Mux(mem.multiply, self._multiplier.low, mem.result))
        with m.If(mem.multiply_high):
            m.d.comb += slow.eq(self._multiplier.high)
        with m.Elif(mem.dot):
            m.d.comb += slow.eq(self._multiplier.dot)
        with m.Elif(mem.divide):
            m.d.comb += slow.eq(self._divider.result)
        with m.Elif(mem.csr):
            m.d.comb += slow.eq(csrs.read_data)
        with m.Else():
            m.d.comb += slow.eq(self._m_early)
        m.d.comb += [
            self._merge.others[2].eq(slow),
            self._merge.selected[2].eq(mem.load),
            result.eq(self._merge.results[2]),
        ]
        m.d.sync += [
            self._m_after.eq(self._m_trap | mem.mret),
            w.writes_rd.eq(mem.writes_rd & done),
            w.rd.eq(mem.rd),
            w.result.eq(result),
        ]
        m.d.comb += [
            self._registers.write.eq(w.writes_rd),
            self._registers.rd.eq(w.rd),
            self._registers.rd_data.eq(w.result),
        ]
        self._traps(m, done, jump_target)
        outcome, last = self._fetch.outcome, mem.pc
        if self.options.compressed:
            last = mem.pc + ~mem.short
        m.d.comb += [
            outcome.valid.eq(mem.valid),
            outcome.pc.eq(last),
            outcome.jump.eq(mem.jump),
            outcome.taken.eq(self._m_jumped),
            outcome.hit.eq(mem.prediction.hit),
            outcome.counter.eq(mem.prediction.counter),
            outcome.allocate.eq(self._m_jumped & (~mem.prediction.taken | other_target)),
            outcome.target.eq(jump_target),
        ]

    def _traps(self, m: Module, done: Value, jump_target: Value) -> None:
        x, mem, csrs = self._x, self._m, self._csrs
        pc, value, cause = Signal(32), Signal(32), csrs.trap.cause
        low = self.options.align_bits
        m.d.comb += [
            self._m_trap.eq((mem.event & mem.exception) | self._m_fault | self._m_misaligned),
            pc.eq(mem.pc << low),
            value.eq(
                (mem.address & mem.value_is_address.replicate(32))
                | (mem.insn & mem.value_is_insn.replicate(32))
                | (mem.result & mem.value_is_result.replicate(32))
            ),
            csrs.irq.eq(self.irq),
            csrs.address.eq(x.insn[20:]),
            csrs.funct3.eq(x.funct3),
            csrs.take.eq(~self._m_wait),
            csrs.write.eq(mem.csr_write & ~csrs.wait),
            csrs.operand.eq(Mux(csrs.after_trap[0], pc, value)),
            csrs.retire.eq(done),
            csrs.mret.eq(mem.mret),
            csrs.trap.valid.eq(self._m_trap),
            csrs.trap.interrupt.eq(mem.interrupt),
            self.pc.eq(Mux(mem.valid, pc, x.pc << low)),
            self.trap.valid.eq(self._m_trap & ~mem.interrupt),
            self.trap.cause.eq(cause),
            self.trap.pc.eq(pc),
            self.trap.value.eq(value),
        ]
        with m.If(self._m_fault):
            m.d.comb += cause.eq(Mux(mem.load, Mcause.LOAD_FAULT, Mcause.STORE_FAULT))
        with m.Elif(self._m_misaligned):
            m.d.comb += cause.eq(Mcause.INSTRUCTION_MISALIGNED)
        with m.Else():
            m.d.comb += cause.eq(mem.cause)
        with m.If(self._boot):
            m.d.comb += self._event_pc.eq(self.reset_vector[low:])
        with m.Elif(self._m_after):
            m.d.comb += self._event_pc.eq(csrs.vector_or_epc[low:])
        with m.Elif(mem.undecided & ~self._m_taken):
            m.d.comb += self._event_pc.eq(mem.fix)
        with m.Else():
            m.d.comb += self._event_pc.eq(jump_target)

    def _report(self, m: Module) -> None:
        m.submodules.rvfi = rvfi = Rvfi()
        x, mem, d = self._x, self._m, self._fetch.fetched
        extra, low = RvfiRegisters(), self.options.align_bits
        with m.If(~self._x_wait):
            m.d.sync += [
                extra.rs1.eq(Mux(d.used.rs1, d.insn[15:20], 0)),
                extra.rs2.eq(Mux(d.used.rs2, d.insn[20:25], 0)),
                Cat(extra.rs1_late, extra.rs2_late).eq(self._undecided),
                extra.insn.eq(d.raw if self.options.compressed else d.insn),
            ]
        next_pc = Signal(32)
        with m.If(x.jalr):
            m.d.comb += next_pc.eq(self._x_address & ~1)
        with m.Elif(x.jal | (x.branch & self._taken)):
            m.d.comb += next_pc.eq((x.target << low) | (x.target_misaligned << 1))
        with m.Else():
            m.d.comb += next_pc.eq((x.pc << low) + Mux(x.short, 2, 4))
        issued, finished = rvfi.issued, rvfi.finished
        m.d.comb += [
            rvfi.take.eq(~self._x_wait),
            issued.insn.eq(extra.insn),
            issued.pc.eq(x.pc << low),
            issued.rs1.eq(extra.rs1),
            issued.rs2.eq(extra.rs2),
            issued.rs1_data.eq(x.a),
            issued.rs2_data.eq(x.b),
            issued.rs1_late.eq(extra.rs1_late),
            issued.rs2_late.eq(extra.rs2_late),
            issued.next_pc.eq(next_pc),
            issued.address.eq(self.dbus.address),
            issued.strobe.eq(self.dbus.strobe),
            issued.store.eq(x.store),
            issued.wdata.eq(self.dbus.wdata),
            finished.valid.eq(mem.valid & ~mem.broken & ~self._m_wait),
            finished.trap.eq(self._csrs.trap.valid),
            finished.interrupt.eq(mem.interrupt & mem.exception),
            finished.access.eq(mem.access),
            finished.undecided.eq(mem.undecided),
            finished.loaded.eq(self._w.result),
            finished.next_pc.eq(
                Mux(self._m_taken, mem.target << low, (mem.pc << low) + Mux(mem.short, 2, 4))
            ),
            finished.late_target.eq(self._m_after),
            finished.target.eq(self._csrs.vector_or_epc),
            finished.rdata.eq(self.dbus.rdata),
            finished.rd.eq(Mux(mem.writes_rd & self._done, mem.rd, 0)),
            finished.rd_data.eq(self._result),
        ]
        wiring.connect(m, rvfi.port, wiring.flipped(self.rvfi))
