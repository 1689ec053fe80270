"""Post-processing: drains accumulators (or element-wise operands) into the scratchpad."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch import isa
from arch.isa import Mode
from arch.params import Params, log2_exact
from hw.pixel_fetch import slot_layout
from hw.requantize import LATENCY as REQUANTIZE_LATENCY
from hw.requantize import Requantize, scale_layout
from hw.result_writer import ResultWriter, last_layout, last_of, writer_command_layout
from hw.scratchpad import result_layout

# Cycles from issue to result: read, select, choose, add, requantise, look up.
PIPELINE = 4 + REQUANTIZE_LATENCY + 1


def drain_command_layout(params: Params) -> data.StructLayout:
    """What this block needs of an array command; fields as in the command set.

    ``low``, ``high`` : of the results, of 16 bits where ``wide`` asks for them.
    ``high_byte`` : write the high byte of these.
    """
    return data.StructLayout(
        {
            "mode": 2,
            "keep_out": 1,
            "tile_w": 16,
            "tile_h": 16,
            "scale": scale_layout(),
            "per_channel": 1,
            "table_out": 1,
            "table_a": 1,
            "binary": 1,
            "zero_point": signed(8),
            "low": signed(16),
            "high": signed(16),
            "high_byte": 1,
            "writer": writer_command_layout(params),
        }
    )


class Drain(wiring.Component):
    """``lanes`` results a cycle: bias, requantisation, clamp, table; or operands instead of sums.

    It follows the accumulator as closely as finished words allow, and needs
    ``lane_groups`` cycles for each pixel of a block.

    Members
    -------
    command : taken when the last one's results have been written.
    finished : one cycle for each complete accumulator word.
    read_enable, read_address, read_data : port of the accumulator.
    available, release, group, bias, scales, per_channel, scale : see hw.quant_store.QuantStore.
    operands : slots of element-wise commands.
    codes, values : see hw.tables.Tables; without tables, values are zero.
    results : to the scratchpad.
    bank_freed, completed : one cycle for each block and for each command.
    range_error, range_address : a result outside the scratchpad.
    """

    def __init__(self, params: Params):
        self.params = params
        p = params
        lanes8 = data.ArrayLayout(signed(8), p.lanes)
        lanes32 = data.ArrayLayout(signed(32), p.lanes)
        super().__init__(
            {
                "command": In(stream.Signature(drain_command_layout(p))),
                "finished": In(1),
                "read_enable": Out(1),
                "read_address": Out(log2_exact(p.accumulator_depth) + 1),
                "read_data": In(data.ArrayLayout(signed(32), p.cols)),
                "available": In(1),
                "release": Out(1),
                "group": Out(range(max(2, p.lane_groups))),
                "per_channel": Out(1),
                "scale": Out(scale_layout()),
                "bias": In(lanes32),
                "scales": In(data.ArrayLayout(scale_layout(), p.lanes)),
                "operands": In(stream.Signature(slot_layout(p))),
                "codes": Out(data.ArrayLayout(lanes8, 2)),
                "values": In(data.ArrayLayout(lanes32, 2)),
                "results": Out(result_layout(p)),
                "bank_freed": Out(1),
                "completed": Out(1),
                "range_error": Out(1),
                "range_address": Out(isa.ADDRESS_BITS),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        c = Signal(drain_command_layout(p), reset_less=True)
        m.submodules.writer = writer = ResultWriter(p)
        elementwise = Signal()  # the mode; decides much, so it is a bit of its own

        # Issue: one group of lanes of one pixel a cycle.
        sums_issue, operands_issue = Signal(), Signal()
        x, y, block = Signal(16), Signal(16), Signal(16)
        group = Signal.like(self.group)
        index, bank = Signal(log2_exact(p.accumulator_depth)), Signal()
        credits, has_credit = Signal(log2_exact(p.accumulator_depth) + 2), Signal()
        last = Signal(last_layout(p), reset_less=True)
        last_block = Signal()  # a register: all counters hang on it
        last_group = Signal()
        if p.lane_groups == 1:
            m.d.comb += last_group.eq(1)
        else:
            m.d.comb += last_group.eq(
                c.keep_out | (group == Mux(last_block, last.group, p.lane_groups - 1))
            )
        from_sums, issue, pixel_done, block_done = Signal(), Signal(), Signal(), Signal()
        spent = Signal()  # a word of the accumulator
        tile_end = (x == last.x) & (y == last.y)
        m.d.comb += [
            from_sums.eq(sums_issue & has_credit & (c.keep_out | self.available)),
            issue.eq(from_sums | (operands_issue & self.operands.valid)),
            pixel_done.eq(issue & last_group),
            block_done.eq(pixel_done & tile_end),
            spent.eq(from_sums & last_group),
            self.operands.ready.eq(pixel_done & elementwise),
            self.read_enable.eq(from_sums),
            self.read_address.eq(Cat(index, bank)),
            self.group.eq(group),
            self.per_channel.eq(c.per_channel),
            self.scale.eq(c.scale),
            self.bank_freed.eq(spent & tile_end & ~c.keep_out),
            self.release.eq(self.bank_freed),
        ]
        m.d.sync += credits.eq(credits + self.finished - spent)
        with m.If(self.finished):
            m.d.sync += has_credit.eq(1)
        with m.Elif(spent):
            m.d.sync += has_credit.eq(credits != 1)
        with m.If(issue):
            m.d.sync += group.eq(group + 1)
        with m.If(pixel_done):
            m.d.sync += [group.eq(0), x.eq(x + 1), index.eq(index + 1)]
            with m.If(x == last.x):
                m.d.sync += [x.eq(0), y.eq(y + 1)]
        with m.If(block_done):
            m.d.sync += [y.eq(0), index.eq(0), block.eq(block + 1)]
            m.d.sync += last_block.eq(block == last.before_last_block)
            with m.If(last_block):
                m.d.sync += [sums_issue.eq(0), operands_issue.eq(0)]
            with m.If(self.bank_freed):
                m.d.sync += bank.eq(~bank)

        busy = Signal()
        with m.If(writer.finished):
            m.d.sync += busy.eq(0)
        m.d.comb += [
            # A command without results is complete when its sums are.
            writer.nothing.eq(block_done & last_block & c.keep_out),
            self.completed.eq(writer.completed),
            self.command.ready.eq(~busy),
            writer.start.eq(self.command.valid & self.command.ready),
            writer.command.eq(self.command.payload.writer),
            self.idle.eq(~busy),
        ]
        with m.If(writer.start):
            adds = self.command.payload.mode == Mode.ELEMENTWISE
            m.d.sync += [c.eq(self.command.payload), busy.eq(1), block.eq(0)]
            m.d.sync += [elementwise.eq(adds), operands_issue.eq(adds), sums_issue.eq(~adds)]
            m.d.sync += [
                last.eq(last_of(p, self.command.payload.writer)),
                last_block.eq(self.command.payload.writer.blocks == 1),
            ]

        valid = issue & ~(c.keep_out & ~elementwise)
        for stage in range(PIPELINE):
            later = Signal(name=f"valid_{stage + 1}")
            m.d.sync += later.eq(valid)
            valid = later
        self._lanes(m, c, elementwise, group)
        m.d.comb += [
            writer.valid.eq(valid),
            self.results.eq(writer.results),
            self.range_error.eq(writer.range_error),
            self.range_address.eq(writer.range_address),
        ]
        for lane in range(p.lanes):
            m.d.comb += writer.data[lane].eq(self._outputs[lane])
        return m

    def _lanes(self, m: Module, c, elementwise, group) -> None:
        """The data path of each lane; the results are in ``_outputs`` after PIPELINE cycles."""
        p = self.params
        s1_group = Signal.like(group)
        m.d.sync += s1_group.eq(group)
        self._outputs = []
        windows = self.operands.payload.data
        for lane in range(p.lanes):
            channels = range(lane, p.cols, p.lanes)

            # Sums: read (0 to 1), select (1 to 2).
            s2_sum = Signal(signed(32), name=f"s2_sum_{lane}", reset_less=True)
            s2_bias = Signal(signed(32), name=f"s2_bias_{lane}", reset_less=True)
            s2_scale, s3_scale, s4_scale = (
                Signal(scale_layout(), name=f"s{i}_scale_{lane}", reset_less=True)
                for i in (2, 3, 4)
            )
            m.d.sync += [
                s2_sum.eq(_pick([self.read_data[ch] for ch in channels], s1_group)),
                s2_bias.eq(self.bias[lane]),
                s2_scale.eq(Mux(elementwise, c.scale, self.scales[lane])),
                s3_scale.eq(s2_scale),
                s4_scale.eq(s3_scale),
            ]
            # Operands: select (0 to 1), look up (1 to 2).
            s1_codes = [
                Signal(signed(8), name=f"s1_code_{i}_{lane}", reset_less=True) for i in range(2)
            ]
            s2_a = Signal(signed(8), name=f"s2_a_{lane}", reset_less=True)
            for i, code in enumerate(s1_codes):
                if i < p.streams:
                    window = windows.word_select(i, 8 * p.window_bytes)
                    m.d.sync += code.eq(
                        _pick([window.word_select(ch, 8) for ch in channels], group)
                    )
            m.d.sync += s2_a.eq(s1_codes[0])
            # Sum and bias, or both operands (2 to 3): tables are block RAM, which answers too late
            # in the cycle for an adder. Add (3 to 4).
            a = Mux(c.table_a, self.values[0][lane], s2_a)
            b = Mux(c.binary, self.values[1][lane], 0)
            s3_a, s3_b, s4_value = (
                Signal(signed(32), name=f"{name}_{lane}", reset_less=True)
                for name in ("s3_a", "s3_b", "s4_value")
            )
            m.d.sync += [
                s3_a.eq(Mux(elementwise, a, s2_sum)),
                s3_b.eq(Mux(elementwise, b, s2_bias)),
                s4_value.eq(s3_a + s3_b),
            ]

            m.submodules[f"lane_{lane}"] = requantize = Requantize()
            s_last = Signal(signed(8), name=f"last_{lane}", reset_less=True)
            m.d.comb += [
                requantize.value.eq(s4_value),
                requantize.scale.eq(s4_scale),
                requantize.zero_point.eq(c.zero_point),
                requantize.low.eq(c.low),
                requantize.high.eq(c.high),
                self.codes[0][lane].eq(Mux(c.table_out, requantize.result[:8], s1_codes[0])),
                self.codes[1][lane].eq(s1_codes[1]),
            ]
            result = requantize.result
            m.d.sync += s_last.eq(Mux(c.high_byte, result[8:], result[:8]))
            self._outputs.append(Mux(c.table_out, self.values[0][lane][:8], s_last))


def _pick(choices: list, which):
    """The choice of that number."""
    value = choices[0]
    for k, choice in enumerate(choices[1:], 1):
        value = Mux(which == k, choice, value)
    return value
