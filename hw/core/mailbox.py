"""Between the command stream and the core: starts it, hands it commands, ends them."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import WORD_BYTES, Cause, Opcode
from arch.memory_map import COUNT_REGISTERS, Mmio
from hw.command_port import CommandPort
from hw.core.bus import Trap
from hw.core.core_bus import MailboxAccess
from hw.interfaces import EngineStatus, command_signature, completed_layout

TRAP_BITS = 16  # of the cycles that a trap handler may ask for


class Mailbox(wiring.Component):
    """Executes CORE commands in order.

    A command with ``boot`` resets the core and starts it at ``function``. A command without it is
    shown in the registers FUNCTION and ARGUMENT; a read of FUNCTION waits until there is one. Both
    kinds end when the core writes DONE. The core is held in reset until the first boot, and after
    an error.

    An exception stops the program at once, unless the core has written a number of cycles to TRAP
    since its boot. Its handler then runs so long, or until it writes DONE or takes another
    exception; what is reported is the first one.

    While a command with ``accept`` runs, the core may give commands itself, word by word.

    Members
    -------
    commands, completed : see :class:`hw.command_port.CommandPort`.
    status : errors are OP_STATUS (info: what was written to DONE), CORE_TRAP (address: pc, info:
        mcause), WATCHDOG (address: pc), and CONFIG for a call before the first boot, or for a word
        of a command that is not accepted.
    given : words of commands to the sequencer.
    dispatched : commands dispatched to each engine.
    watchdog_cycles : cycles that a command may take from when its waits are met; 0: no limit.
    access : the core's reads and writes of the registers.
    core_reset, reset_vector : to the core.
    trap, pc : from the core: exceptions, and the address of an instruction under way.
    bus_idle : no access of the core is under way; it leaves reset only then.
    log_valid, log_byte : a byte for the host's log, for one cycle, without back pressure.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "status": Out(EngineStatus()),
                "given": Out(stream.Signature(8 * WORD_BYTES)),
                "dispatched": In(completed_layout()),
                "watchdog_cycles": In(32),
                "access": In(MailboxAccess()),
                "core_reset": Out(1, init=1),
                "reset_vector": Out(32),
                "trap": In(Trap()),
                "pc": In(32),
                "bus_idle": In(1),
                "log_valid": Out(1),
                "log_byte": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.port = port = CommandPort(Opcode.CORE)
        connect(m, flipped(self.commands), port.commands)
        access, config = self.access, port.config
        met, active, calling = Signal(), Signal(), Signal()
        booted, stopped, starting = Signal(), Signal(), Signal()
        # A register: the core's whole pipeline hangs on whether an access is answered.
        ready = Signal()
        write, ending, done = access.valid & access.write & ready, Signal(), Signal()
        trapped = Signal()
        accepted = calling & config.accept
        refused = self._give(m, write, accepted, calling)
        m.d.comb += [
            port.completed.eq(self.completed),
            met.eq(port.met.all()),
            active.eq(port.valid & met & ~stopped),
            ending.eq(
                write
                & (access.register == Mmio.DONE >> 2)
                & ((calling & ~stopped) | (starting & ~self.core_reset))
            ),
            done.eq(ending & ~trapped),
            access.ready.eq(ready),
            self.log_valid.eq(write & (access.register == Mmio.LOG >> 2)),
            self.log_byte.eq(access.wdata),
            self.reset_vector.eq(config.function),
        ]
        answerable = Mux(
            access.write,
            (access.register != Mmio.WORD >> 2) | (accepted & ~self.given.valid),
            calling | (access.register != Mmio.FUNCTION >> 2),
        )
        m.d.sync += [
            ready.eq(access.valid & ~ready & answerable),
            calling.eq(active & ~config.boot & ~done),  # a register too, for what is read
        ]
        with m.Switch(access.register):
            with m.Case(Mmio.PENDING >> 2):
                m.d.comb += access.rdata.eq(calling)
            with m.Case(Mmio.FUNCTION >> 2):
                m.d.comb += access.rdata.eq(config.function)
            with m.Case(Mmio.ARGUMENT >> 2):
                m.d.comb += access.rdata.eq(config.argument)
            for register, engine in COUNT_REGISTERS.items():
                with m.Case(register >> 2):
                    m.d.comb += access.rdata.eq(
                        Cat(self.completed[engine], self.dispatched[engine])
                    )

        # A boot holds the core in reset until nothing of its last life is under way.
        with m.If(active & config.boot & ~starting):
            m.d.sync += [starting.eq(1), self.core_reset.eq(1)]
        with m.Elif(starting & self.core_reset & self.bus_idle):
            m.d.sync += [self.core_reset.eq(0), booted.eq(1)]
        with m.If(done):
            m.d.sync += starting.eq(0)
        with m.If(stopped):
            m.d.sync += self.core_reset.eq(1)

        m.d.comb += [
            port.ready.eq(done),
            self.status.completed.eq(done & (access.wdata == 0)),
            self.status.busy.eq(active),
            self.status.waiting.eq(port.valid & ~met & ~stopped),
        ]
        trap = self._trap(m, write, ending, trapped)
        self._errors(m, active, done, (calling & ~booted) | refused, stopped, trap)
        return m

    def _give(self, m: Module, write: Value, accepted: Value, calling: Value) -> Signal:
        """Hand words to the sequencer; true for one that the command does not accept."""
        access, given = self.access, self.given
        low, refused = Signal(32), Signal()
        is_word = access.register == Mmio.WORD >> 2
        m.d.comb += refused.eq(access.valid & access.write & is_word & calling & ~accepted)
        with m.If(write & (access.register == Mmio.WORD_LOW >> 2)):
            m.d.sync += low.eq(access.wdata)
        with m.If(given.ready):
            m.d.sync += given.valid.eq(0)
        with m.If(write & is_word):
            m.d.sync += [given.valid.eq(1), given.payload.eq(Cat(low, access.wdata))]
        return refused

    def _trap(
        self, m: Module, write: Value, ending: Signal, trapped: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """Whether an exception stops the program now, its pc and its cause."""
        access = self.access
        # A cycle late: exceptions are known late in theirs, and a handler begins later still.
        trap_valid, trap_pc, trap_cause = Signal(), Signal(32), Signal(4)
        m.d.sync += [
            trap_valid.eq(self.trap.valid & ~self.core_reset),
            trap_pc.eq(self.trap.pc),
            trap_cause.eq(self.trap.cause),
        ]
        allowed, left = Signal(TRAP_BITS), Signal(TRAP_BITS)
        first_pc, first_cause = Signal(32), Signal(4)
        stop, pc, cause = Signal(), Signal(32), Signal(4)
        m.d.comb += [
            stop.eq(
                Mux(trapped, trap_valid | ending | (left == 0), trap_valid & (allowed == 0))
                & ~self.core_reset
            ),
            pc.eq(Mux(trapped, first_pc, trap_pc)),
            cause.eq(Mux(trapped, first_cause, trap_cause)),
        ]
        with m.If(self.core_reset):
            m.d.sync += [allowed.eq(0), trapped.eq(0)]
        with m.Else():
            with m.If(write & (access.register == Mmio.TRAP >> 2)):
                m.d.sync += allowed.eq(access.wdata)
            with m.If(trapped):
                m.d.sync += left.eq(left - 1)
            with m.Elif(trap_valid):
                m.d.sync += [
                    trapped.eq(1),
                    left.eq(allowed),
                    first_pc.eq(trap_pc),
                    first_cause.eq(trap_cause),
                ]
        return stop, pc, cause

    def _errors(
        self,
        m: Module,
        active: Signal,
        done: Signal,
        misused: Value,
        stopped: Signal,
        trap: tuple[Signal, Signal, Signal],
    ) -> None:
        status, access = self.status, self.access
        watched, left, expired = Signal(), Signal(32), Signal()
        with m.If(~active):
            m.d.sync += [watched.eq(self.watchdog_cycles.any()), left.eq(self.watchdog_cycles)]
        with m.Else():
            m.d.sync += left.eq(left - 1)
        m.d.sync += expired.eq(active & watched & (left == 1) & ~done)
        error, cause, address, info = Signal(), Signal(4), Signal(32), Signal(32)
        trap_stops, trap_pc, trap_cause = trap
        with m.If(trap_stops):
            m.d.comb += [
                error.eq(1),
                cause.eq(Cause.CORE_TRAP),
                address.eq(trap_pc),
                info.eq(trap_cause),
            ]
        with m.Elif(done & access.wdata.any()):
            m.d.comb += [error.eq(1), cause.eq(Cause.OP_STATUS), info.eq(access.wdata)]
        with m.Elif(expired):
            m.d.comb += [error.eq(1), cause.eq(Cause.WATCHDOG), address.eq(self.pc)]
        with m.Elif(misused):
            m.d.comb += [error.eq(1), cause.eq(Cause.CONFIG)]
        m.d.sync += [
            status.error.eq(error & ~stopped),
            status.cause.eq(cause),
            status.address.eq(address),
            status.info.eq(info),
        ]
        with m.If(error):
            m.d.sync += stopped.eq(1)
