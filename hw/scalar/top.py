"""The accelerator with the scalar datapath: only wires."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Elaboratable, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from arch import registers
from arch.isa import Space
from arch.memory_map import DMEM_BASE, SCRATCHPAD_BASE
from arch.params import Params, log2_exact
from arch.registers import OFFSET
from arch.scalar import (
    BUS_BASE,
    CHIP_BASE,
    CONTROL_BASE,
    DATA_BASE,
    HOST_BYTES,
    Bus,
    ChipMap,
    code_bytes,
)
from hw.interfaces import accelerator_ports
from hw.scalar.bus_port import BusPort
from hw.scalar.control import Control
from hw.scalar.cpu import Cpu
from hw.scalar.host import ScalarHost
from hw.scalar.memories import CodeRom, Ram, SharedData

SPACE_BITS = 4  # of an address, that tell its memory


class ScalarNpu(wiring.Component):
    """One accelerator; its ports are those of :class:`hw.top.Npu`.

    Parameters
    ----------
    params : the configuration.
    code : instructions of the firmware.
    data : words of its data from HOST_BYTES on.
    """

    def __init__(self, params: Params, code: Sequence[int], data: Sequence[int]):
        self.params = params
        self.code, self.data = code, data
        super().__init__(accelerator_ports(params))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        m.submodules.host = host = ScalarHost(p)
        m.submodules.control = control = Control(p.config.has_core)
        m.submodules.rom = rom = CodeRom(code_bytes(p), self.code)
        m.submodules.shared = shared = SharedData([*self._host_words(), *self.data])
        m.submodules.chip = chip = Ram(ChipMap(p).n_bytes // 4)
        m.submodules.port = port = BusPort(p)
        cpu = Cpu(code_bytes(p), p.space_bytes[Space.IMEM])
        m.submodules.cpu = ResetInserter(control.cpu_reset)(cpu)
        connect(m, flipped(self.s_axil), host.bus)
        connect(m, port.axi, flipped(self.m_axi))
        connect(m, host.data, shared.host)
        m.d.comb += [
            shared.host_valid.eq(host.data_valid),
            rom.fetch.eq(cpu.fetch),
            rom.word.eq(cpu.word),
            cpu.instruction.eq(Mux(cpu.guest, chip.port.rdata, rom.instruction)),
            cpu.expired.eq(control.expired),
            self.interrupt.eq(host.interrupt),
            host.state.eq(control.state),
            host.quiet.eq(~port.busy),
            host.raised.eq(control.raised),
            control.doorbell.eq(host.doorbell),
            control.soft_reset.eq(host.soft_reset),
            control.bus_busy.eq(port.busy),
            control.bus_failed.eq(port.done & port.failed),
            self.event_started.eq(control.started),
            self.event_completed.eq(control.completed),
            self.log_valid.eq(control.log_valid),
            self.log_byte.eq(control.wdata),
            self.core_pc.eq(Mux(cpu.guest, cpu.pc, 0)),
        ]
        self._data_bus(m, cpu, control, shared, chip, port)
        return m

    def _host_words(self) -> list[int]:
        """What the host's registers read at power-up."""
        words = [0] * (HOST_BYTES // 4)
        for name, value in registers.identity(self.params.config).items():
            words[OFFSET[name] // 4] = value
        return words

    def _data_bus(
        self, m: Module, cpu: Cpu, control: Control, shared: SharedData, chip: Ram, port: BusPort
    ) -> None:
        """The processor's loads and stores to where their addresses are."""
        bus = cpu.bus
        space = bus.address[-SPACE_BITS:]
        shift = len(bus.address) - SPACE_BITS
        to_data, to_control, to_bus, to_chip = (
            (space == base >> shift) & (cpu.guest == 0)
            for base in (DATA_BASE, CONTROL_BASE, BUS_BASE, CHIP_BASE)
        )
        to_chip = to_chip | cpu.guest
        accepted, answers, from_bus = Signal(), Signal(), Signal()
        from_data, from_control, kept = Signal(), Signal(), Signal(32)
        m.d.comb += [
            bus.ready.eq(~(to_data & shared.host_valid) & ~(to_bus & control.halt)),
            accepted.eq(bus.valid & bus.ready),
            control.write.eq(accepted & to_control & bus.write),
            control.register.eq(bus.address[2:]),
            control.wdata.eq(bus.wdata),
            port.start.eq(accepted & to_bus),
            port.write.eq(bus.write),
            port.strobe.eq(bus.strobe),
            port.wdata.eq(bus.wdata),
        ]
        for ram, here in ((shared.cpu, to_data), (chip.port, to_chip)):
            m.d.comb += [
                ram.word.eq(bus.address[2:]),
                ram.read.eq(accepted & here & ~bus.write),
                ram.strobe.eq(bus.strobe & (accepted & here).replicate(4)),
                ram.wdata.eq(bus.wdata),
            ]
        self._guest(m, cpu, chip)
        m.d.sync += [answers.eq(accepted & ~to_bus), kept.eq(control.rdata)]
        with m.If(accepted):
            m.d.sync += [
                from_data.eq(to_data),
                from_control.eq(to_control),
                from_bus.eq(to_bus),
            ]
        m.d.comb += [
            bus.done.eq(answers | port.done),
            bus.rdata.eq(
                Mux(
                    from_bus,
                    port.rdata,
                    Mux(from_data, shared.cpu.rdata, Mux(from_control, kept, chip.port.rdata)),
                )
            ),
        ]
        self._bus_address(m, bus, control, port)

    def _guest(self, m: Module, cpu: Cpu, chip: Ram) -> None:
        """Fetches, loads and stores of operators."""
        if not self.params.config.has_core:
            return
        sizes, places = self.params.space_bytes, ChipMap(self.params)
        address, allowed, word = cpu.bus.address, [], Signal(len(chip.port.word))
        for space, base, place in (
            (Space.SCRATCHPAD, SCRATCHPAD_BASE, places.scratchpad),
            (Space.DMEM, DMEM_BASE, places.dmem),
        ):
            bits = log2_exact(sizes[space])
            inside = address[bits:] == base >> bits
            allowed.append(inside)
            with m.If(inside):
                m.d.comb += word.eq(place >> 2 | address[2:bits])
        m.d.comb += cpu.refused.eq(~(allowed[0] | allowed[1]))
        with m.If(cpu.guest):
            m.d.comb += chip.port.word.eq(word)
        with m.If(cpu.fetch & cpu.fetch_guest):
            inner = log2_exact(sizes[Space.IMEM]) - 2
            m.d.comb += [
                chip.port.word.eq(places.imem >> 2 | cpu.word[:inner]),
                chip.port.read.eq(1),
            ]

    def _bus_address(self, m: Module, bus, control: Control, port: BusPort) -> None:
        step = log2_exact(self.params.axi_bytes)
        address = Signal.like(port.address)
        m.d.comb += port.address.eq(address)
        with m.If(control.bus_address_written):
            m.d.sync += address.eq(control.wdata)
        with m.Elif(port.start & (bus.address[step] == Bus.NEXT >> step)):
            m.d.sync += address.eq(address + self.params.axi_bytes)
