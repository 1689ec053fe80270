"""The core with free memories, and what must hold of its RVFI port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from amaranth.back import rtlil
from amaranth.hdl import (
    Assert,
    Assume,
    C,
    Cat,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)  # fmt: skip
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.core.bus import DataBus, InstructionBus
from hw.core.cpu import Cpu
from hw.core.decode import Op
from hw.core.expander import Expander
from hw.core.options import CpuOptions
from tests.core.formal.instruction_spec import INSTRUCTIONS, OPTIONAL, Instruction, View
from tests.core.formal.stand_ins import StandInDivider, StandInMultiplier

# Few and short entries, so that wrong predictions are within reach.
PLAIN = CpuOptions(rvfi=True, branch_targets=2, tag_bits=1, target_bits=3)
EXTENDED = replace(PLAIN, zba=True, zbb=True, dot4=True)
COMPRESSED = replace(PLAIN, compressed=True)
SYSTEM, MISC_MEM, FENCE_MASK, FENCE = 0x73, 0x0F, 0x707F, 0x0F
ECALL, EBREAK, WFI = 0x73, 0x100073, 0x10500073
WITHOUT_INSTRUCTION = ("reads", "order", "bus", "alive")
QUIET_CYCLES = 16  # without a report, where the memory never waits

Claim = tuple[Value, Value]
"""When a check looks, and what must hold then."""
ClaimMaker = Callable[["FormalTop", Module], Claim]


class FormalTop(wiring.Component):
    """The core, and the assertions of one check.

    Parameters
    ----------
    check : one of CHECKS.

    Members
    -------
    watched_register, watched_address, watched_insn, watched_next : constant, free.
    """

    def __init__(self, check: str) -> None:
        self._claims = CHECKS[check]
        kind, _, name = check.rpartition("_")
        self._faults = name in WITHOUT_INSTRUCTION
        self._prompt = name == "alive"
        self._options = {"": PLAIN, "extended": EXTENDED, "compressed": COMPRESSED}[kind]
        self.compressed = self._options.compressed
        super().__init__(
            {
                "ibus": Out(InstructionBus()),
                "dbus": Out(DataBus()),
                "irq": In(1),
                "reset_vector": In(32),
                "watched_register": In(5),
                "watched_address": In(30),
                "watched_insn": In(32),
                "watched_next": In(32),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.cpu = cpu = Cpu(self._options)
        wiring.connect(m, cpu.ibus, wiring.flipped(self.ibus))
        wiring.connect(m, cpu.dbus, wiring.flipped(self.dbus))
        m.d.comb += [
            cpu.irq.eq(self.irq),
            cpu.reset_vector.eq(self.reset_vector),
            Assume((self.reset_vector[:2] == 0) & ~ResetSignal()),
        ]
        self.rvfi = cpu.rvfi
        for name in ("watched_register", "watched_address", "watched_insn", "watched_next"):
            self._stays(m, getattr(self, name), name)
        self._buses(m)
        for claim in self._claims:
            trigger, holds = claim(self, m)
            m.d.comb += [Assert(~trigger | holds), Cover(trigger)]
        return m

    def _stays(self, m: Module, value: Value, name: str) -> None:
        before, later = Signal(len(value), name=f"{name}_before"), Signal(name=f"{name}_later")
        m.d.sync += [before.eq(value), later.eq(1)]
        m.d.comb += Assume(~later | (value == before))

    def _buses(self, m: Module) -> None:
        """The data bus answers what it took; its last access and the answer are remembered."""
        bus = self.dbus
        pending = Signal()
        self.answered, self.fault, self.rdata = Signal(), Signal(), Signal(32)
        self.address, self.lanes, self.write = Signal(32), Signal(4), Signal()
        self.wdata = Signal(32)
        taken = bus.valid & bus.ready
        m.d.comb += Assume(~bus.rvalid | pending)
        if not self._faults:  # of a fetch that failed, rvfi_insn is void
            m.d.comb += Assume(~self.ibus.error)
        if self._prompt:
            m.d.comb += Assume(bus.ready & (bus.rvalid == pending) & ~self.irq)
        address, lanes, write, wdata = Signal(32), Signal(4), Signal(), Signal(32)
        with m.If(taken):
            m.d.sync += [
                pending.eq(1),
                address.eq(bus.address),
                lanes.eq(bus.strobe),
                write.eq(bus.write),
                wdata.eq(bus.wdata),
            ]
        with m.Elif(bus.rvalid):
            m.d.sync += pending.eq(0)
        m.d.sync += [
            self.answered.eq(bus.rvalid),
            self.fault.eq(bus.rvalid & bus.error),
            self.rdata.eq(bus.rdata),
            self.address.eq(address),
            self.lanes.eq(lanes),
            self.write.eq(write),
            self.wdata.eq(wdata),
        ]


def _is(insn: Value, instruction: Instruction) -> Value:
    return (insn & instruction.mask) == instruction.match


def _instruction(instruction: Instruction) -> ClaimMaker:
    """The instruction does what the manual says with the registers that it reports."""

    def claim(top: FormalTop, m: Module) -> Claim:
        r = top.rvfi
        insn, n_bytes = _expanded(top, m, instruction)
        next_pc, misaligned, fault = (r.pc_rdata + n_bytes)[:32], C(0, 1), C(0, 1)
        view = View(insn, r.pc_rdata, next_pc, r.rs1_rdata, r.rs2_rdata)
        if instruction.target is not None:
            target = instruction.target(view)[:32]
            jumps = C(1, 1) if instruction.jumps is None else instruction.jumps(view)
            misaligned = jumps & (target[:2] != 0) & (not top.compressed)
            next_pc = Mux(jumps, target, next_pc)
        has_rd = instruction.value is not None or instruction.load
        rd = insn[7:12] if has_rd else C(0, 5)
        value = instruction.value(view)[:32] if instruction.value is not None else None
        lanes, done = C(0, 4), [r.rd_addr == rd, r.pc_wdata == next_pc]
        if instruction.access is not None:
            size = instruction.access
            offset = view.s_immediate if instruction.store else view.i_immediate
            address = (r.rs1_rdata + offset)[:32]
            shift = address[:2] << 3
            lanes = (C((1 << (1 << size)) - 1, 4) << address[:2])[:4]
            misaligned = (address[:size] != 0) if size else C(0, 1)
            fault = top.fault
            done.append(r.mem_addr == Cat(C(0, 2), address[2:]))
            if instruction.load:
                data = (r.mem_rdata >> shift)[: 8 << size]
                value = Cat(data, (data[-1] & instruction.signed).replicate(32 - (8 << size)))
            else:
                lane = Cat(lanes[i].replicate(8) for i in range(4))
                done.append((r.mem_wdata & lane) == ((r.rs2_rdata << shift)[:32] & lane))
        if value is not None:
            done.append(r.rd_wdata == Mux(rd == 0, 0, value))
        done += [
            r.mem_rmask == (lanes if instruction.load else 0),
            r.mem_wmask == (lanes if instruction.store else 0),
        ]
        trap = misaligned | fault
        holds = (
            (r.rs1_addr == (insn[15:20] if instruction.rs1 else 0))
            & (r.rs2_addr == (insn[20:25] if instruction.rs2 else 0))
            & (r.trap == trap)
            & Mux(trap, _nothing(top), Cat(done).all())
        )
        return r.valid & _is(insn, instruction), holds

    return claim


def _expanded(top: FormalTop, m: Module, instruction: Instruction) -> tuple[Value, Value]:
    """The reported instruction in 32 bits, and its length in bytes."""
    insn = top.rvfi.insn
    if not top.compressed:
        return insn, C(4, 3)
    expander = Expander()
    m.submodules[f"expander_{instruction.match:08x}"] = expander
    short = insn[:2] != 3
    m.d.comb += expander.parcel.eq(insn)
    return Mux(short, expander.insn, insn), Mux(short, 2, 4)


def _nothing(top: FormalTop) -> Value:
    r = top.rvfi
    return (r.rd_addr == 0) & (r.mem_rmask == 0) & (r.mem_wmask == 0)


def _illegal(known: dict[str, Instruction]) -> ClaimMaker:
    """A word that is no instruction traps. (Of SYSTEM and MISC-MEM others speak.)"""

    def claim(top: FormalTop, m: Module) -> Claim:
        r = top.rvfi
        is_known = Cat(_is(r.insn, each) for each in known.values()).any()
        opcode = r.insn[:7]
        legal = is_known | (opcode == SYSTEM) | (opcode == MISC_MEM)
        return r.valid & ~legal, r.trap & _nothing(top)

    return claim


def _system(top: FormalTop, m: Module) -> Claim:
    """ecall and ebreak trap, wfi and fence do nothing."""
    r = top.rvfi
    traps = (r.insn == ECALL) | (r.insn == EBREAK)
    passes = (r.insn == WFI) | ((r.insn & FENCE_MASK) == FENCE)
    goes_on = traps | (r.pc_wdata == (r.pc_rdata + 4)[:32])
    return r.valid & (traps | passes), (r.trap == traps) & _nothing(top) & goes_on


def _register(source: str) -> ClaimMaker:
    """A register holds what was written to it last, and x0 zero."""

    def claim(top: FormalTop, m: Module) -> Claim:
        r, watched = top.rvfi, top.watched_register
        shadow, written = Signal(32), Signal()
        with m.If(r.valid & (r.rd_addr == watched)):
            m.d.sync += [shadow.eq(r.rd_wdata), written.eq(1)]
        zero = watched == 0
        number, value = getattr(r, f"{source}_addr"), getattr(r, f"{source}_rdata")
        return r.valid & (number == watched) & (written | zero), value == Mux(zero, 0, shadow)

    return claim


def _pc(top: FormalTop, m: Module) -> Claim:
    """Each instruction is where the one before it goes on, but for an interrupt."""
    r = top.rvfi
    expected, trapped, first = Signal(32), Signal(), Signal(init=1)
    m.d.sync += first.eq(0)
    with m.If(first):
        m.d.sync += expected.eq(top.reset_vector)
    with m.If(r.valid):
        m.d.sync += [expected.eq(r.pc_wdata), trapped.eq(r.trap)]
    interrupted = r.intr & ~trapped
    return r.valid & ~interrupted, (r.pc_rdata == expected) & (r.intr | ~trapped)


def _order(top: FormalTop, m: Module) -> Claim:
    """Reports are numbered without gaps."""
    r, count = top.rvfi, Signal(64)
    m.d.sync += count.eq(count + r.valid)
    return r.valid, r.order == count


def _fetch(top: FormalTop, m: Module) -> Claim:
    """An instruction is what the memory holds at its address."""
    bus, r = top.ibus, top.rvfi
    words = (top.watched_insn, top.watched_next)
    for i, word in enumerate(words):
        fetched = Signal(name=f"fetched_{i}")
        m.d.sync += fetched.eq(bus.valid & (bus.address[2:] == (top.watched_address + i)[:30]))
        m.d.comb += Assume(~fetched | (bus.rdata == word))
    insn = Cat(words) >> Mux(r.pc_rdata[1], 16, 0)
    is_long = insn[:2].all() if top.compressed else C(1, 1)
    expected = Cat(insn[:16], insn[16:32] & is_long.replicate(16))
    return r.valid & (r.pc_rdata[2:] == top.watched_address), r.insn == expected


def _bus(top: FormalTop, m: Module) -> Claim:
    """An access that was answered is one instruction's, which is reported then."""
    r = top.rvfi
    masks = Cat(r.mem_rmask, r.mem_wmask)
    none = C(0, 4)
    lane = Cat(top.lanes[i].replicate(8) for i in range(4))
    same_data = Mux(top.write, (r.mem_wdata & lane) == (top.wdata & lane), r.mem_rdata == top.rdata)
    done = (
        (masks == Mux(top.write, Cat(none, top.lanes), Cat(top.lanes, none)))
        & (r.mem_addr == Cat(C(0, 2), top.address[2:]))
        & same_data
    )
    fine = r.valid & (r.trap == top.fault) & Mux(top.fault, masks == 0, done)
    return top.answered | (r.valid & (masks != 0)), top.answered & fine


def _alive(top: FormalTop, m: Module) -> Claim:
    """Instructions are completed again and again where the memory never waits."""
    r, quiet = top.rvfi, Signal(range(QUIET_CYCLES + 2))
    m.d.sync += quiet.eq(Mux(r.valid, 0, quiet + (quiet != QUIET_CYCLES + 1)))
    return C(1, 1), quiet <= QUIET_CYCLES


def _instructions(table: dict[str, Instruction], *names: str) -> tuple[ClaimMaker, ...]:
    return tuple(_instruction(table[name]) for name in names)


def _group(keep: Callable[[Instruction], bool]) -> tuple[ClaimMaker, ...]:
    return tuple(_instruction(each) for each in INSTRUCTIONS.values() if keep(each))


def _opcode(each: Instruction) -> int:
    return each.match & 0x7F


def _multiplies(each: Instruction) -> bool:
    return _opcode(each) == Op.OP and each.match >> 25 == 1


CHECKS: dict[str, tuple[ClaimMaker, ...]] = {
    "upper": _group(lambda each: _opcode(each) in (Op.LUI, Op.AUIPC)),
    "jump": _group(lambda each: _opcode(each) in (Op.JAL, Op.JALR)),
    "branch": _group(lambda each: _opcode(each) == Op.BRANCH),
    "load": _group(lambda each: each.load),
    "store": _group(lambda each: each.store),
    "immediate": _group(lambda each: _opcode(each) == Op.OP_IMM),
    "register": _group(lambda each: _opcode(each) == Op.OP and not _multiplies(each)),
    "multiply": _group(_multiplies),
    "illegal": (_illegal(INSTRUCTIONS),),
    "system": (_system,),
    "reads": (_register("rs1"), _register("rs2")),
    "order": (_pc, _order),
    "fetch": (_fetch,),
    "bus": (_bus,),
    "alive": (_alive,),
    "extended_zba": _instructions(OPTIONAL, "sh1add", "sh2add", "sh3add"),
    "extended_logic": _instructions(OPTIONAL, "andn", "orn", "xnor", "rol", "ror", "rori"),
    "extended_extremum": _instructions(OPTIONAL, "min", "minu", "max", "maxu"),
    "extended_count": _instructions(OPTIONAL, "clz", "ctz", "cpop"),
    "extended_bytes": _instructions(OPTIONAL, "sext_b", "sext_h", "zext_h", "orc_b", "rev8"),
    "extended_dot4": _instructions(OPTIONAL, "dot4", "dot4_unsigned"),
    "extended_illegal": (_illegal(INSTRUCTIONS | OPTIONAL),),
    "extended_reads": (_register("rs1"), _register("rs2")),
    "compressed_jump": _group(lambda each: _opcode(each) in (Op.JAL, Op.JALR)),
    "compressed_branch": _group(lambda each: _opcode(each) == Op.BRANCH),
    "compressed_load": _group(lambda each: each.load),
    "compressed_order": (_pc, _order),
    "compressed_reads": (_register("rs1"), _register("rs2")),
    "compressed_fetch": (_fetch,),
}
"""Claims by check. The extended ones are about a core with all extensions, the compressed ones
about a core with compressed instructions."""


def formal_rtlil(check: str) -> str:
    """The design of a check as Yosys reads it."""
    with (
        patch("hw.core.cpu.Multiplier", StandInMultiplier),
        patch("hw.core.cpu.Divider", StandInDivider),
    ):
        return str(rtlil.convert(FormalTop(check), name="top", emit_src=False))
