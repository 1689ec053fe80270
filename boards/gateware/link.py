"""The host link: frames from a serial line become accesses to registers and memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch import registers
from arch.params import Params, log2_exact
from boards import protocol
from boards.gateware.memory_bus import MemoryBus
from boards.gateware.uart import UartReceiver, UartTransmitter
from boards.protocol import Info, Space, Status
from hw.interfaces import axi_lite_signature

ERROR_BIT = 1  # of an AXI response: SLVERR and DECERR have it


class Link(wiring.Component):
    """Executes one request at a time (boards.protocol); writes only after their CRC was right.

    Parameters
    ----------
    params : the configuration.
    memory_bytes : of the board's memory, a power of two.
    board : its name, 16 characters or fewer.
    clock_hz, cycles_per_bit : of this clock domain.
    gap_bits : silence, in bit times, after which the beginning of a frame is forgotten.

    Members
    -------
    rx, tx : the serial line.
    bus : the accelerator's registers.
    memory : the board's memory.
    interrupt : for Info.INTERRUPT.
    bad_frame : one cycle for each damaged request.
    status_read, status : one cycle: the host has read STATUS, and what it found.
    """

    def __init__(
        self,
        params: Params,
        memory_bytes: int,
        board: str,
        clock_hz: int,
        cycles_per_bit: int,
        gap_bits: int,
    ):
        self.params = params
        self.memory_bytes = memory_bytes
        self.board = board
        self.clock_hz = clock_hz
        self.cycles_per_bit = cycles_per_bit
        self.gap_cycles = gap_bits * cycles_per_bit
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "bus": Out(axi_lite_signature(registers.ADDRESS_BITS)),
                "memory": Out(MemoryBus(params, memory_bytes)),
                "interrupt": In(1),
                "bad_frame": Out(1),
                "status_read": Out(1),
                "status": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.cycles_per_bit)
        m.submodules.transmitter = transmitter = UartTransmitter(self.cycles_per_bit)
        m.submodules.crc = crc = CRC32_ISO_HDLC(8).create()
        buffer = Memory(shape=32, depth=protocol.MAX_WORDS, init=[], attrs={"no_rw_check": 1})
        m.submodules.buffer = buffer
        write, read = buffer.write_port(), buffer.read_port()
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]

        header = Signal(
            data.StructLayout(
                {"write": 1, "space": 7, "tag": 8, "words": 8, "address": 32},
            )
        )
        index = Signal(range(protocol.MAX_WORDS))  # word of the request
        octet = Signal(range(8))  # byte of a header, word or CRC
        word = Signal(32)  # that arrives or leaves
        status = Signal(Status)
        last_tag, last_status, last_known = Signal(8), Signal(Status), Signal()
        # Bytes and words are cycles apart: what is compared may come a cycle late.
        last_word, known_sum, lost = Signal(), Signal(), Signal()
        gap = Signal(range(self.gap_cycles + 1))
        m.d.sync += [
            last_word.eq(index == (header.words - 1)[: len(index)]),
            known_sum.eq(crc.match_detected),
            gap.eq(Mux(receiver.valid, 0, gap + 1)),
            lost.eq(gap == self.gap_cycles),
        ]

        answer = Signal(32)  # the word of the buffer at ``index``, two cycles late
        m.d.sync += answer.eq(read.data)
        access = Signal()  # in state ACCESS: the access to ``header.address`` is under way
        done, is_refused, its_value = self._access(m, header, access, answer)
        refused, value = Signal(), Signal(32)
        out, out_ready = transmitter.octets, transmitter.octets.ready
        m.d.comb += [
            crc.start.eq(0),
            crc.data.eq(Mux(out.valid, out.payload, receiver.octet)),
            read.addr.eq(index),
            write.addr.eq(index),
            write.data.eq(Cat(word[8:], receiver.octet)),
        ]
        count = Mux(header.write | (status != Status.DONE), 0, header.words)

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [index.eq(0), octet.eq(0), status.eq(Status.DONE)]
                m.d.comb += crc.start.eq(1)
                with m.If(receiver.valid & (receiver.octet == protocol.REQUEST)):
                    m.next = "HEADER"
            with m.State("HEADER"):
                with m.If(lost):
                    m.next = "IDLE"
                with m.Elif(receiver.valid):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += [
                        header.eq(Cat(header.as_value()[8:], receiver.octet)),
                        octet.eq(octet + 1),
                    ]
                    with m.If(octet == protocol.HEADER_BYTES - 1):
                        m.d.sync += octet.eq(0)
                        m.next = "SIZE"
            with m.State("SIZE"):
                with m.If((header.words == 0) | (header.words > protocol.MAX_WORDS)):
                    m.next = "BAD"
                with m.Elif(header.write):
                    m.next = "PAYLOAD"
                with m.Else():
                    m.next = "CRC"
            with m.State("PAYLOAD"):
                with m.If(lost):
                    m.next = "IDLE"
                with m.Elif(receiver.valid):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += [word.eq(Cat(word[8:], receiver.octet)), octet.eq(octet + 1)]
                    with m.If(octet == protocol.WORD_BYTES - 1):
                        m.d.comb += write.en.eq(1)
                        m.d.sync += [octet.eq(0), index.eq(index + 1)]
                        with m.If(last_word):
                            m.next = "CRC"
            with m.State("CRC"):
                with m.If(lost):
                    m.next = "IDLE"
                with m.Elif(receiver.valid):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += octet.eq(octet + 1)
                    with m.If(octet == protocol.CRC_BYTES - 1):
                        m.d.sync += [octet.eq(0), index.eq(0)]
                        m.next = "SUM"
            with m.State("SUM"):
                m.next = "CHECK"
            with m.State("CHECK"):
                with m.If(~known_sum):
                    m.next = "BAD"
                with m.Elif(header.write & last_known & (last_tag == header.tag)):
                    m.d.sync += status.eq(last_status)
                    m.next = "ANSWER"
                with m.Else():
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "LATCH"
            with m.State("LATCH"):  # block RAM is slow, so its word gets a register
                m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.comb += access.eq(1)
                m.d.sync += [refused.eq(is_refused), value.eq(its_value)]
                with m.If(done):
                    m.next = "STORE"
            with m.State("STORE"):
                m.d.comb += [write.en.eq(~header.write), write.data.eq(value)]
                m.d.sync += [index.eq(index + 1), header.address.eq(header.address + 4)]
                with m.If(refused):
                    m.d.sync += status.eq(Status.REFUSED)
                with m.If(refused | last_word):
                    m.next = "ANSWER"
                with m.Else():
                    m.next = "FETCH"
            with m.State("BAD"):
                m.d.comb += self.bad_frame.eq(1)
                m.d.sync += status.eq(Status.BAD_FRAME)
                m.next = "ANSWER"
            with m.State("ANSWER"):
                with m.If(status != Status.BAD_FRAME):
                    m.d.sync += [
                        last_known.eq(header.write),
                        last_tag.eq(header.tag),
                        last_status.eq(status),
                    ]
                m.d.comb += [out.valid.eq(1), out.payload.eq(protocol.ANSWER), crc.start.eq(1)]
                m.d.sync += [
                    octet.eq(0),
                    index.eq(0),
                    word.eq(Cat(Const(0, 8), status, Const(0, 8 - len(status)), header.tag, count)),
                ]
                with m.If(out_ready):
                    m.next = "ANSWER_HEADER"
            with m.State("ANSWER_HEADER"):
                m.d.comb += [
                    out.valid.eq(1),
                    out.payload.eq(word.word_select(octet[:2] + 1, 8)),
                    crc.valid.eq(out_ready),
                ]
                with m.If(out_ready):
                    m.d.sync += octet.eq(octet + 1)
                    with m.If(octet == 2):
                        m.d.sync += octet.eq(0)
                        m.next = "ANSWER_WORDS"
                        with m.If(count == 0):
                            m.next = "ANSWER_CRC"
            with m.State("ANSWER_WORDS"):
                m.d.comb += [
                    out.valid.eq(1),
                    out.payload.eq(answer.word_select(octet[:2], 8)),
                    crc.valid.eq(out_ready),
                ]
                with m.If(out_ready):
                    m.d.sync += octet.eq(octet + 1)
                    with m.If(octet == protocol.WORD_BYTES - 1):
                        m.d.sync += [octet.eq(0), index.eq(index + 1)]
                        with m.If(last_word):
                            m.next = "ANSWER_CRC"
            with m.State("ANSWER_CRC"):
                m.d.comb += [out.valid.eq(1), out.payload.eq(crc.crc.word_select(octet[:2], 8))]
                with m.If(out_ready):
                    m.d.sync += octet.eq(octet + 1)
                    with m.If(octet == protocol.CRC_BYTES - 1):
                        m.next = "IDLE"
        return m

    def _access(self, m: Module, header, access, wdata) -> tuple[Signal, Signal, Signal]:
        """One access to the word at ``header.address``: done, refused, and what was read."""
        done, refused, value = Signal(init=1), Signal(), Signal(32)
        register = self._registers(m, access & (header.space == Space.REGISTERS), header, wdata)
        memory = self._memory(m, access & (header.space == Space.MEMORY), header, wdata)
        with m.Switch(header.space):
            with m.Case(Space.INFO):
                known, word = self._info(m, header.address)
                m.d.comb += [refused.eq(header.write | ~known), value.eq(word)]
            for space, (its_done, its_refused, its_value) in (
                (Space.REGISTERS, register),
                (Space.MEMORY, memory),
            ):
                with m.Case(space):
                    m.d.comb += [
                        done.eq(its_done),
                        refused.eq(its_refused),
                        value.eq(its_value),
                    ]
            with m.Default():
                m.d.comb += refused.eq(1)
        return done, refused, value

    def _info(self, m: Module, address) -> tuple[Signal, Signal]:
        """Whether there is such a word of information, and the word."""
        known, value, cycle = Signal(), Signal(32), Signal(32)
        m.d.sync += cycle.eq(cycle + 1)
        words = {
            Info.MAGIC: protocol.MAGIC,
            Info.VERSION: protocol.VERSION,
            **dict(enumerate(protocol.name_words(self.board), Info.BOARD)),
            Info.CLOCK_HZ: self.clock_hz,
            Info.MEMORY_BYTES: self.memory_bytes,
            Info.CYCLE: cycle,
            Info.INTERRUPT: self.interrupt,
        }
        with m.Switch(address):
            for index, word in words.items():
                with m.Case(index * protocol.WORD_BYTES):
                    m.d.comb += [known.eq(1), value.eq(word)]
        return known, value

    def _registers(self, m: Module, access, header, wdata) -> tuple[Signal, Signal, Signal]:
        """An AXI4-Lite access; an address beyond the bus or between words is refused."""
        bus = self.bus
        sent = Signal(name="register_sent")
        done, refused = Signal(name="register_done"), Signal(name="register_refused")
        outside = Signal()
        bits = registers.ADDRESS_BITS
        m.d.sync += outside.eq((header.address[bits:] != 0) | (header.address[:2] != 0))
        m.d.comb += [
            bus.wstrb.eq(-1),
            bus.bready.eq(1),
            bus.rready.eq(1),
            done.eq(access & (outside | bus.bvalid | bus.rvalid)),
            refused.eq(outside | Mux(header.write, bus.bresp[ERROR_BIT], bus.rresp[ERROR_BIT])),
            self.status_read.eq(bus.rvalid & (header.address[:bits] == registers.OFFSET["STATUS"])),
            self.status.eq(bus.rdata),
        ]
        for valid, ready in (
            (bus.awvalid, bus.awready),
            (bus.wvalid, bus.wready),
            (bus.arvalid, bus.arready),
        ):
            with m.If(ready):
                m.d.sync += valid.eq(0)
        with m.If(done):
            m.d.sync += sent.eq(0)
        with m.Elif(access & ~sent):
            m.d.sync += [
                sent.eq(1),
                bus.awvalid.eq(header.write),
                bus.wvalid.eq(header.write),
                bus.arvalid.eq(~header.write),
                bus.awaddr.eq(header.address),
                bus.araddr.eq(header.address),
                bus.wdata.eq(wdata),
            ]
        return done, refused, bus.rdata

    def _memory(self, m: Module, access, header, wdata) -> tuple[Signal, Signal, Signal]:
        """A word of the board's memory; an address beyond it or between words is refused."""
        port = self.memory
        command = port.commands.payload
        sent = Signal(name="memory_sent")
        done, outside = Signal(name="memory_done"), Signal(name="memory_outside")
        lane_bits = log2_exact(self.params.axi_bytes) - 2
        lane = header.address[2 : 2 + lane_bits]
        size_bits = log2_exact(self.memory_bytes)
        answer = Signal(32, name="memory_answer")
        m.d.sync += outside.eq((header.address[size_bits:] != 0) | (header.address[:2] != 0))
        m.d.comb += [
            port.commands.valid.eq(access & ~sent & ~outside),
            command.beat.eq(header.address[2 + lane_bits :]),
            command.write.eq(header.write),
            command.data.eq(wdata.replicate(1 << lane_bits)),
            command.mask.eq(0b1111 << (lane << 2) if lane_bits else 0b1111),
            answer.eq(port.data.word_select(lane, 32) if lane_bits else port.data),
            done.eq(access & (outside | Mux(header.write, port.commands.ready, port.valid))),
        ]
        with m.If(done):
            m.d.sync += sent.eq(0)
        with m.Elif(port.commands.valid & port.commands.ready):
            m.d.sync += sent.eq(1)
        return done, outside, answer
