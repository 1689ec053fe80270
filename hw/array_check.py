"""Refuses array commands that the array engine cannot run."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.isa import MAX_LEAD, Cause, Mode, Opcode, Wide
from arch.params import Params
from hw.command_port import config_layout


class ArrayCheck(wiring.Component):
    """arch.decode.config_cause for array commands, in gates.

    Members
    -------
    config : the command.
    cause : arch.isa.Cause, one cycle later.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__({"config": In(config_layout(Opcode.ARRAY)), "cause": Out(4)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p, c = self.params, self.config
        elementwise = c.mode == Mode.ELEMENTWISE
        depthwise = c.mode == Mode.DEPTHWISE
        always = [
            c.mode > max(Mode),
            c.tile_w == 0,
            c.tile_h == 0,
            c.blocks == 0,
            c.run < c.tile_w,
            (c.lead != 0) & ~depthwise,
            c.lead > MAX_LEAD,
            c.lead > c.run,
            c.last_cols == 0,
            c.last_cols > p.cols,
            c.shift > 30,
            c.shift < -31,
            c.multiplier[31],
            c.wide > max(Wide),
            (c.wide != 0) & c.table_out,
        ]
        sums = [
            c.entries == 0,
            c.cb_count == 0,
            c.last_rows == 0,
            c.last_rows > p.rows,
            (c.keep_in | c.keep_out) & (c.blocks != 1),
        ]
        bad, bad_sums, bad_operands, absent = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            bad.eq(_any(always)),
            bad_sums.eq(~elementwise & _any(sums)),
            bad_operands.eq(elementwise & ((c.run != c.tile_w) | c.table_out)),
        ]
        if not p.config.elementwise:
            m.d.comb += absent.eq(elementwise | c.table_out)
        elif p.streams < 2:
            m.d.comb += absent.eq(elementwise & c.binary)
        m.d.sync += self.cause.eq(
            Mux(bad | bad_sums | bad_operands, Cause.CONFIG, Mux(absent, Cause.ABSENT, Cause.NONE))
        )
        return m


def _any(conditions: list):
    result = conditions[0]
    for condition in conditions[1:]:
        result = result | condition
    return result
