"""The host's driver, written once against the Device protocol."""

from __future__ import annotations

from dataclasses import dataclass

from arch import registers
from arch.decode import ProgramError
from arch.isa import N_REGIONS, WORD_BYTES, Cause, Engine
from arch.params import Params
from arch.registers import OFFSET, Counter, State
from sim.device import Device, DeviceError

RESET_POLLS = 10_000  # reads of STATUS after which a soft reset has failed


class DeviceMismatch(DeviceError):
    """The device is not the accelerator that the host expects."""


class ProgramTimeout(DeviceError):
    """A program that did not end in the time it was given."""


@dataclass(frozen=True)
class RegionSetup:
    """A region of external memory: bus address, bytes, what programs may do."""

    base: int
    size: int
    read: bool = True
    write: bool = False


@dataclass(frozen=True)
class ProgramLocation:
    """Where a program lies: region, byte offset, bytes of commands."""

    region: int
    offset: int
    n_bytes: int


Counters = dict[Counter, int]


class Driver:
    """Runs programs on one device and explains what goes wrong.

    Parameters
    ----------
    device : the accelerator.
    params : the configuration that it must have been built from.
    """

    def __init__(self, device: Device, params: Params):
        self.device = device
        self.params = params

    async def _read(self, name: str) -> int:
        return await self.device.read_register(OFFSET[name])

    async def _write(self, name: str, value: int) -> None:
        await self.device.write_register(OFFSET[name], value)

    async def identify(self) -> None:
        """Check that the device is a weft accelerator of this version and configuration.

        Raises :class:`DeviceMismatch`.
        """
        expected = {
            "ID": (registers.IDENTITY, "is this a weft accelerator?"),
            "VERSION": (registers.VERSION, "generate the Verilog with this version of weft"),
            "DIGEST": (self.params.config.digest, "generate the Verilog from this configuration"),
        }
        for name, (wanted, remedy) in expected.items():
            found = await self._read(name)
            if found != wanted:
                raise DeviceMismatch(f"{name}: 0x{found:08x}, expected 0x{wanted:08x}; {remedy}")

    async def set_region(self, index: int, region: RegionSetup) -> None:
        """Give programs a region; a size of 0 takes it away."""
        axi_bytes = self.params.axi_bytes
        address_limit = 1 << self.params.config.axi_address_bits
        if not 0 <= index < N_REGIONS:
            raise DeviceError(f"region {index}: there are {N_REGIONS}, from 0")
        if region.base % axi_bytes:
            raise DeviceError(
                f"region {index}: base 0x{region.base:x} is no multiple of {axi_bytes}"
            )
        if region.base + region.size > address_limit or not 0 <= region.size < 1 << 32:
            raise DeviceError(
                f"region {index}: base 0x{region.base:x} and size 0x{region.size:x} exceed "
                f"{self.params.config.axi_address_bits} address bits or 32 bits of size"
            )
        flags = {"read": int(region.read), "write": int(region.write)}
        await self._write(f"REGION{index}_BASE", region.base & 0xFFFFFFFF)
        await self._write(f"REGION{index}_BASE_HIGH", region.base >> 32)
        await self._write(f"REGION{index}_SIZE", region.size)
        await self._write(f"REGION{index}_FLAGS", registers.REGION_FLAGS.pack(flags))

    async def status(self) -> tuple[State, bool]:
        """State, and whether no bus transaction is outstanding."""
        fields = registers.STATUS.unpack(await self._read("STATUS"))
        return State(fields["state"]), bool(fields["quiet"])

    async def counters(self) -> Counters:
        """The cycle counters of the last program."""
        return {counter: await self._read(f"COUNTER_{counter.name}") for counter in Counter}

    async def soft_reset(self) -> None:
        """Stop whatever runs, wait until the bus is at rest, and be ready for a program.

        Regions stay. Raises :class:`DeviceError` when the device does not come to rest.
        """
        await self._write("CONTROL", registers.CONTROL.pack({"reset": 1}))
        state, quiet = State.RUNNING, False
        for _ in range(RESET_POLLS):
            state, quiet = await self.status()
            if state is State.IDLE and quiet:
                return
        raise DeviceError(
            f"soft reset: after {RESET_POLLS} reads STATUS is still {state.name.lower()}, "
            f"{'' if quiet else 'not '}quiet; reset the whole device"
        )

    async def start(self, program: ProgramLocation, watchdog_cycles: int = 0) -> None:
        """Ring the doorbell; ``watchdog_cycles`` limits each command on the core (0: no limit)."""
        if program.offset % WORD_BYTES or program.n_bytes % WORD_BYTES:
            raise DeviceError(
                f"program: offset {program.offset} and size {program.n_bytes} must be multiples "
                f"of {WORD_BYTES} bytes"
            )
        every_cause = registers.INTERRUPT.pack({"done": 1, "error": 1})
        await self._write("INTERRUPT", every_cause)
        await self._write("INTERRUPT_ENABLE", every_cause)
        await self._write("PROGRAM_REGION", program.region)
        await self._write("PROGRAM_OFFSET", program.offset)
        await self._write("PROGRAM_BYTES", program.n_bytes)
        await self._write("WATCHDOG", watchdog_cycles)
        await self._write("CONTROL", registers.CONTROL.pack({"start": 1}))

    async def finish(self, timeout_cycles: int) -> Counters:
        """Wait for the end of the program; returns its counters.

        Raises :class:`ProgramError` when the device stopped it (it wants a soft reset then), and
        :class:`ProgramTimeout` when it runs on.
        """
        if not await self.device.wait_interrupt(timeout_cycles):
            raise await self._timeout(timeout_cycles)
        await self._write("INTERRUPT", await self._read("INTERRUPT"))
        state, _ = await self.status()
        if state is State.ERROR:
            raise await self._error()
        if state is not State.DONE:
            raise DeviceError(f"interrupt: STATUS is {state.name.lower()}, neither done nor error")
        return await self.counters()

    async def run(
        self, program: ProgramLocation, timeout_cycles: int, watchdog_cycles: int = 0
    ) -> Counters:
        """Start a program and wait for its end; see start and finish."""
        await self.start(program, watchdog_cycles)
        return await self.finish(timeout_cycles)

    async def _timeout(self, timeout_cycles: int) -> ProgramTimeout:
        state, _ = await self.status()
        counters = await self.counters()
        busy = ", ".join(
            f"{engine.name.lower()} {counters[Counter(Counter.LOAD_BUSY + engine)]} busy "
            f"{counters[Counter(Counter.LOAD_WAIT + engine)]} waiting"
            for engine in Engine
        )
        return ProgramTimeout(
            f"program: no interrupt within {timeout_cycles} cycles (state {state.name.lower()}; "
            f"cycles: {busy}); it hangs, or raise the timeout"
        )

    async def _error(self) -> ProgramError:
        code = await self._read("ERROR_CAUSE")
        source = registers.ERROR_SOURCE.unpack(await self._read("ERROR_SOURCE"))
        address, info = await self._read("ERROR_ADDRESS"), await self._read("ERROR_INFO")
        number = source["engine"]
        try:
            cause = Cause(code)
            engine = None if number == registers.SEQUENCER else Engine(number)
        except ValueError:
            raise DeviceError(
                f"error interrupt: cause {code} or engine {number} is unknown; does the device "
                "have this version of weft?"
            ) from None
        note = explain(cause, address, info)
        return ProgramError(cause, engine, source["command"], address, info, note)


def explain(cause: Cause, address: int, info: int) -> str:
    """What the registers ERROR_ADDRESS and ERROR_INFO say for a cause."""
    if cause in (Cause.REGION, Cause.BUS):
        return f"region {info}, offset 0x{address:x}"
    if cause is Cause.RANGE:
        return f"on-chip address 0x{address:x}"
    if cause is Cause.CORE_TRAP:
        return f"mcause {info}, pc 0x{address:x}"
    if cause is Cause.OP_STATUS:
        return f"status {info}"
    if cause is Cause.WATCHDOG:
        return f"pc 0x{address:x}"
    return ""
