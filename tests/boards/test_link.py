"""The host link's hardware, frame by frame: a frame here is made by hand from the protocol."""

from __future__ import annotations

import struct
import zlib

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from arch import registers
from arch.config import load_config
from arch.params import Params
from boards import protocol
from boards.gateware.block_ram import BlockRam
from boards.gateware.link import Link
from boards.protocol import Space, Status
from hw.interfaces import axi_lite_signature

CYCLES_PER_BIT = 4
GAP_BITS = 60
MEMORY_BYTES = 1024
CLOCK_HZ = 12_345_678


class LinkWithMemory(wiring.Component):
    def __init__(self) -> None:
        self.params = Params(load_config("tiny"))
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "bus": Out(axi_lite_signature(registers.ADDRESS_BITS)),
                "interrupt": In(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.link = link = Link(
            self.params, MEMORY_BYTES, "bench", CLOCK_HZ, CYCLES_PER_BIT, GAP_BITS
        )
        m.submodules.memory = memory = BlockRam(self.params, MEMORY_BYTES)
        connect(m, link.memory, memory.bus)
        connect(m, link.bus, flipped(self.bus))
        m.d.comb += [
            link.rx.eq(self.rx),
            self.tx.eq(link.tx),
            link.interrupt.eq(self.interrupt),
        ]
        return m


def request(space: int, address: int, count: int, words=None, tag: int = 1) -> bytes:
    body = struct.pack("<BBBI", space << 1 | (words is not None), tag, count, address)
    body += b"".join(struct.pack("<I", word) for word in words or [])
    return bytes([protocol.REQUEST]) + body + struct.pack("<I", zlib.crc32(body))


class Host:
    """Bits to and from the link, and registers behind it: OFFSET 0x40 and above are refused."""

    def __init__(self, ctx, dut: LinkWithMemory):
        self.ctx, self.dut = ctx, dut
        self.registers: dict[int, int] = {}
        self.writes: list[tuple[int, int]] = []

    async def send(self, data: bytes) -> None:
        for octet in data:
            bits = [0, *((octet >> i) & 1 for i in range(8)), 1]
            for bit in bits:
                self.ctx.set(self.dut.rx, bit)
                await self.ctx.tick().repeat(CYCLES_PER_BIT)

    async def receive(self, n_bytes: int, patience: int = 4000) -> bytes:
        data = bytearray()
        for _ in range(n_bytes):
            for _ in range(patience):
                if not self.ctx.get(self.dut.tx):
                    break
                await self.ctx.tick()
            else:
                return bytes(data)
            await self.ctx.tick().repeat(CYCLES_PER_BIT + CYCLES_PER_BIT // 2)
            value = 0
            for i in range(8):
                value |= self.ctx.get(self.dut.tx) << i
                await self.ctx.tick().repeat(CYCLES_PER_BIT)
            data.append(value)
        return bytes(data)

    async def ask(self, frame: bytes, count: int = 0) -> tuple[Status, int, list[int]]:
        """Status, tag and words of the answer, whose CRC must be right."""
        await self.send(frame)
        answer = await self.receive(8 + 4 * count)
        assert answer[0] == protocol.ANSWER
        assert struct.unpack("<I", answer[-4:])[0] == zlib.crc32(answer[1:-4])
        assert answer[3] == count
        return Status(answer[1]), answer[2], list(struct.unpack(f"<{count}I", answer[4:-4]))


async def serve(ctx, dut: LinkWithMemory, host: Host) -> None:
    """The accelerator's end of AXI4-Lite, slow to answer."""
    bus = dut.bus
    while True:
        await ctx.tick()
        for write, valid in ((True, bus.awvalid), (False, bus.arvalid)):
            if not ctx.get(valid):
                continue
            offset = ctx.get(bus.awaddr if write else bus.araddr)
            bad = offset >= 0x40
            for ready in (bus.awready, bus.wready) if write else (bus.arready,):
                ctx.set(ready, 1)
            value = ctx.get(bus.wdata)
            await ctx.tick()
            for ready in (bus.awready, bus.wready, bus.arready):
                ctx.set(ready, 0)
            await ctx.tick().repeat(3)
            if write:
                if not bad:
                    host.registers[offset] = value
                    host.writes.append((offset, value))
                ctx.set(bus.bresp, 2 if bad else 0)
                ctx.set(bus.bvalid, 1)
                await ctx.tick()
                ctx.set(bus.bvalid, 0)
            else:
                ctx.set(bus.rdata, host.registers.get(offset, 0))
                ctx.set(bus.rresp, 2 if bad else 0)
                ctx.set(bus.rvalid, 1)
                await ctx.tick()
                ctx.set(bus.rvalid, 0)


def run(check) -> None:
    dut = LinkWithMemory()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    hosts: list[Host] = []

    async def bench(ctx):
        host = Host(ctx, dut)
        hosts.append(host)
        await ctx.tick().repeat(8)
        await check(host)

    async def accelerator(ctx):
        while not hosts:
            await ctx.tick()
        await serve(ctx, dut, hosts[0])

    simulator.add_testbench(bench)
    simulator.add_testbench(accelerator, background=True)
    simulator.run()


def test_memory_reads_back_what_was_written_and_bytes_beyond_are_refused():
    async def check(host: Host) -> None:
        words = [0x11223344, 0xDEADBEEF, 0x01020304]
        status, tag, _ = await host.ask(request(Space.MEMORY, 0x10, 3, words, tag=7))
        assert (status, tag) == (Status.DONE, 7)
        status, tag, read = await host.ask(request(Space.MEMORY, 0x10, 3, tag=8), 3)
        assert (status, tag, read) == (Status.DONE, 8, words)
        last = MEMORY_BYTES - 4
        status, _, _ = await host.ask(request(Space.MEMORY, last, 2, [5, 6], tag=9))
        assert status is Status.REFUSED
        status, _, read = await host.ask(request(Space.MEMORY, last, 1, tag=10), 1)
        assert (status, read) == (Status.DONE, [5])

    run(check)


def test_registers_are_reached_and_refusals_are_told():
    async def check(host: Host) -> None:
        status, _, _ = await host.ask(request(Space.REGISTERS, 0x14, 1, [0xCAFE], tag=1))
        assert status is Status.DONE and host.registers == {0x14: 0xCAFE}
        status, _, read = await host.ask(request(Space.REGISTERS, 0x14, 1, tag=2), 1)
        assert (status, read) == (Status.DONE, [0xCAFE])
        assert (await host.ask(request(Space.REGISTERS, 0x40, 1, tag=3)))[0] is Status.REFUSED
        assert (await host.ask(request(Space.REGISTERS, 0x40, 1, [1], tag=4)))[0] is Status.REFUSED
        assert (await host.ask(request(Space.REGISTERS, 0x1014, 1, tag=5)))[0] is Status.REFUSED
        assert (await host.ask(request(3, 0, 1, tag=6)))[0] is Status.REFUSED

    run(check)


def test_information_names_the_board():
    async def check(host: Host) -> None:
        _, _, words = await host.ask(request(Space.INFO, 0, 10), 10)
        assert words[:2] == [protocol.MAGIC, protocol.VERSION]
        assert protocol.words_name(words[2:6]) == "bench"
        assert words[6:8] == [CLOCK_HZ, MEMORY_BYTES]
        assert words[9] == 0
        host.ctx.set(host.dut.interrupt, 1)
        _, _, later = await host.ask(request(Space.INFO, 32, 2, tag=2), 2)
        assert later[0] > words[8] and later[1] == 1

    run(check)


def test_a_damaged_write_does_nothing_and_its_repetition_is_done_once():
    async def check(host: Host) -> None:
        frame = request(Space.REGISTERS, 0x10, 1, [1], tag=3)
        for position in range(1, len(frame)):
            if position == 3:  # the number of words: below
                continue
            damaged = bytearray(frame)
            damaged[position] ^= 0x10
            if position == 1:  # now a read, or of another space
                damaged[position] = frame[position] ^ 0x02
            status, _, _ = await host.ask(bytes(damaged))
            assert status is Status.BAD_FRAME, position
        assert host.writes == []
        for _ in range(3):
            assert (await host.ask(frame))[0] is Status.DONE
        assert host.writes == [(0x10, 1)]
        await host.ask(request(Space.REGISTERS, 0x10, 1, tag=4), 1)
        assert (await host.ask(frame))[0] is Status.DONE  # the same tag, but not a repetition
        assert host.writes == [(0x10, 1)] * 2

    run(check)


def test_half_a_frame_is_forgotten_after_a_silence():
    async def check(host: Host) -> None:
        frame = request(Space.MEMORY, 0, 4, [1, 2, 3, 4])
        for cut in (1, 5, 12, len(frame) - 1):
            await host.send(frame[:cut])
            await host.ctx.tick().repeat(CYCLES_PER_BIT * (GAP_BITS + 2))
            status, tag, _ = await host.ask(request(Space.INFO, 0, 1, tag=cut), 1)
            assert (status, tag) == (Status.DONE, cut)
        too_many = bytearray(frame)
        too_many[3] = 65
        assert (await host.ask(bytes(too_many[:8])))[0] is Status.BAD_FRAME

    run(check)
