"""The host's registers: identity, program, regions, state, errors, interrupt and counters."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.bits import WordFormat
from arch.isa import COUNT_BITS, N_REGIONS, WORD_BYTES
from arch.params import Params
from arch.registers import REGISTERS, Access, Counter
from hw.axi_lite import AxiLiteTarget
from hw.counters import Counters
from hw.interfaces import N_ENGINES, EngineStatus, axi_lite_signature, completed_layout
from hw.regions import LOW_BITS, Part, RegionLookup
from hw.supervisor import Supervisor

ALL_BITS = (1 << 32) - 1
WORD_OFFSET_MASK = ALL_BITS & ~(WORD_BYTES - 1)

REGION_PARTS = {f"REGION{i}_{part.name}": (i, part) for i in range(N_REGIONS) for part in Part}
COUNTERS = {f"COUNTER_{counter.name}": counter for counter in Counter}


def pack(fmt: WordFormat, values: Mapping[str, Value | int]) -> Value:
    """A register made of its fields; those without a value are zero."""
    parts = []
    for field in fmt.fields:
        value = Value.cast(values.get(field.name, Const(0, field.width)))
        parts.append(Cat(value, Const(0, field.width))[: field.width])
    return Cat(parts)


def writable_bits(params: Params) -> dict[str, int]:
    """Bits that each readable and writable register has; the others must be written as 0."""
    high_bits = params.config.axi_address_bits - LOW_BITS
    parts = {
        Part.BASE: ALL_BITS & ~(params.axi_bytes - 1),
        Part.BASE_HIGH: (1 << high_bits) - 1,
        Part.SIZE: ALL_BITS,
        Part.FLAGS: _mask(registers.REGION_FLAGS),
    }
    return {
        "INTERRUPT_ENABLE": _mask(registers.INTERRUPT),
        "PROGRAM_REGION": N_REGIONS - 1,
        "PROGRAM_OFFSET": WORD_OFFSET_MASK,
        "PROGRAM_BYTES": WORD_OFFSET_MASK,
        "WATCHDOG": ALL_BITS,
        **{name: parts[part] for name, (_, part) in REGION_PARTS.items()},
    }


def _mask(fmt: WordFormat) -> int:
    return (1 << sum(field.width for field in fmt.fields)) - 1


class Host(wiring.Component):
    """AXI4-Lite subordinate with the registers of arch.registers.

    SLVERR, without any effect, answers: an address without a register, a write to a register that
    is read only, a read of one that is write only, a write of less than 32 bits, and a 1 for a bit
    that a readable and writable register lacks (so a region's base must be aligned to the bus and
    within its addresses, and the program's offset and bytes must be multiples of 8). A region that
    runs beyond the last address of the bus goes on at the first one.

    A doorbell while a program runs is ignored. A soft reset forgets all registers but the regions
    at once, and ends a running program in state IDLE with the cause ABORTED and the interrupt
    cause ``error`` pending.

    Members
    -------
    bus : the registers; a counter is read within 20 cycles, the others within 5.
    interrupt : level, while a cause is pending that is enabled.
    start : one cycle at a doorbell and at the end of a soft reset: reset engines and sequencer.
    run : the program may run; rises in the cycle after ``start``.
    halt : not ``run``: no new bursts; what waits for the bus is thrown away.
    quiet : no transaction is outstanding; looked at four cycles after ``halt`` rose.
    program_region, program_offset, program_bytes, watchdog : registers.
    region_write, region_index, region_part, region_value, region_lookup : for hw.regions.Regions.
    statuses : the engines. ``sequencer`` : its errors; ``completed`` ends the program well.
    completed, dispatched : counts of commands, from the sequencer.
    events : bit i adds one to Counter(i) while a program runs; bit TOTAL is not used.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "bus": In(axi_lite_signature(registers.ADDRESS_BITS)),
                "interrupt": Out(1),
                "start": Out(1),
                "run": Out(1),
                "halt": Out(1),
                "quiet": In(1),
                "program_region": Out(range(N_REGIONS)),
                "program_offset": Out(32),
                "program_bytes": Out(32),
                "watchdog": Out(32),
                "region_write": Out(1),
                "region_index": Out(range(N_REGIONS)),
                "region_part": Out(Part),
                "region_value": Out(32),
                "region_lookup": Out(RegionLookup(params)),
                "statuses": In(EngineStatus()).array(N_ENGINES),
                "sequencer": In(EngineStatus()),
                "completed": In(completed_layout()),
                "dispatched": In(COUNT_BITS),
                "events": In(len(Counter)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.target = target = AxiLiteTarget(registers.ADDRESS_BITS)
        m.submodules.supervisor = supervisor = Supervisor()
        m.submodules.counters = counters = Counters(len(Counter))
        connect(m, flipped(self.bus), target.bus)
        for e in range(N_ENGINES):
            connect(m, flipped(self.statuses[e]), supervisor.statuses[e])
        connect(m, flipped(self.sequencer), supervisor.sequencer)

        # Events come late in their cycle; they are counted in the next one.
        counted = supervisor.active & ~supervisor.start
        running_events = self.events & counted.replicate(len(self.events))
        m.d.sync += [counters.events.eq(running_events), counters.events[Counter.TOTAL].eq(counted)]
        m.d.comb += [
            supervisor.quiet.eq(self.quiet),
            supervisor.completed.eq(self.completed),
            supervisor.dispatched.eq(self.dispatched),
            self.start.eq(supervisor.start),
            self.run.eq(supervisor.run),
            self.halt.eq(supervisor.halt),
            counters.clear.eq(supervisor.start),
            self.region_value.eq(target.data),
        ]
        # The address is decoded a cycle before the access (see hw.axi_lite), when the data of a
        # write are there, too.
        is_region = Signal()
        enable, pending = self._registers(m, target, supervisor, is_region)
        m.d.sync += self.interrupt.eq((enable & pending).any())
        self._reads(m, target, supervisor, counters, is_region, enable, pending)
        return m

    def _registers(
        self, m: Module, target: AxiLiteTarget, supervisor: Supervisor, is_region: Signal
    ) -> tuple[Signal, Signal]:
        """Everything that is written; returns enabled and pending interrupts."""
        n_interrupts = len(registers.INTERRUPT.fields)
        enable, pending = Signal(n_interrupts), Signal(n_interrupts)
        kept = {
            "INTERRUPT_ENABLE": enable,
            "PROGRAM_REGION": self.program_region,
            "PROGRAM_OFFSET": self.program_offset,
            "PROGRAM_BYTES": self.program_bytes,
            "WATCHDOG": self.watchdog,
        }
        bits = writable_bits(self.params)
        refused = Signal()
        m.d.sync += [
            refused.eq(1),
            is_region.eq(0),
            self.region_write.eq(target.write & is_region & ~refused),
        ]
        control = registers.CONTROL
        cleared = Signal(n_interrupts)
        with m.Switch(target.word):
            for register in REGISTERS:
                if register.access is Access.READ:
                    continue
                with m.Case(register.offset // 4):
                    m.d.sync += refused.eq(0)
                    if register.access is Access.READ_WRITE:
                        lacking = ALL_BITS & ~bits[register.name]
                        m.d.sync += refused.eq((target.data & lacking) != 0)
                    if register.name in REGION_PARTS:
                        index, part = REGION_PARTS[register.name]
                        m.d.sync += [
                            is_region.eq(1),
                            self.region_index.eq(index),
                            self.region_part.eq(part),
                        ]
                    elif register.name == "CONTROL":
                        m.d.comb += [
                            supervisor.doorbell.eq(
                                target.write & target.data[control["start"].lsb]
                            ),
                            supervisor.soft_reset.eq(
                                target.write & target.data[control["reset"].lsb]
                            ),
                        ]
                    elif register.name == "INTERRUPT":
                        with m.If(target.write):
                            m.d.comb += cleared.eq(target.data)
                    else:
                        with m.If(target.write & ~refused):
                            m.d.sync += kept[register.name].eq(target.data)
        with m.If(target.write):
            m.d.comb += target.refused.eq(refused)
        ended = pack(
            registers.INTERRUPT, {"done": supervisor.ended_well, "error": supervisor.ended_badly}
        )
        m.d.sync += pending.eq((pending & ~cleared) | ended)
        with m.If(supervisor.soft_reset):
            m.d.sync += [*(signal.eq(0) for signal in kept.values()), pending.eq(0)]
        return enable, pending

    def _reads(
        self,
        m: Module,
        target: AxiLiteTarget,
        supervisor: Supervisor,
        counters: Counters,
        is_region: Signal,
        enable: Signal,
        pending: Signal,
    ) -> None:
        """Answer a read: at once, or when a region or a counter has been fetched."""
        values: dict[str, Value | int] = {
            **registers.identity(self.params.config),
            "STATUS": pack(registers.STATUS, {"state": supervisor.state, "quiet": self.quiet}),
            "INTERRUPT_ENABLE": enable,
            "INTERRUPT": pending,
            "PROGRAM_REGION": self.program_region,
            "PROGRAM_OFFSET": self.program_offset,
            "PROGRAM_BYTES": self.program_bytes,
            "WATCHDOG": self.watchdog,
            "ERROR_CAUSE": supervisor.cause,
            "ERROR_SOURCE": pack(
                registers.ERROR_SOURCE,
                {"command": supervisor.command, "engine": supervisor.engine},
            ),
            "ERROR_ADDRESS": supervisor.address,
            "ERROR_INFO": supervisor.info,
        }
        asked = Signal()  # the region's entry is there
        is_counter, looking = Signal(), Signal()
        m.d.sync += [is_counter.eq(0), looking.eq(target.read)]
        lookup = self.region_lookup
        entry = lookup.entry
        base = Cat(Const(0, (self.params.axi_bytes - 1).bit_length()), entry.base_beat)
        flags = pack(registers.REGION_FLAGS, {"read": entry.read, "write": entry.write})
        parts = {
            Part.BASE: base[:LOW_BITS],
            Part.BASE_HIGH: base[LOW_BITS:],
            Part.SIZE: entry.size,
            Part.FLAGS: flags,
        }
        m.d.comb += [
            lookup.index.eq(self.region_index),
            lookup.valid.eq(target.read & is_region & ~asked),
        ]
        m.d.sync += asked.eq(lookup.valid & lookup.ready)
        refused = Signal(init=1)
        with m.Switch(target.word):
            for register in REGISTERS:
                if register.access is Access.WRITE:
                    continue
                with m.Case(register.offset // 4):
                    m.d.comb += refused.eq(0)
                    if register.name in REGION_PARTS:
                        _, part = REGION_PARTS[register.name]
                        m.d.comb += target.read_data.eq(parts[part])
                    elif register.name in COUNTERS:
                        m.d.sync += [is_counter.eq(1), counters.index.eq(COUNTERS[register.name])]
                        m.d.comb += target.read_data.eq(counters.total)
                    else:
                        m.d.comb += target.read_data.eq(values[register.name])
        with m.If(is_region):
            m.d.comb += target.read_done.eq(asked)
        with m.Elif(is_counter):
            m.d.comb += target.read_done.eq(counters.valid & looking)
        with m.Else():
            m.d.comb += target.read_done.eq(1)
        with m.If(target.read):
            m.d.comb += target.refused.eq(refused)
