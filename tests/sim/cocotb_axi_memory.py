"""cocotbext-axi's manager judges the memory model: data, timing, order, responses."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer, ValueChange
from cocotbext.axi import AxiBus, AxiMaster, AxiResp

BASE = 0x8000_0000
BYTES = 0x1_0000
MANAGER_INPUTS = (
    "arid",
    "araddr",
    "arlen",
    "arsize",
    "arburst",
    "arvalid",
    "rready",
    "awid",
    "awaddr",
    "awlen",
    "awsize",
    "awburst",
    "awvalid",
    "wdata",
    "wstrb",
    "wlast",
    "wvalid",
    "bready",
)


async def start(dut, **settings: int) -> None:
    """Clock, reset and settings of the memory; defaults: short latency, full rate, no stalls."""
    values = {
        "read_latency": 2,
        "write_latency": 2,
        "read_rate": 0x8000,
        "write_rate": 0x8000,
        "stall": 0,
        "out_of_order": 0,
        "interleave": 0,
        "base": BASE,
        "bytes": BYTES,
        "error_base": 0,
        "error_bytes": 0,
        "seed": random.getrandbits(64),
        "host_request": 0,
        "host_dump": 0,
        "host_address": 0,
        "host_count": 0,
        **settings,
    }
    for name, value in values.items():
        getattr(dut, name).value = value
    for name in MANAGER_INPUTS:
        getattr(dut, name).value = 0
    dut.rst.value = 1
    dut.reseed.value = 1
    Clock(dut.clk, 10, "ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    dut.reseed.value = 0
    await FallingEdge(dut.clk)


def manager(dut) -> AxiMaster:
    axi = AxiMaster(AxiBus.from_entity(dut), dut.clk, dut.rst)
    for part in (axi.write_if, axi.read_if):
        part.log.setLevel(logging.WARNING)
    return axi


async def host_move(dut, address: int, count: int, dump: bool) -> None:
    dut.host_address.value = address
    dut.host_count.value = count
    dut.host_dump.value = int(dump)
    dut.host_request.value = 1 - int(dut.host_done.value)
    await ValueChange(dut.host_done)
    assert dut.host_failed.value == 0


async def traffic(dut, axi: AxiMaster, n_operations: int) -> None:
    """Four clients, each in a quarter of its own, write and read at random and compare."""
    beat = len(dut.wdata) // 8
    quarter = BYTES // 4

    async def client(first: int) -> None:
        expected = bytearray(quarter)
        await axi.write(BASE + first, bytes(expected))
        for _ in range(n_operations):
            n_bytes = random.choice((1, beat, random.randrange(1, 64 * beat)))
            offset = random.randrange(quarter - n_bytes)
            if random.random() < 0.5:
                data = random.randbytes(n_bytes)
                answer = await axi.write(BASE + first + offset, data)
                expected[offset : offset + n_bytes] = data
            else:
                answer = await axi.read(BASE + first + offset, n_bytes)
                assert answer.data == expected[offset : offset + n_bytes]
            assert answer.resp == AxiResp.OKAY

    tasks = [cocotb.start_soon(client(index * quarter)) for index in range(4)]
    for task in tasks:
        await task


class Watch:
    """Cycles of handshakes, taken from the signals themselves."""

    def __init__(self, dut):
        self.dut, self.cycle = dut, 0
        self.ar: list[int] = []
        self.r: list[tuple[int, int, int]] = []
        self.w_beats: list[int] = []
        self.w_last: list[int] = []
        self.b: list[tuple[int, int]] = []
        self.aw_ids: list[int] = []
        self.ar_ids: list[int] = []
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            if dut.arvalid.value == 1 and dut.arready.value == 1:
                self.ar.append(self.cycle)
                self.ar_ids.append(int(dut.arid.value))
            if dut.rvalid.value == 1 and dut.rready.value == 1:
                self.r.append((self.cycle, int(dut.rid.value), int(dut.rlast.value)))
            if dut.awvalid.value == 1 and dut.awready.value == 1:
                self.aw_ids.append(int(dut.awid.value))
            if dut.wvalid.value == 1 and dut.wready.value == 1:
                self.w_beats.append(self.cycle)
                if dut.wlast.value == 1:
                    self.w_last.append(self.cycle)
            if dut.bvalid.value == 1 and dut.bready.value == 1:
                self.b.append((self.cycle, int(dut.bid.value)))


@cocotb.test()
@cocotb.parametrize(stall=[0, 128], out_of_order=[0, 1], interleave=[0, 1])
async def data_survive_random_traffic(dut, stall, out_of_order, interleave):
    await start(
        dut,
        stall=stall,
        out_of_order=out_of_order,
        interleave=interleave,
        read_latency=random.randrange(2, 40),
        write_latency=random.randrange(2, 40),
    )
    await traffic(dut, manager(dut), 12)
    assert dut.protocol_error.value == 0


@cocotb.test()
@cocotb.parametrize(latency=[2, 3, 32, 100])
async def latency_is_exact(dut, latency):
    await start(dut, read_latency=latency, write_latency=latency)
    axi, watch = manager(dut), Watch(dut)
    for _ in range(3):
        await axi.write(BASE, bytes(64))
        await axi.read(BASE, 64)
    first_beats = [watch.r[0], *(b for a, b in zip(watch.r, watch.r[1:], strict=False) if a[2])]
    assert [r[0] - ar for ar, r in zip(watch.ar, first_beats, strict=True)] == [latency] * 3
    assert [b[0] - w for w, b in zip(watch.w_last, watch.b, strict=True)] == [latency] * 3


@cocotb.test()
@cocotb.parametrize(rate_256ths=[256, 512, 768, 1024, 2048, 2731, 4096])
async def bandwidth_is_met_and_not_exceeded(dut, rate_256ths):
    """Long bursts take as many cycles as their bytes need at the set rate, in each direction."""
    await start(dut, read_rate=rate_256ths, write_rate=rate_256ths)
    axi, watch = manager(dut), Watch(dut)
    beat, n_bytes = len(dut.wdata) // 8, 4096
    await axi.write(BASE, bytes(n_bytes))
    started = watch.cycle
    await axi.read(BASE, n_bytes)
    beats = [cycle for cycle, _, _ in watch.r if cycle >= started]
    cycles_per_beat = max(1.0, beat * 256 / rate_256ths)
    wanted = (n_bytes // beat - 1) * cycles_per_beat
    assert abs(beats[-1] - beats[0] - wanted) <= 2
    assert abs(watch.w_beats[-1] - watch.w_beats[0] - wanted) <= 2


@cocotb.test()
async def answers_overtake_only_with_another_id(dut):
    """With out_of_order, bursts of different IDs swap places; each ID keeps its own order."""
    await start(dut, out_of_order=1, read_latency=20, write_latency=20)
    axi, watch = manager(dut), Watch(dut)
    await axi.write(BASE, bytes(range(256)) * 8)
    watch.aw_ids.clear(), watch.b.clear()
    tasks = [cocotb.start_soon(axi.read(BASE + 32 * i, 32, arid=i % 4)) for i in range(40)]
    for index, task in enumerate(tasks):
        assert (await task).data == (bytes(range(256)) * 2)[32 * (index % 8) :][:32]
    last_ids = [rid for _, rid, last in watch.r if last]
    assert sorted(last_ids) == sorted(watch.ar_ids) and last_ids != watch.ar_ids
    tasks = [cocotb.start_soon(axi.write(BASE + 32 * i, bytes(8), awid=i % 4)) for i in range(40)]
    for task in tasks:
        await task
    ids = [bid for _, bid in watch.b]
    assert sorted(ids) == sorted(watch.aw_ids) and ids != watch.aw_ids


@cocotb.test()
@cocotb.parametrize(interleave=[0, 1])
async def bursts_interleave_only_when_told(dut, interleave):
    await start(dut, out_of_order=1, interleave=interleave, read_latency=40)
    axi, watch = manager(dut), Watch(dut)
    tasks = [cocotb.start_soon(axi.read(BASE, 512, arid=i % 4)) for i in range(8)]
    for task in tasks:
        await task
    open_bursts, mixed = set(), False
    for _, rid, last in watch.r:
        mixed |= bool(open_bursts - {rid})
        (open_bursts.discard if last else open_bursts.add)(rid)
    assert mixed == bool(interleave)


@cocotb.test()
async def errors_answer_where_they_should(dut):
    await start(dut, error_base=BASE + 0x1000, error_bytes=0x100)
    axi = manager(dut)
    for address, response in (
        (BASE + 0x0FC0, AxiResp.OKAY),
        (BASE + 0x1000, AxiResp.SLVERR),
        (BASE + 0x10C0, AxiResp.SLVERR),
        (BASE + 0x1100, AxiResp.OKAY),
        (BASE - 64, AxiResp.DECERR),
        (BASE + BYTES - 64, AxiResp.OKAY),
        (BASE + BYTES, AxiResp.DECERR),
    ):
        assert (await axi.write(address, bytes(64))).resp == response, hex(address)
        assert (await axi.read(address, 64)).resp == response, hex(address)
    # One bad beat spoils the answer of its whole burst, not its neighbours' data.
    assert (await axi.write(BASE + 0x0FC0, b"\x55" * 128)).resp == AxiResp.SLVERR
    assert (await axi.read(BASE + 0x0FC0, 64)).data == b"\x55" * 64


@cocotb.test()
async def the_host_loads_and_dumps_any_bytes(dut):
    """Unaligned pieces, every byte value, around what lies in memory already."""
    await start(dut)
    axi = manager(dut)
    await axi.write(BASE, b"\xaa" * 1024)
    data = bytes(range(256)) + random.randbytes(100)
    Path("load.bin").write_bytes(data)
    await host_move(dut, BASE + 13, len(data), dump=False)
    expected = b"\xaa" * 13 + data + b"\xaa" * (1024 - 13 - len(data))
    assert (await axi.read(BASE, 1024)).data == expected
    await host_move(dut, BASE + 5, 500, dump=True)
    assert Path("dump.bin").read_bytes() == expected[5:505]


@cocotb.test()
async def a_short_file_is_reported(dut):
    await start(dut)
    Path("load.bin").write_bytes(b"abc")
    dut.host_address.value = BASE
    dut.host_count.value = 4
    dut.host_request.value = 1 - int(dut.host_done.value)
    await ValueChange(dut.host_done)
    assert dut.host_failed.value == 1


@cocotb.test()
async def equal_seeds_stall_in_equal_cycles(dut):
    await start(dut, stall=100)
    axi, cycles = manager(dut), []
    await axi.write(BASE, bytes(64))
    await axi.read(BASE, 64)
    for seed in (5, 5, 6):
        await FallingEdge(dut.clk)
        dut.seed.value = seed
        dut.reseed.value = 1
        await FallingEdge(dut.clk)
        dut.reseed.value = 0
        await FallingEdge(dut.clk)
        before = cocotb.utils.get_sim_time("ns")
        await axi.write(BASE, bytes(2048))
        await axi.read(BASE, 2048)
        cycles.append(cocotb.utils.get_sim_time("ns") - before)
    assert cycles[0] == cycles[1] != cycles[2]


GOOD = {"araddr": BASE, "arlen": 0, "arsize": None, "arburst": 1, "arvalid": 1}


@cocotb.test()
@cocotb.parametrize(
    change=[
        {},
        {"arburst": 2},
        {"arburst": 0},
        {"arsize": 0},
        {"araddr": BASE + 4096 - 8, "arlen": 2},
    ]
)
async def the_checker_refuses_irregular_bursts(dut, change):
    await start(dut)
    full = (len(dut.rdata) // 8).bit_length() - 1
    for name, value in {**GOOD, "arsize": full, **change}.items():
        getattr(dut, name).value = value
    await FallingEdge(dut.clk)
    dut.arvalid.value = 0
    await FallingEdge(dut.clk)
    assert dut.protocol_error.value == int(bool(change))


@cocotb.test()
@cocotb.parametrize(what=["drop", "change", "hold"])
async def the_checker_wants_valid_and_payload_held(dut, what):
    await start(dut, stall=256)  # nothing is ever ready
    await Timer(30, "ns")
    await FallingEdge(dut.clk)
    full = (len(dut.rdata) // 8).bit_length() - 1
    for name, value in {**GOOD, "arsize": full}.items():
        getattr(dut, name).value = value
    await FallingEdge(dut.clk)
    if what == "drop":
        dut.arvalid.value = 0
    elif what == "change":
        dut.araddr.value = BASE + 64
    await FallingEdge(dut.clk)
    assert dut.protocol_error.value == int(what != "hold")


@cocotb.test()
@cocotb.parametrize(last_beat=[0, 1])
async def the_checker_wants_wlast_on_the_last_beat(dut, last_beat):
    await start(dut)
    full = (len(dut.rdata) // 8).bit_length() - 1
    for name, value in {"awaddr": BASE, "awlen": 1, "awsize": full, "awburst": 1}.items():
        getattr(dut, name).value = value
    dut.awvalid.value = 1
    await FallingEdge(dut.clk)
    dut.awvalid.value = 0
    dut.wvalid.value = 1
    for index in range(2):
        dut.wlast.value = int(index == last_beat)
        while dut.wready.value != 1:
            await FallingEdge(dut.clk)
        await FallingEdge(dut.clk)
    dut.wvalid.value = 0
    await FallingEdge(dut.clk)
    assert dut.protocol_error.value == int(last_beat != 1)
