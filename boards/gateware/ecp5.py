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


def pll_settings(input_hz: float, wanted_hz: float) -> PllSettings:
    """The dividers that come closest to a frequency; raises ClockError above 0.5 % off."""
    found = []
    for input_divider in range(1, MAX_DIVIDER + 1):
        compared_hz = input_hz / input_divider
        if not PHASE_DETECTOR_HZ[0] <= compared_hz <= PHASE_DETECTOR_HZ[1]:
            continue
        feedback = max(1, min(MAX_DIVIDER, round(wanted_hz / compared_hz)))
        output_hz = compared_hz * feedback
        output_divider = round(sum(VCO_HZ) / 2 / output_hz)
        if not 1 <= output_divider <= MAX_DIVIDER:
            continue
        if not VCO_HZ[0] <= output_hz * output_divider <= VCO_HZ[1]:
            continue
        found.append(PllSettings(input_divider, feedback, output_divider, output_hz))
    return closest(found, input_hz, wanted_hz)


class Pll(Elaboratable):
    """Drives the domain ``sync``, and ``shifted``, the same clock a quarter of a period later.

    Parameters
    ----------
    clock : input.
    settings : dividers.
    shifted : make the second domain.
    """

    def __init__(self, clock: Signal, settings: PllSettings, shifted: bool = False):
        self.clock = clock
        self.settings = settings
        self.shifted = shifted

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.settings
        m.domains.sync = sync = ClockDomain()
        locked, second = Signal(), Signal()
        divider = s.output_divider
        quarter = divider * VCO_STEPS_PER_CYCLE // 4
        coarse = divider - 1  # no phase: a count of the divider less one
        m.submodules.pll = Instance(
            "EHXPLLL",
            p_CLKI_DIV=s.input_divider,
            p_CLKFB_DIV=s.feedback_divider,
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=divider,
            p_CLKOP_CPHASE=coarse,
            p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED" if self.shifted else "DISABLED",
            p_CLKOS_DIV=divider,
            p_CLKOS_CPHASE=coarse + quarter // VCO_STEPS_PER_CYCLE,
            p_CLKOS_FPHASE=quarter % VCO_STEPS_PER_CYCLE,
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
            o_CLKOS=second,
            o_LOCK=locked,
        )
        if self.shifted:
            m.domains.shifted = shifted = ClockDomain(reset_less=True)
            m.d.comb += shifted.clk.eq(second)
        m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
        return m
