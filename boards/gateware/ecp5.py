"""Lattice ECP5: clock generation."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib.cdc import ResetSynchronizer

from boards.gateware.clock import closest

VCO_HZ = (400e6, 800e6)  # FPGA-DS-02012, table of sysCLOCK PLL timing
PHASE_DETECTOR_HZ = (3.125e6, 400e6)
MAX_DIVIDER = 128
VCO_STEPS_PER_CYCLE = 8  # the phase of an output moves in eighths of a VCO period


@dataclass(frozen=True)
class PllSettings:
    """Dividers of an EHXPLLL whose feedback is its first output."""

    input_divider: int
    feedback_divider: int
    output_divider: int
    output_hz: float


def pll_settings(input_hz: float, wanted_hz: float, doubled: bool = False) -> PllSettings:
    """The dividers that come closest to a frequency; raises ClockError above 0.5 % off.

    ``doubled`` : twice the frequency can be made beside it.
    """
    found = []
    for input_divider in range(1, MAX_DIVIDER + 1):
        compared_hz = input_hz / input_divider
        if not PHASE_DETECTOR_HZ[0] <= compared_hz <= PHASE_DETECTOR_HZ[1]:
            continue
        feedback = max(1, min(MAX_DIVIDER, round(wanted_hz / compared_hz)))
        output_hz = compared_hz * feedback
        step = 2 if doubled else 1
        output_divider = step * round(sum(VCO_HZ) / 2 / output_hz / step)
        if not 1 <= output_divider <= MAX_DIVIDER:
            continue
        if not VCO_HZ[0] <= output_hz * output_divider <= VCO_HZ[1]:
            continue
        found.append(PllSettings(input_divider, feedback, output_divider, output_hz))
    return closest(found, input_hz, wanted_hz)


class Pll(Elaboratable):
    """Drives the domain ``sync`` and, if it is asked to, ``chip``, a clock twice as fast.

    Parameters
    ----------
    clock : input.
    settings : dividers; those of a doubled frequency for the second domain.
    chip_delay_ns : how far the rising edges of ``chip`` are behind those of ``sync`` and the
        middle between them; None: there is no second domain.
    """

    def __init__(self, clock: Signal, settings: PllSettings, chip_delay_ns: float | None = None):
        self.clock = clock
        self.settings = settings
        self.chip_delay_ns = chip_delay_ns

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.settings
        m.domains.sync = sync = ClockDomain()
        locked, chip_clock = Signal(), Signal()
        with_chip = self.chip_delay_ns is not None
        vco_hz = s.output_hz * s.output_divider
        steps = round((self.chip_delay_ns or 0) * vco_hz / 1e9 * VCO_STEPS_PER_CYCLE)
        chip_divider = s.output_divider // 2
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=s.input_divider,
            p_CLKFB_DIV=s.feedback_divider,
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=s.output_divider,
            p_CLKOP_CPHASE=s.output_divider - 1,  # no phase: a count of the divider less one
            p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED" if with_chip else "DISABLED",
            p_CLKOS_DIV=chip_divider,
            p_CLKOS_CPHASE=chip_divider - 1 + steps // VCO_STEPS_PER_CYCLE,
            p_CLKOS_FPHASE=steps % VCO_STEPS_PER_CYCLE,
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_OUTDIVIDER_MUXB="DIVB",
            i_CLKI=self.clock,
            i_CLKFB=ClockSignal(),
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            i_ENCLKOS=0,
            o_CLKOP=sync.clk,
            o_CLKOS=chip_clock,
            o_LOCK=locked,
        )
        if with_chip:
            m.domains.chip = chip = ClockDomain(reset_less=True)
            m.d.comb += chip.clk.eq(chip_clock)
        m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
        return m
