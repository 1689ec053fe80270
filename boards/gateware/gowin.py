"""Gowin GW2A: clock generation."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import ClockDomain, Elaboratable, Instance, Module, Signal
from amaranth.lib.cdc import ResetSynchronizer

from boards.gateware.clock import closest

VCO_HZ = (500e6, 1250e6)  # DS102, table of PLL parameters
PHASE_DETECTOR_HZ = (3e6, 500e6)
MAX_DIVIDER = 64
OUTPUT_DIVIDERS = (2, 4, 8, *range(16, 129, 16))


@dataclass(frozen=True)
class PllSettings:
    """Dividers of an rPLL."""

    input_hz: float
    input_divider: int
    feedback_divider: int
    output_divider: int
    output_hz: float


def pll_settings(input_hz: float, wanted_hz: float) -> PllSettings:
    """The dividers that come closest to a frequency; raises ClockError above 0.5 % off."""
    found = [
        PllSettings(input_hz, divider, feedback, output, input_hz / divider * feedback)
        for divider in range(1, MAX_DIVIDER + 1)
        if PHASE_DETECTOR_HZ[0] <= input_hz / divider <= PHASE_DETECTOR_HZ[1]
        for feedback in (round(wanted_hz / input_hz * divider),)
        if 1 <= feedback <= MAX_DIVIDER
        for output in OUTPUT_DIVIDERS
        if VCO_HZ[0] <= input_hz / divider * feedback * output <= VCO_HZ[1]
    ]
    return closest(found, input_hz, wanted_hz)


class Pll(Elaboratable):
    """Drives the domain ``sync``.

    Parameters
    ----------
    clock : input.
    settings : dividers.
    """

    def __init__(self, clock: Signal, settings: PllSettings):
        self.clock = clock
        self.settings = settings

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.settings
        m.domains.sync = sync = ClockDomain()
        locked = Signal()
        m.submodules.pll = Instance(
            "rPLL",
            p_FCLKIN=f"{s.input_hz / 1e6:g}",
            p_DEVICE="GW2A-18C",
            p_IDIV_SEL=s.input_divider - 1,
            p_FBDIV_SEL=s.feedback_divider - 1,
            p_ODIV_SEL=s.output_divider,
            p_DYN_IDIV_SEL="false",
            p_DYN_FBDIV_SEL="false",
            p_DYN_ODIV_SEL="false",
            p_DYN_DA_EN="false",
            p_CLKFB_SEL="internal",
            p_CLKOUT_BYPASS="false",
            p_CLKOUTP_BYPASS="false",
            p_CLKOUTD_BYPASS="false",
            i_CLKIN=self.clock,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=Signal(6),
            i_IDSEL=Signal(6),
            i_ODSEL=Signal(6),
            i_PSDA=Signal(4),
            i_DUTYDA=Signal(4),
            i_FDLY=Signal(4),
            o_CLKOUT=sync.clk,
            o_LOCK=locked,
        )
        m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
        return m
