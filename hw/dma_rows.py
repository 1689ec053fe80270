"""The front of a DMA engine: takes commands, checks them and steps through their rows."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import ADDRESS_BITS, N_REGIONS, Cause, Opcode, Source, Space
from arch.params import Params, log2_exact
from hw.command_port import CommandPort
from hw.interfaces import command_signature, completed_layout

OFFSET_BITS = 32

_ADDRESS_LAYOUT = data.StructLayout({"chip": ADDRESS_BITS, "external": OFFSET_BITS})
_S1_LAYOUT = data.StructLayout(
    {
        "chip": ADDRESS_BITS,
        "external": OFFSET_BITS,
        "chip_end": ADDRESS_BITS + 1,
        "external_end": ADDRESS_BITS + 1,
        "last": 1,
        "end": ADDRESS_BITS + 1,  # on-chip address behind the row
    }
)


def dma_row_layout(params: Params) -> data.StructLayout:
    """A row: ``length`` bytes, contiguous on chip and in external memory.

    ``chip_end`` and ``external_end`` are the lanes of the first byte plus ``length - 1``: above
    the lane bits they tell how many chunks follow the first. ``last``: of its command.
    """
    return data.StructLayout(
        {
            "chip": ADDRESS_BITS,
            "external": OFFSET_BITS,
            "length": ADDRESS_BITS,
            "chip_end": ADDRESS_BITS + 1,
            "external_end": ADDRESS_BITS + 1,
            "region": range(N_REGIONS),
            "space": len(Space).bit_length(),
            "fill": 1,
            "value": 8,
            "last": 1,
        }
    )


class DmaRows(wiring.Component):
    """Commands of the load or the store engine as a stream of checked rows.

    The next command is taken while rows of the last one are still under way. An error waits until
    they are done (``idle``): it is then the first one of the program's order.

    Parameters
    ----------
    opcode : LOAD or STORE.

    Members
    -------
    commands, completed : see :class:`hw.command_port.CommandPort`.
    rows : one row in two cycles.
    stop : the engine has failed elsewhere: no more rows.
    idle : all rows that were handed out are done.
    failed : one cycle: the engine must stop with ``cause`` (CONFIG, ABSENT, RANGE, or REGION for a
        region that does not exist), ``address`` and ``info``.
    working, waiting : a command is under way here; a command waits for another engine.
    """

    def __init__(self, params: Params, opcode: Opcode):
        self.params = params
        self.opcode = opcode
        super().__init__(
            {
                "commands": In(command_signature()),
                "completed": In(completed_layout()),
                "rows": Out(stream.Signature(dma_row_layout(params))),
                "stop": In(1),
                "idle": In(1),
                "failed": Out(1),
                "cause": Out(4),
                "address": Out(OFFSET_BITS),
                "info": Out(32),
                "working": Out(1),
                "waiting": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.port = port = CommandPort(self.opcode)
        connect(m, flipped(self.commands), port.commands)
        m.d.comb += port.completed.eq(self.completed)
        config = port.config
        all_met = port.met.all()
        length_less_1 = Signal(ADDRESS_BITS)
        m.d.sync += length_less_1.eq(config.length - 1)

        # The addresses of the next row are made in the cycle behind the one in which a row goes on:
        # whether it does is known late in a cycle, and a row takes two in any case.
        begin, row_valid, row_taken, row_went = Signal(), Signal(), Signal(), Signal()
        row, is_last = self._walk(m, config, begin, row_went)
        m.d.sync += row_went.eq(row_taken)

        # A row is there for a cycle before it is handed out: it is checked then.
        s1_valid, s1 = Signal(), Signal(_S1_LAYOUT)
        checked, good, outside = Signal(), Signal(), Signal()
        range_bad, size = self._range(m, config, s1.end)
        fill = self._fill(config)
        region_bad = (config.region >= N_REGIONS) & ~fill
        handed = self.rows.valid & self.rows.ready
        out = self.rows.payload
        m.d.comb += [
            self.rows.valid.eq(good & ~self.stop),
            out.length.eq(config.length),
            out.region.eq(config.region),
            out.space.eq(config.space),
            out.fill.eq(fill),
            out.value.eq(config.fill),
            *(out[name].eq(s1[name]) for name, _ in _S1_LAYOUT if name != "end"),
            row_taken.eq(row_valid & ~row_went & (~s1_valid | handed)),
        ]
        m.d.sync += [
            checked.eq(s1_valid),
            outside.eq(range_bad),
            good.eq(s1_valid & ~range_bad & ~region_bad),
        ]
        with m.If(handed):
            m.d.sync += [s1_valid.eq(0), checked.eq(0), good.eq(0)]
        with m.If(row_taken):
            lane_bits = log2_exact(self.params.axi_bytes)
            m.d.sync += [
                s1_valid.eq(1),
                s1.chip.eq(row.chip),
                s1.external.eq(row.external),
                s1.last.eq(is_last),
                s1.end.eq(row.chip + config.length),
                s1.chip_end.eq(row.chip[:lane_bits] + length_less_1),
                s1.external_end.eq(row.external[:lane_bits] + length_less_1),
                row_valid.eq(~is_last),
            ]

        with m.FSM() as fsm:
            m.d.comb += [
                self.waiting.eq(port.valid & ~all_met),
                self.working.eq(~fsm.ongoing("IDLE") | (port.valid & all_met)),
            ]
            with m.State("IDLE"), m.If(port.valid & all_met & ~self.stop):
                m.d.sync += self.cause.eq(self._config_cause(m, config))
                m.next = "CHECK"
            with m.State("CHECK"):
                m.d.comb += begin.eq(self.cause == Cause.NONE)
                with m.If(begin):
                    m.d.sync += row_valid.eq(1)
                    m.next = "ROWS"
                with m.Else():
                    m.next = "FAIL"
            with m.State("ROWS"):
                with m.If(checked & outside):
                    m.d.sync += [
                        self.cause.eq(Cause.RANGE),
                        self.address.eq(Mux(s1.chip < size, size, s1.chip)),
                    ]
                    m.next = "FAIL"
                with m.Elif(checked & region_bad):
                    m.d.sync += [
                        self.cause.eq(Cause.REGION),
                        self.address.eq(s1.external),
                        self.info.eq(config.region),
                    ]
                    m.next = "FAIL"
                with m.Elif(handed & s1.last):
                    m.d.comb += port.ready.eq(1)
                    m.next = "IDLE"
            with m.State("FAIL"), m.If(self.idle & ~self.stop):
                m.d.comb += self.failed.eq(1)
                m.next = "FAILED"
            with m.State("FAILED"):
                pass
        return m

    def _fill(self, config: data.View) -> Value:
        if self.opcode is Opcode.STORE:
            return Const(0)
        return config.source == Source.FILL

    def _config_cause(self, m: Module, config: data.View) -> Signal:
        """What arch.decode.config_cause finds."""
        cause = Signal(Cause)
        bad = (config.length == 0) | (config.n1 == 0) | (config.n2 == 0)
        if self.opcode is Opcode.STORE:
            bad |= config.space != Space.SCRATCHPAD
        else:
            bad |= ~_is_one_of(config.space, Space)
            bad |= ~_is_one_of(config.source, Source)
        absent = [space for space, size in self.params.space_bytes.items() if size == 0]
        with m.If(bad):
            m.d.comb += cause.eq(Cause.CONFIG)
        with m.Elif(_is_one_of(config.space, absent)):
            m.d.comb += cause.eq(Cause.ABSENT)
        return cause

    def _range(self, m: Module, config: data.View, end: Signal) -> tuple[Signal, Signal]:
        """Whether a row leaves its memory, and the size of that memory; weights wrap."""
        bad, size = Signal(), Signal(ADDRESS_BITS + 1)
        spaces = [Space.SCRATCHPAD] if self.opcode is Opcode.STORE else list(Space)
        for space in spaces:
            n_bytes = self.params.space_bytes[space]
            with m.If(config.space == space):
                m.d.comb += size.eq(n_bytes)
                if space is not Space.WEIGHTS:
                    m.d.comb += bad.eq(end > n_bytes)
        return bad, size

    def _walk(
        self, m: Module, config: data.View, begin: Signal, taken: Signal
    ) -> tuple[data.View, Value]:
        """Addresses of a row, and whether it is the last; one adder a side makes the next."""
        row, plane = Signal(_ADDRESS_LAYOUT), Signal(_ADDRESS_LAYOUT)
        rows_left, planes_left = Signal.like(config.n1), Signal.like(config.n2)
        ends_plane = rows_left == 0
        step_chip = Mux(ends_plane, config.int_step2, config.int_step1)
        step_external = Mux(ends_plane, config.ext_step2, config.ext_step1)
        next_chip = Signal(ADDRESS_BITS)
        next_external = Signal(OFFSET_BITS)
        m.d.comb += [
            next_chip.eq(Mux(ends_plane, plane.chip, row.chip) + step_chip),
            next_external.eq(Mux(ends_plane, plane.external, row.external) + step_external),
        ]
        with m.If(taken):
            m.d.sync += [
                row.chip.eq(next_chip),
                row.external.eq(next_external),
                rows_left.eq(rows_left - 1),
            ]
            with m.If(ends_plane):
                m.d.sync += [
                    rows_left.eq(config.n1 - 1),
                    planes_left.eq(planes_left - 1),
                    plane.chip.eq(next_chip),
                    plane.external.eq(next_external),
                ]
        with m.If(begin):
            for start in (row, plane):
                m.d.sync += [start.chip.eq(config.int_base), start.external.eq(config.ext_offset)]
            m.d.sync += [rows_left.eq(config.n1 - 1), planes_left.eq(config.n2 - 1)]
        return row, ends_plane & (planes_left == 0)


def _is_one_of(value: Value, choices: Iterable[int]) -> Value:
    return Cat(value == choice for choice in choices).any()
