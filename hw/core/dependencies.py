"""Finds the instructions in flight whose results an instruction reads."""

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

WRITER = data.StructLayout({"writes": 1, "rd": 5})


class Dependencies(wiring.Component):
    """Follows the writers of one source register through the pipeline.

    The register numbers are compared while the reading instruction enters stage D, a cycle before
    the answers are needed, with the stages that the others are in then. From then on the marks
    move as the instructions do, so that all that depends on them starts from registers.

    Members
    -------
    rs : source register of the instruction that enters D with ``enter``.
    enter : it does, and all stages move on by one. Else the instruction in D stays.
    d, x, m : what the instructions write that are in these stages now.
    x_stays, m_stays : the instruction in X, in M stays where it is (M only if X does).
    in_x, in_m, in_w : the instruction that is now in D reads what the one in this stage writes;
        the youngest writer counts, so the later mark is void where an earlier one is set.
    """

    rs: In(5)
    enter: In(1)
    d: In(WRITER)
    x: In(WRITER)
    m: In(WRITER)
    x_stays: In(1)
    m_stays: In(1)
    in_x: Out(1)
    in_m: Out(1)
    in_w: Out(1)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        with m.If(self.enter):
            m.d.sync += [
                self.in_x.eq(self.d.writes & (self.d.rd == self.rs)),
                self.in_m.eq(self.x.writes & (self.x.rd == self.rs)),
                self.in_w.eq(self.m.writes & (self.m.rd == self.rs)),
            ]
        with m.Elif(~self.x_stays):
            m.d.sync += [self.in_x.eq(0), self.in_m.eq(self.in_x), self.in_w.eq(self.in_m)]
        with m.Elif(~self.m_stays):
            m.d.sync += [self.in_m.eq(0), self.in_w.eq(self.in_m)]
        with m.Else():
            m.d.sync += self.in_w.eq(0)
        return m
