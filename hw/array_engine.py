"""The array engine: hands each command to its stages and wires them up."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.isa import Cause, Engine, Mode, Opcode, Wide
from arch.params import Params
from hw.accumulator import Accumulator
from hw.array import Array
from hw.array_check import ArrayCheck
from hw.array_front import ArrayFront
from hw.command_port import CommandPort
from hw.drain import Drain
from hw.interfaces import EngineStatus, command_signature, completed_layout
from hw.pass_generator import PassGenerator
from hw.pixel_fetch import PixelFetch
from hw.quant_store import QuantStore
from hw.scratchpad import result_layout
from hw.tables import Tables, table_write_layout
from hw.weight_fetch import WeightFetch
from hw.weight_memory import WeightRead
from hw.window_reader import window_request_layout

MOST_UNDER_WAY = 2  # commands that the front has taken and the drain has not completed


class ArrayEngine(wiring.Component):
    """Weight fetch, pixel fetch, array, accumulator and post-processing as one engine.

    The stages work on up to two commands at a time. Weights are fetched as soon as the loads that
    a command waits for are complete; everything else starts when all of its waits are met.

    Members
    -------
    commands, completed, status : see hw.interfaces.
    weight_read : port of the weight memory.
    request, windows, windows_valid : to the window reader.
    results : to the scratchpad.
    table_write : chunks for the tables (present if the configuration has them).
    started : one cycle for each command, when its waits are met.
    slot_entered, stall_weights, stall_pixels, stall_drain : one for each cycle, for the counters.
    """

    def __init__(self, params: Params):
        self.params = params
        ports = {
            "commands": In(command_signature()),
            "completed": In(completed_layout()),
            "status": Out(EngineStatus()),
            "weight_read": Out(WeightRead(params)),
            "request": Out(stream.Signature(window_request_layout(params))),
            "windows": In(data.ArrayLayout(8 * params.window_bytes, params.streams)),
            "windows_valid": In(1),
            "results": Out(result_layout(params)),
            "started": Out(1),
            "slot_entered": Out(1),
            "stall_weights": Out(1),
            "stall_pixels": Out(1),
            "stall_drain": Out(1),
        }
        if params.config.elementwise:
            ports["table_write"] = In(stream.Signature(table_write_layout(params)))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        m.submodules.port = port = CommandPort(Opcode.ARRAY)
        m.submodules.check = check = ArrayCheck(p)
        m.submodules.weight_fetch = weights = WeightFetch(p)
        m.submodules.pass_generator = passes = PassGenerator(p)
        m.submodules.pixel_fetch = pixels = PixelFetch(p)
        m.submodules.front = front = ArrayFront(p)
        m.submodules.array = array = Array(p)
        m.submodules.accumulator = accumulator = Accumulator(p)
        m.submodules.quant_store = quants = QuantStore(p)
        m.submodules.drain = drain = Drain(p)

        connect(m, flipped(self.commands), port.commands)
        connect(m, weights.read, flipped(self.weight_read))
        connect(m, weights.descriptors, passes.descriptors)
        connect(m, weights.tiles, array.tiles)
        connect(m, weights.quants, quants.quants)
        connect(m, passes.passes, pixels.passes)
        connect(m, pixels.request, flipped(self.request))
        connect(m, pixels.slots, front.slots)
        connect(m, front.operands, drain.operands)
        m.d.comb += [
            port.completed.eq(self.completed),
            pixels.windows.eq(self.windows),
            pixels.windows_valid.eq(self.windows_valid),
            array.step.eq(front.step),
            front.moved.eq(array.moved),
            array.input.eq(front.input),
            array.tile_taken.eq(front.tile_taken),
            front.tile_ready.eq(array.tile_ready),
            front.bank_freed.eq(drain.bank_freed),
            accumulator.update.eq(front.update),
            accumulator.sums.eq(array.sums),
            accumulator.read_enable.eq(drain.read_enable),
            accumulator.read_address.eq(drain.read_address),
            drain.read_data.eq(accumulator.read_data),
            drain.finished.eq(accumulator.finished),
            drain.available.eq(quants.available),
            drain.bias.eq(quants.bias),
            drain.scales.eq(quants.scales),
            quants.release.eq(drain.release),
            quants.group.eq(drain.group),
            quants.per_channel.eq(drain.per_channel),
            quants.scale.eq(drain.scale),
            self.results.eq(drain.results),
            self.slot_entered.eq(front.slot_entered),
            self.stall_weights.eq(front.stall_weights),
            self.stall_pixels.eq(front.stall_pixels),
            self.stall_drain.eq(front.stall_drain),
        ]
        if p.config.elementwise:
            m.submodules.tables = tables = Tables(p)
            connect(m, flipped(self.table_write), tables.write)
            m.d.comb += [tables.codes.eq(drain.codes), drain.values.eq(tables.values)]

        self._give_fields(m, port.config, weights, passes, front, drain)
        refused = Signal()
        self._dispatch(m, port, check, refused, weights, passes, front, drain)
        self._report(m, port, check, refused, weights, pixels, front, drain)
        return m

    def _give_fields(self, m: Module, c, weights, passes, front, drain) -> None:
        """Each stage's share of the command; fields of equal name are the same."""
        geometry = passes.command.payload.geometry
        targets = [
            weights.command.payload,
            passes.command.payload,
            geometry,
            front.command.payload,
            drain.command.payload,
            drain.command.payload.writer,
        ]
        for target in targets:
            for name in target.shape().members:
                if name in c.shape().members:
                    m.d.comb += target[name].eq(c[name])
        m.d.comb += [
            weights.command.payload.has_quant.eq(~c.keep_out),
            passes.command.payload.b_offset.eq(c.b_base - c.in_base),
            drain.command.payload.low.eq(Mux(c.wide != 0, -(1 << 15), c.low)),
            drain.command.payload.high.eq(Mux(c.wide != 0, (1 << 15) - 1, c.high)),
            drain.command.payload.high_byte.eq(c.wide == Wide.HIGH),
            drain.command.payload.scale.multiplier.eq(c.multiplier),
            drain.command.payload.scale.shift.eq(c.shift),
        ]

    def _dispatch(self, m: Module, port, check, refused, weights, passes, front, drain) -> None:
        """Offer the command to all stages; release it when each has taken it."""
        m.d.comb += check.config.eq(port.config)
        # An error belongs to the command behind those that are completed, so one that is found
        # at the front waits for the commands ahead of it.
        under_way = Signal(range(MOST_UNDER_WAY + 1))
        m.d.sync += under_way.eq(
            under_way + (front.command.valid & front.command.ready) - drain.completed
        )
        failed, found, good = Signal(), Signal(), Signal()
        m.d.sync += [
            failed.eq(failed | found),
            refused.eq(refused | front.overflow | front.not_kept),
            self.status.error.eq(found),
        ]
        m.d.comb += [
            good.eq(port.valid & (check.cause == Cause.NONE) & ~refused & ~failed),
            found.eq(
                ~failed
                & (
                    (port.valid & (check.cause != Cause.NONE) & (under_way == 0))
                    | (refused & (under_way == 1))
                    | drain.range_error
                )
            ),
        ]
        met = port.met.all()
        elementwise = port.config.mode == Mode.ELEMENTWISE
        offers = [
            (weights.command, good & port.met[Engine.LOAD], elementwise),
            (passes.command, good & met, 0),
            (front.command, good & met, 0),
            (drain.command, good & met, 0),
        ]
        done = []
        for i, (target, offered, not_needed) in enumerate(offers):
            taken = Signal(name=f"taken_{i}")
            now = Signal(name=f"taking_{i}")
            m.d.comb += [
                target.valid.eq(offered & ~taken & ~not_needed),
                now.eq(target.valid & target.ready),
            ]
            with m.If(now):
                m.d.sync += taken.eq(1)
            with m.If(port.ready):
                m.d.sync += taken.eq(0)
            done.append(taken | now | (good & met & not_needed))
        m.d.comb += port.ready.eq(Cat(done).all())
        m.d.comb += self.started.eq(passes.command.valid & passes.command.ready)

    def _report(self, m: Module, port, check, refused, weights, pixels, front, drain) -> None:
        busy = Signal()
        m.d.comb += busy.eq(~(front.idle & drain.idle))
        m.d.comb += [
            self.status.completed.eq(drain.completed),
            self.status.busy.eq(busy),
            self.status.waiting.eq(port.valid & ~port.met.all() & ~busy),
        ]
        m.d.sync += [
            self.status.cause.eq(
                Mux(
                    drain.range_error,
                    Cause.RANGE,
                    Mux(refused, Cause.CONFIG, check.cause),
                )
            ),
            self.status.address.eq(Mux(drain.range_error, drain.range_address, 0)),
        ]
