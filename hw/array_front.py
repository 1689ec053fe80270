"""Steps the array: pairs pixels with partial sums, exchanges weights, picks accumulators."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.isa import Mode
from arch.params import Params, log2_exact
from hw.array import TAG_BITS, latency_steps, step_layout
from hw.pixel_fetch import slot_layout

REVISIT_STEPS = 4
"""Steps from one visit of an accumulator to the next: read, add, write."""


def front_command_layout() -> data.StructLayout:
    """What this block needs of an array command; fields as in the command set."""
    return data.StructLayout(
        {
            "mode": 2,
            "pad": 8,
            "tile_w": 16,
            "tile_h": 16,
            "run": 16,
            "lead": 3,
            "entries": 16,
            "cb_count": 16,
            "blocks": 16,
            "keep_in": 1,
            "keep_out": 1,
            "maximum": 1,
        }
    )


def update_layout(params: Params) -> data.StructLayout:
    """What to do with the sums that leave the array.

    ``first``: they replace what the accumulator holds; ``maximum``: the larger stays;
    ``final``: the accumulator is complete with them.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "bank": 1,
            "index": log2_exact(params.accumulator_depth),
            "first": 1,
            "maximum": 1,
            "final": 1,
        }
    )


class ArrayFront(wiring.Component):
    """Runs the loops of a command on the side of the partial sums.

    In depthwise mode sums enter ``lead`` steps before the pixels of their run. Where a sum cannot
    enter (no weights, no accumulator bank), the pixels that sums under way still need are given
    to them; where such a pixel is not there yet, the array stands still.

    Members
    -------
    command : taken when the last one's sums and pixels have entered.
    slots : pixels from :class:`hw.pixel_fetch.PixelFetch`.
    step, moved, input, tile_ready, tile_taken : to and from :class:`hw.array.Array`.
    update : valid together with the sums that it belongs to.
    bank_freed : one cycle for each block that has been drained.
    operands : the slots of element-wise commands, for post-processing.
    idle : no command is under way.
    overflow : one cycle: the tile has more pixels than the accumulator.
    not_kept : one cycle: the command goes on with sums that the last one did not keep.
    stall_weights, stall_pixels, stall_drain, slot_entered : one for each cycle, for the counters.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "command": In(stream.Signature(front_command_layout())),
                "slots": In(stream.Signature(slot_layout(params))),
                "step": Out(1),
                "moved": In(1),
                "input": Out(step_layout(params)),
                "tile_ready": In(1),
                "tile_taken": Out(1),
                "update": Out(update_layout(params)),
                "bank_freed": In(1),
                "operands": Out(stream.Signature(slot_layout(params))),
                "idle": Out(1),
                "overflow": Out(1),
                "not_kept": Out(1),
                "stall_weights": Out(1),
                "stall_pixels": Out(1),
                "stall_drain": Out(1),
                "slot_entered": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        c = Signal(front_command_layout())
        # Of each count the last value: subtracted once, so that the loops need only compare.
        counts = ("run", "tile_h", "cb_count", "entries", "blocks")
        last = Signal(data.StructLayout(dict.fromkeys(counts, 16)))

        running, elementwise = Signal(), Signal()
        slot, row, cb, entry, block = (
            Signal(16, name=n) for n in ("slot", "row", "cb", "entry", "block")
        )
        index = Signal(log2_exact(p.accumulator_depth) + 1)
        slot_end, pass_end, block_end, command_end = Signal(), Signal(), Signal(), Signal()
        # Registers, because everything that may hold the array up hangs on them.
        pass_start, first_pass = Signal(init=1), Signal(init=1)
        block_start = Signal()
        kept = Signal()  # the last block stays in its bank
        kept_w, kept_h = Signal(16), Signal(16)
        final_pass = Signal()
        m.d.comb += [
            slot_end.eq(slot == last.run),
            pass_end.eq(slot_end & (row == last.tile_h)),
            final_pass.eq((cb == last.cb_count) & (entry == last.entries)),
            block_end.eq(pass_end & (final_pass | elementwise)),
            command_end.eq(block_end & (block == last.blocks)),
            block_start.eq(pass_start & first_pass & ~kept),
        ]

        # May a sum enter, and does a pixel have to come along?
        banks_used, bank = Signal(range(3)), Signal()
        # Of these, too, registers say what the array waits for: a sum entered less than
        # REVISIT_STEPS ago and the pass is short; pixels of this pass come along; sums are behind.
        since_enter, short, too_soon = Signal(range(REVISIT_STEPS)), Signal(), Signal()
        led, tail = Signal(3), Signal(3)
        all_led, has_tail = Signal(), Signal()
        weights_missing, bank_missing = Signal(), Signal()
        may_enter, needs_pixel, enter, pop = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            weights_missing.eq(pass_start & (~self.tile_ready | too_soon)),
            bank_missing.eq(block_start & (banks_used == 2)),
            may_enter.eq(running & ~elementwise & ~weights_missing & ~bank_missing),
            needs_pixel.eq(has_tail | (may_enter & all_led)),
            self.step.eq(~needs_pixel | self.slots.valid),
            enter.eq(may_enter & self.step),
            pop.eq(needs_pixel & self.slots.valid),
            self.tile_taken.eq(enter & pass_start),
        ]
        with m.If(self.step & (since_enter != REVISIT_STEPS - 1)):
            m.d.sync += since_enter.eq(since_enter + 1)
            with m.If(since_enter == REVISIT_STEPS - 2):
                m.d.sync += too_soon.eq(0)
        with m.If(enter):
            m.d.sync += [since_enter.eq(0), too_soon.eq(short)]
        m.d.sync += banks_used.eq(banks_used + (enter & block_start) - self.bank_freed)

        run_tag, pixel_tag, pixel = Signal(TAG_BITS), Signal(TAG_BITS), Signal(16)
        with m.If(pop):
            m.d.sync += pixel.eq(pixel + 1)
            with m.If(pixel == last.run):
                m.d.sync += [pixel.eq(0), pixel_tag.eq(pixel_tag + 1)]
            with m.If(has_tail):
                m.d.sync += [tail.eq(tail - 1), has_tail.eq(tail != 1)]
        advance = Signal()
        m.d.comb += advance.eq(enter | (elementwise & pop_operand(self)))
        with m.If(enter):
            with m.If(slot_end):
                m.d.sync += run_tag.eq(run_tag + 1)
            with m.If(~all_led):
                m.d.sync += [led.eq(led + 1), all_led.eq(led + 1 == c.lead)]
            with m.If(pass_end):
                m.d.sync += [led.eq(0), all_led.eq(c.lead == 0)]
                m.d.sync += [tail.eq(c.lead), has_tail.eq(c.lead != 0)]
            with m.If(block_end):
                m.d.sync += [kept.eq(c.keep_out), kept_w.eq(c.tile_w), kept_h.eq(c.tile_h)]
                with m.If(~c.keep_out):
                    m.d.sync += bank.eq(~bank)
        with m.If(advance):
            m.d.sync += [slot.eq(slot + 1), pass_start.eq(pass_end)]
            with m.If(slot_end):
                m.d.sync += [slot.eq(0), row.eq(row + 1)]
            with m.If(pass_end):
                m.d.sync += [row.eq(0), cb.eq(cb + 1), first_pass.eq(block_end)]
                with m.If(cb == last.cb_count):
                    m.d.sync += [cb.eq(0), entry.eq(entry + 1)]
            with m.If(block_end):
                m.d.sync += [cb.eq(0), entry.eq(0), block.eq(block + 1)]
            with m.If(command_end):
                m.d.sync += running.eq(0)

        m.d.comb += [
            self.command.ready.eq(~running & ~has_tail),
            self.idle.eq(~running & ~has_tail),
        ]
        wanted = self.command.payload
        m.d.comb += self.not_kept.eq(
            self.command.valid
            & self.command.ready
            & wanted.keep_in
            & (wanted.mode != Mode.ELEMENTWISE)
            & (~kept | (wanted.tile_w != kept_w) | (wanted.tile_h != kept_h))
        )
        is_short = ((wanted.run < REVISIT_STEPS) & (wanted.tile_h == 1)) | (
            (wanted.run == 1) & (wanted.tile_h < REVISIT_STEPS)
        )
        with m.If(self.command.valid & self.command.ready):
            m.d.sync += [
                c.eq(wanted),
                *(last[name].eq(wanted[name] - 1) for name in counts),
                short.eq(is_short),
                too_soon.eq(is_short & (since_enter < REVISIT_STEPS - 2)),  # it steps now
                running.eq(1),
                elementwise.eq(wanted.mode == Mode.ELEMENTWISE),
                block.eq(0),
                led.eq(0),
                all_led.eq(wanted.lead == 0),
            ]

        # Towards the array.
        depthwise = c.mode == Mode.DEPTHWISE
        slot_data = self.slots.payload
        m.d.comb += [
            self.input.token.enter.eq(enter),
            self.input.token.swap.eq(pass_start),
            self.input.token.depthwise.eq(depthwise),
            self.input.token.tag.eq(run_tag),
            self.input.rows.eq(
                Mux(depthwise, c.pad.replicate(p.rows), slot_data.data[: 8 * p.rows])
            ),
            self.input.windows.eq(slot_data.data),
            self.input.valid.eq(slot_data.valid & pop.replicate(p.streams)),
            self.input.tag.eq(pixel_tag),
            self.operands.payload.eq(slot_data),
            self.operands.valid.eq(running & elementwise & self.slots.valid),
            self.slots.ready.eq(Mux(elementwise & running, self.operands.ready, needs_pixel)),
        ]

        # Towards the accumulator, as late as the sums.
        inside = Signal()
        m.d.comb += inside.eq(enter & (slot < c.tile_w))
        with m.If(enter):
            m.d.sync += index.eq(Mux(pass_end, 0, index + inside))
        m.d.comb += self.overflow.eq(inside & index[-1])
        update = Signal(update_layout(p))
        m.d.comb += [
            update.valid.eq(inside),
            update.bank.eq(bank),
            update.index.eq(index),
            update.first.eq(first_pass & ~c.keep_in),
            update.maximum.eq(c.maximum),
            update.final.eq(final_pass),
        ]
        for stage in range(latency_steps(p)):
            delayed = Signal(update_layout(p), name=f"update_{stage}")
            with m.If(self.moved if stage else 1):  # as the array does with what enters
                m.d.sync += delayed.eq(update)
            update = delayed
        m.d.comb += [
            self.update.eq(update),
            self.update.valid.eq(update.valid & self.moved),
            self.slot_entered.eq(inside),
            self.stall_weights.eq(running & ~elementwise & weights_missing & self.slots.valid),
            self.stall_drain.eq(running & ~elementwise & ~weights_missing & bank_missing),
            self.stall_pixels.eq(
                running & ~elementwise & ~weights_missing & ~bank_missing & ~self.step
            ),
        ]
        return m


def pop_operand(front: ArrayFront):
    """An element-wise slot goes to post-processing in this cycle."""
    return front.operands.valid & front.operands.ready
