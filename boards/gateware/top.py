"""A board's design without its pins: accelerator, memory and host link; only wires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch import registers
from arch.params import Params
from boards.gateware.axi_beat import AxiBeat
from boards.gateware.axi_memory import AxiMemory
from boards.gateware.link import Link
from gen.accelerator import accelerator

MakeMemory = Callable[[Params, int, int], wiring.Component]


@dataclass(frozen=True)
class LinkSettings:
    """What the host link is told of its board; see :class:`boards.gateware.link.Link`."""

    board: str
    clock_hz: int
    cycles_per_bit: int
    gap_bits: int = 20_000


class BoardTop(wiring.Component):
    """Everything on the FPGA but clock and pin buffers, in one clock domain.

    Parameters
    ----------
    params : the configuration.
    link : of the host link.
    memory_bytes : of external memory, at bus address 0.
    make_memory : makes the memory, of configuration, bytes and clock frequency: a component with
        a ``bus`` (:class:`boards.gateware.memory_bus.MemoryBus`) and, if it needs pins, ``pins``,
        which the top then has too.

    Members
    -------
    rx, tx : serial line to the host.
    busy : a program runs.
    error : the last program was stopped, or the host's last request came damaged.
    """

    def __init__(
        self,
        params: Params,
        link: LinkSettings,
        memory_bytes: int,
        make_memory: MakeMemory,
    ):
        self.params = params
        self.link = link
        self.memory_bytes = memory_bytes
        self.memory = make_memory(params, memory_bytes, link.clock_hz)
        ports = {"rx": In(1, init=1), "tx": Out(1, init=1), "busy": Out(1), "error": Out(1)}
        if "pins" in self.memory.signature.members:
            ports["pins"] = self.memory.signature.members["pins"]
        super().__init__(ports)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, settings = self.params, self.link
        m.submodules.npu = npu = accelerator(p)
        m.submodules.memory = memory = self.memory
        one_beat = p.config.datapath == "scalar"
        m.submodules.axi = axi = (AxiBeat if one_beat else AxiMemory)(p, self.memory_bytes)
        m.submodules.link = link = Link(
            p,
            self.memory_bytes,
            settings.board,
            settings.clock_hz,
            settings.cycles_per_bit,
            settings.gap_bits,
        )
        connect(m, npu.m_axi, axi.axi)
        connect(m, axi.memory, memory.bus)
        connect(m, link.memory, axi.host)
        connect(m, link.bus, npu.s_axil)
        if "pins" in self.signature.members:
            connect(m, memory.pins, flipped(self.pins))
        m.d.comb += [
            link.rx.eq(self.rx),
            self.tx.eq(link.tx),
            link.interrupt.eq(npu.interrupt),
        ]
        state = registers.STATUS["state"]
        with m.If(npu.event_started.any()):
            m.d.sync += [self.busy.eq(1), self.error.eq(0)]
        with m.If(npu.interrupt):
            m.d.sync += self.busy.eq(0)
        with m.If(link.status_read):
            found = link.status[state.lsb :][: state.width]
            m.d.sync += self.error.eq(found == registers.State.ERROR)
        with m.If(link.bad_frame):
            m.d.sync += self.error.eq(1)
        return m
