"""cocotb: the host registers are those of arch.registers, and programs start and stop."""

from __future__ import annotations

import os
import random

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from arch import registers
from arch.isa import N_REGIONS, Cause, Engine
from arch.registers import CONTROL, OFFSET, REGISTERS, Access, Counter, State
from hw.regions import region_layout
from tests.hw.bench import Bench, pauses, unpack
from tests.hw.configs import variant

PARAMS = variant(os.environ["WEFT_VARIANT"])


class Rig:
    """Host bench with an AXI4-Lite manager; stands for engines, sequencer and buses."""

    def __init__(self, dut, pause: float = 0.0):
        self.dut = dut
        self.bench = Bench(dut)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "bus_"), dut.clk, dut.rst)
        for interface in (self.lite.write_if, self.lite.read_if):
            for channel in vars(interface).values():
                if hasattr(channel, "set_pause_generator"):
                    channel.log.setLevel("WARNING")
                    if pause:
                        channel.set_pause_generator(pauses(pause))
            interface.log.setLevel("WARNING")
        self.bench.add(self)
        self.starts = 0
        self.events = 0
        self.seen_events: list[int] = []
        self.random_events = False
        self.trace: list[tuple[int, int, int, int]] = []

    async def start(self) -> None:
        d = self.dut
        zero = {
            f"{prefix}__{name}": 0
            for prefix in (*(f"statuses__{e}" for e in range(4)), "sequencer")
            for name in ("completed", "busy", "waiting", "error", "cause", "address", "info")
        }
        await self.bench.start(
            **zero, quiet=1, completed=0, dispatched=0, events=0, lookup__valid=0, lookup__index=0
        )
        assert int(d.halt.value) == 1 and int(d.run.value) == 0
        assert await self.state() is State.IDLE

    def drive(self) -> None:
        self.events = random.getrandbits(len(Counter)) if self.random_events else 0
        self.dut.events.value = self.events

    def sample(self) -> None:
        d = self.dut
        start, run, halt = int(d.start.value), int(d.run.value), int(d.halt.value)
        assert run != halt, "halt is the complement of run"
        assert not (start and run)
        self.starts += start
        self.trace.append((start, run, halt, int(d.interrupt.value)))
        self.seen_events.append(self.events)

    def count(self, counter: Counter, end: int) -> int:
        """Events after the (last) start and before cycle ``end`` of the trace."""
        first = 1 + max(i for i, step in enumerate(self.trace) if step[0])
        if counter is Counter.TOTAL:
            return end - first
        return sum(events >> counter & 1 for events in self.seen_events[first:end])

    # ---- accesses ----------------------------------------------------------------------------
    async def write(self, name_or_offset: str | int, value: int) -> AxiResp:
        offset = OFFSET[name_or_offset] if isinstance(name_or_offset, str) else name_or_offset
        return (await self.lite.write(offset, value.to_bytes(4, "little"))).resp

    async def read(self, name_or_offset: str | int) -> tuple[int, AxiResp]:
        offset = OFFSET[name_or_offset] if isinstance(name_or_offset, str) else name_or_offset
        answer = await self.lite.read(offset, 4)
        return int.from_bytes(answer.data, "little"), answer.resp

    async def value(self, name: str) -> int:
        value, response = await self.read(name)
        assert response == AxiResp.OKAY, name
        return value

    async def put(self, name: str, value: int) -> None:
        assert await self.write(name, value) == AxiResp.OKAY, name

    async def doorbell(self) -> None:
        await self.put("CONTROL", CONTROL.pack({"start": 1}))

    async def soft_reset(self) -> None:
        await self.put("CONTROL", CONTROL.pack({"reset": 1}))

    async def state(self) -> State:
        return State(registers.STATUS.unpack(await self.value("STATUS"))["state"])

    async def pulse(self, prefix: str, **fields: int) -> None:
        """One cycle of an engine's (or the sequencer's) report."""
        await self.bench.cycles(1)  # accesses end at rising edges, inputs change at falling ones
        for name, value in fields.items():
            getattr(self.dut, f"{prefix}__{name}").value = value
        await self.bench.cycles(1)
        for name in fields:
            getattr(self.dut, f"{prefix}__{name}").value = 0

    async def rest(self) -> None:
        """Wait until the state is no longer RUNNING."""
        for _ in range(100):
            if await self.state() is not State.RUNNING:
                return
        raise AssertionError("still running")


def implemented_bits(name: str) -> int:
    """Bits that a readable and writable register keeps, from its documentation."""
    high = PARAMS.config.axi_address_bits - 32
    if name.endswith("BASE"):
        return 0xFFFFFFFF & ~(PARAMS.config.axi_data_bits // 8 - 1)
    if name.endswith("BASE_HIGH"):
        return (1 << high) - 1
    if name in ("PROGRAM_OFFSET", "PROGRAM_BYTES"):
        return 0xFFFFFFF8
    if name == "PROGRAM_REGION":
        return 7
    if name == "INTERRUPT_ENABLE" or name.endswith("FLAGS"):
        return 3
    return 0xFFFFFFFF


@cocotb.test()
async def every_address_answers_as_the_table_says(dut):
    """Unmapped addresses, read-only and write-only registers answer SLVERR."""
    rig = Rig(dut, pause=0.3)
    await rig.start()
    by_offset = {register.offset: register for register in REGISTERS}
    for offset in range(0, 1 << registers.ADDRESS_BITS, 4):
        if offset > 0x200 and random.random() < 0.9:
            continue
        register = by_offset.get(offset)
        readable = register is not None and register.access is not Access.WRITE
        writable = register is not None and register.access is not Access.READ
        value, response = await rig.read(offset)
        assert response == (AxiResp.OKAY if readable else AxiResp.SLVERR), hex(offset)
        assert readable or value == 0
        response = await rig.write(offset, 0)
        assert response == (AxiResp.OKAY if writable else AxiResp.SLVERR), hex(offset)
    c = PARAMS.config
    assert await rig.value("ID") == int.from_bytes(b"WEFT", "little")
    assert await rig.value("VERSION") == registers.VERSION
    assert await rig.value("DIGEST") == c.digest
    shape = (await rig.value("SHAPE")).to_bytes(4, "little")
    assert tuple(shape) == (c.rows, c.cols, c.lanes, c.streams)
    assert rig.starts == 0


@cocotb.test()
async def registers_keep_what_is_written_or_refuse_it(dut):
    """Random values in random order; those with bits that a register lacks change nothing."""
    rig = Rig(dut, pause=0.2)
    await rig.start()
    names = [r.name for r in REGISTERS if r.access is Access.READ_WRITE]
    kept = dict.fromkeys(names, 0)
    for name in names:
        await rig.put(name, 0)
    for _ in range(400):
        name = random.choice(names)
        value = random.getrandbits(32)
        if random.random() < 0.7:
            value &= implemented_bits(name)
        fits = value & ~implemented_bits(name) == 0
        assert await rig.write(name, value) == (AxiResp.OKAY if fits else AxiResp.SLVERR), name
        if fits:
            kept[name] = value
        probe = random.choice(names)
        assert await rig.value(probe) == kept[probe], probe
    d = dut
    outputs = {
        "PROGRAM_REGION": d.program_region,
        "PROGRAM_OFFSET": d.program_offset,
        "PROGRAM_BYTES": d.program_bytes,
        "WATCHDOG": d.watchdog,
    }
    for name, handle in outputs.items():
        assert int(handle.value) == kept[name]
    for region in range(N_REGIONS):
        await look_up(rig, region, kept)


async def look_up(rig: Rig, region: int, kept: dict[str, int]) -> None:
    """The buses' side of the table says the same as the registers."""
    rig.dut.lookup__valid.value = 1
    rig.dut.lookup__index.value = region
    await rig.bench.until(lambda: int(rig.dut.lookup__ready.value), "a free cycle", 20)
    await rig.bench.cycles(1)
    rig.dut.lookup__valid.value = 0
    entry = unpack(region_layout(PARAMS), int(rig.dut.lookup__entry.value))
    name = f"REGION{region}"
    base = kept[f"{name}_BASE_HIGH"] << 32 | kept[f"{name}_BASE"]
    assert entry.base_beat * PARAMS.axi_bytes == base
    assert entry.size == kept[f"{name}_SIZE"]
    assert entry.read | entry.write << 1 == kept[f"{name}_FLAGS"]


@cocotb.test()
async def a_write_of_some_bytes_is_refused(dut):
    rig = Rig(dut)
    await rig.start()
    await rig.put("WATCHDOG", 0x12345678)
    for data in (b"\xff", b"\xff\xff", b"\xff\xff\xff"):
        answer = await rig.lite.write(OFFSET["WATCHDOG"], data)
        assert answer.resp == AxiResp.SLVERR
    answer = await rig.lite.write(OFFSET["CONTROL"], b"\x01")
    assert answer.resp == AxiResp.SLVERR
    assert await rig.value("WATCHDOG") == 0x12345678
    assert rig.starts == 0


@cocotb.test()
async def a_program_runs_from_doorbell_to_interrupt(dut):
    """start is one cycle, run follows; the interrupt waits for quiet, and is cleared by a one."""
    rig = Rig(dut)
    await rig.start()
    await rig.put("INTERRUPT_ENABLE", 1)
    await rig.doorbell()
    await rig.bench.cycles(3)
    assert rig.starts == 1 and await rig.state() is State.RUNNING
    first_run = next(i for i, step in enumerate(rig.trace) if step[1])
    assert rig.trace[first_run - 1][0] == 1, "run follows start"
    await rig.doorbell()
    assert rig.starts == 1, "a doorbell while running is ignored"
    dut.quiet.value = 0
    await rig.pulse("sequencer", completed=1)
    await rig.bench.cycles(30)
    assert int(dut.halt.value) and not int(dut.interrupt.value)
    assert await rig.state() is State.RUNNING
    dut.quiet.value = 1
    await rig.bench.cycles(3)
    assert int(dut.interrupt.value)
    assert await rig.state() is State.DONE
    assert await rig.value("INTERRUPT") == 1 and await rig.value("ERROR_CAUSE") == 0
    await rig.put("INTERRUPT", 2)
    assert await rig.value("INTERRUPT") == 1
    await rig.put("INTERRUPT", 1)
    assert await rig.value("INTERRUPT") == 0 and not int(dut.interrupt.value)


@cocotb.test()
@cocotb.parametrize(index=list(range(20)))
async def the_first_error_is_kept(dut, index):
    """Of errors in one cycle the engine with the lowest number wins; later ones do not count."""
    rig = Rig(dut)
    await rig.start()
    counts = [random.getrandbits(16) for _ in range(4)]
    dispatched = random.getrandbits(16)
    dut.completed.value = sum(count << 16 * e for e, count in enumerate(counts))
    dut.dispatched.value = dispatched
    await rig.put("INTERRUPT_ENABLE", random.choice((0, 3)))
    await rig.doorbell()
    await rig.bench.cycles(3)
    sources = {f"statuses__{e}": (e, counts[e]) for e in range(4)}
    sources["sequencer"] = (registers.SEQUENCER, dispatched)
    chosen = sorted(
        random.sample(list(sources), random.choice((1, 1, 2, 5))),
        key=lambda prefix: sources[prefix][0],
    )
    reports = {
        prefix: {
            "error": 1,
            "cause": random.randrange(1, 13),
            "address": random.getrandbits(32),
            "info": random.getrandbits(32),
        }
        for prefix in chosen
    }
    for prefix, report in reports.items():
        for name, value in report.items():
            getattr(dut, f"{prefix}__{name}").value = value
    await rig.bench.cycles(1)
    for prefix in chosen:
        for name in reports[prefix]:
            getattr(dut, f"{prefix}__{name}").value = 0
    await rig.bench.cycles(1)
    await rig.pulse(random.choice(list(sources)), error=1, cause=5, address=1, info=2)
    await rig.rest()
    first = reports[chosen[0]]
    engine, command = sources[chosen[0]]
    assert await rig.state() is State.ERROR
    assert await rig.value("ERROR_CAUSE") == first["cause"]
    found = registers.ERROR_SOURCE.unpack(await rig.value("ERROR_SOURCE"))
    assert found == {"engine": engine, "command": command}
    assert await rig.value("ERROR_ADDRESS") == first["address"]
    assert await rig.value("ERROR_INFO") == first["info"]
    assert await rig.value("INTERRUPT") == 2
    await rig.doorbell()
    await rig.bench.cycles(3)
    assert await rig.state() is State.RUNNING and await rig.value("ERROR_CAUSE") == 0
    await rig.pulse("sequencer", completed=1)
    await rig.rest()
    assert await rig.state() is State.DONE
    assert await rig.value("ERROR_SOURCE") == 0


@cocotb.test()
async def a_completion_in_the_cycle_of_the_error_counts(dut):
    """The sequencer's count is one cycle behind; the error names the command after it."""
    rig = Rig(dut)
    await rig.start()
    await rig.doorbell()
    await rig.bench.cycles(3)
    dut.statuses__1__error.value = 1
    dut.statuses__1__cause.value = Cause.RANGE
    await rig.bench.cycles(1)
    dut.statuses__1__error.value = 0
    dut.completed.value = 7 << 16 * Engine.ARRAY
    await rig.rest()
    found = registers.ERROR_SOURCE.unpack(await rig.value("ERROR_SOURCE"))
    assert found == {"engine": Engine.ARRAY, "command": 7}


@cocotb.test()
@cocotb.parametrize(when=["idle", "running", "stopping", "done", "error"])
async def a_soft_reset_forgets_all_but_the_regions(dut, when):
    rig = Rig(dut)
    await rig.start()
    names = [r.name for r in REGISTERS if r.access is Access.READ_WRITE]
    kept = {name: random.getrandbits(32) & implemented_bits(name) for name in names}
    for name, value in kept.items():
        await rig.put(name, value)
    dut.dispatched.value = 77
    if when != "idle":
        await rig.doorbell()
        await rig.bench.cycles(5)
    if when in ("stopping", "error"):
        dut.quiet.value = when == "error"
        await rig.pulse("statuses__2", error=1, cause=Cause.CORE_TRAP, address=5, info=6)
        await rig.bench.cycles(9)
    if when == "done":
        await rig.pulse("sequencer", completed=1)
        await rig.bench.cycles(9)
    running = when in ("running", "stopping")
    starts = rig.starts
    await rig.soft_reset()
    dut.quiet.value = 1
    await rig.rest()
    assert await rig.state() is State.IDLE
    assert rig.starts == starts + 1, "engines and sequencer are reset"
    assert await rig.value("ERROR_CAUSE") == (Cause.ABORTED if running else Cause.NONE)
    source = registers.ERROR_SOURCE.unpack(await rig.value("ERROR_SOURCE"))
    aborted = {"command": 77, "engine": registers.SEQUENCER}
    assert source == (aborted if running else {"command": 0, "engine": 0})
    assert await rig.value("INTERRUPT") == (2 if running else 0)
    for counter in Counter:
        assert await rig.value(f"COUNTER_{counter.name}") == 0
    for name, value in kept.items():
        assert await rig.value(name) == (value if name.startswith("REGION") else 0), name
    await rig.doorbell()
    await rig.bench.cycles(3)
    assert await rig.state() is State.RUNNING and await rig.value("ERROR_CAUSE") == 0


@cocotb.test()
async def counters_count_every_event_of_a_running_program(dut):
    """Within bounds while it runs, exact and at rest after the end, zero at the next doorbell."""
    rig = Rig(dut)
    await rig.start()
    await rig.put("INTERRUPT_ENABLE", 1)
    rig.random_events = True
    for _ in range(4):
        rig.trace.clear()
        rig.seen_events.clear()
        await rig.doorbell()
        for _ in range(random.randrange(20)):
            counter = random.choice(list(Counter)[1:])
            low = rig.count(counter, len(rig.trace))
            value = await rig.value(f"COUNTER_{counter.name}")
            assert low <= value <= rig.count(counter, len(rig.trace)), counter.name
        await rig.bench.cycles(random.randrange(100))
        await rig.pulse("sequencer", completed=1)
        await rig.rest()
        await rig.bench.cycles(3)
        # A pending cause is a cycle behind the end, the interrupt line another one.
        end = next(i for i, step in enumerate(rig.trace) if step[3]) - 1
        for counter in Counter:
            expected = rig.count(counter, end)
            assert await rig.value(f"COUNTER_{counter.name}") == expected, counter.name
        await rig.put("INTERRUPT", 1)
