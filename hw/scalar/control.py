"""What runs: the state of the program between the host and the processor."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch import registers
from arch.registers import State
from arch.scalar import Control as Register
from arch.scalar import Request
from hw.interfaces import N_ENGINES

REGISTER_BITS = (max(Register) // 4).bit_length()
STATE_BITS = 2


class Control(wiring.Component):
    """The registers of arch.scalar.Control, and what follows from the host's CONTROL.

    A soft reset lets no access to the bus begin, waits for the one that is under way, and then
    resets the processor. STATUS shows ``running`` until its firmware has cleaned up.

    Members
    -------
    doorbell, soft_reset : one cycle each.
    halt : no access to the bus may begin.
    bus_busy : an access is under way.
    cpu_reset : resets the processor.
    state : of STATUS.
    raised : interrupt causes, one cycle.
    write, register, wdata : the processor writes a register; ``rdata`` is what ``register`` reads.
    bus_failed : one cycle: an access to the bus was answered with an error.
    started, completed : one cycle for each command, a bit for each engine.
    bus_address_written : one cycle: ``wdata`` is the address of the next access to the bus.
    log_valid : one cycle: the low byte of ``wdata`` is for the host's log.
    expired : operators have run long enough.

    Parameters
    ----------
    has_core : there are operators.
    """

    def __init__(self, has_core: bool) -> None:
        self.has_core = has_core
        super().__init__(
            {
                "doorbell": In(1),
                "soft_reset": In(1),
                "halt": Out(1),
                "bus_busy": In(1),
                "cpu_reset": Out(1),
                "state": Out(STATE_BITS),
                "raised": Out(len(registers.INTERRUPT.fields)),
                "write": In(1),
                "register": In(REGISTER_BITS),
                "wdata": In(32),
                "rdata": Out(32),
                "bus_failed": In(1),
                "started": Out(N_ENGINES),
                "completed": Out(N_ENGINES),
                "bus_address_written": Out(1),
                "log_valid": Out(1),
                "expired": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        stopping = Signal()  # a soft reset that has not reached the processor
        warm, aborted, failed = Signal(), Signal(), Signal()
        rest, running, cycles = Signal(STATE_BITS), Signal(), Signal(32)
        writes = {register: Signal(name=f"writes_{register.name.lower()}") for register in Register}
        for register, signal in writes.items():
            # What the firmware says while it is being stopped comes too late.
            m.d.comb += signal.eq(self.write & ~stopping & (self.register == register // 4))
        new_state = self.wdata[:STATE_BITS]
        answered = writes[Register.STATE] & (new_state != State.RUNNING)
        m.d.comb += [
            self.halt.eq(stopping),
            self.cpu_reset.eq(stopping & ~self.bus_busy),
            self.state.eq(Mux(running | warm | stopping, State.RUNNING, rest)),
            self.bus_address_written.eq(writes[Register.BUS_ADDRESS]),
        ]
        with m.If(writes[Register.STATE]):
            m.d.comb += self.raised.eq(self.wdata[STATE_BITS:])
        with m.If(writes[Register.TRACE]):
            m.d.comb += Cat(self.started, self.completed).eq(self.wdata)
        with m.If(answered):
            m.d.sync += [rest.eq(new_state), running.eq(0), warm.eq(0), aborted.eq(0)]
        with m.If(self.doorbell & ~self.soft_reset & (self.state != State.RUNNING)):
            m.d.sync += running.eq(1)
        with m.If(self.cpu_reset):
            m.d.sync += [stopping.eq(0), warm.eq(1), aborted.eq(aborted | running), running.eq(0)]
        with m.If(self.soft_reset):
            m.d.sync += stopping.eq(1)
        m.d.sync += cycles.eq(Mux(running, cycles + 1, 0))
        with m.If(writes[Register.BUS_ADDRESS]):
            m.d.sync += failed.eq(0)
        with m.Elif(self.bus_failed):
            m.d.sync += failed.eq(1)
        if self.has_core:
            m.d.comb += self.log_valid.eq(writes[Register.LOG])
            self._watch(m, writes[Register.WATCH])
        with m.Switch(self.register):
            with m.Case(Register.REQUEST // 4):
                flags = {Request.DOORBELL: running, Request.RESET: warm, Request.ABORTED: aborted}
                assert list(flags) == list(Request)
                m.d.comb += self.rdata.eq(Cat(flags.values()))
            with m.Case(Register.CYCLES // 4):
                m.d.comb += self.rdata.eq(cycles)
            with m.Case(Register.BUS_ERROR // 4):
                m.d.comb += self.rdata.eq(failed)
            with m.Case(Register.WATCH // 4):
                m.d.comb += self.rdata.eq(self.expired)
        return m

    def _watch(self, m: Module, written: Signal) -> None:
        left, watches = Signal(32), Signal()
        m.d.sync += left.eq(left - 1)
        with m.If(written):
            m.d.sync += [left.eq(self.wdata), watches.eq(self.wdata.any()), self.expired.eq(0)]
        with m.Elif(watches & (left == 0)):
            m.d.sync += self.expired.eq(1)
