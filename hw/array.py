"""The systolic array: weights stay, activations are broadcast, partial sums move down.

Kung, "Why systolic architectures?" (1982), design B1, in two dimensions: a step broadcasts one
activation along each row, and every partial sum moves down one row per step. Rows are cut into
``streams`` groups whose sums are added behind the last row, so that a sum is ``group_rows`` steps
under way instead of ``rows``.

In depthwise mode each column has a channel of its own: a group broadcasts a word of ``cols``
channels down the columns, and the moving sums make every column a transposed FIR filter over the
taps that the group's rows hold.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from hw.weight_fetch import tile_layout

TAG_BITS = 4
"""Runs that may be under way at once: group_rows + lead steps, in the worst case a run each."""


def token_layout() -> data.StructLayout:
    """What enters with a partial sum.

    ``enter``: there is a sum; ``swap``: it is the first of a pass, and rows exchange weights when
    it reaches them; ``depthwise``: rows take pixels from their group's stream if ``tag`` is the
    run that the pixel belongs to.
    """
    return data.StructLayout({"enter": 1, "swap": 1, "depthwise": 1, "tag": TAG_BITS})


def step_layout(params: Params) -> data.StructLayout:
    """What enters the array in one step.

    ``rows``: a byte for each row (depthwise: the padding value); ``windows``, ``valid``,
    ``tag``: the pixels of the streams, whether they lie inside the image, and their run.
    """
    return data.StructLayout(
        {
            "token": token_layout(),
            "rows": 8 * params.rows,
            "windows": 8 * params.streams * params.window_bytes,
            "valid": params.streams,
            "tag": TAG_BITS,
        }
    )


def latency_steps(params: Params) -> int:
    """Steps from a token on ``input`` to its sums on ``sums``."""
    return 3 + params.group_rows + log2_exact(params.streams)


class Array(wiring.Component):
    """``rows`` by ``cols`` multiply-accumulate units with double-buffered weights.

    Members
    -------
    step : everything moves on by one step; nothing moves without it, but weights may still load.
    moved : there was a step in the last cycle. A register: what enters is registered in the cycle
        of its step, and everything behind moves in the next one, because thousands of registers
        hang on the enable, too many for a signal that is known late in the cycle.
    input : sampled in a step.
    tiles : weights of the next pass; a row is loaded as soon as the pass under way has left it.
    tile_ready : all weights of the next pass are in place.
    tile_taken : the token with ``swap`` is on ``input`` and ``step`` is high.
    sums : one signed sum for each column; with ``moved``, those of the token that entered
        ``latency_steps`` steps before the last one.
    """

    def __init__(self, params: Params):
        self.params = params
        super().__init__(
            {
                "step": In(1),
                "moved": Out(1),
                "input": In(step_layout(params)),
                "tiles": In(stream.Signature(tile_layout(params))),
                "tile_ready": Out(1),
                "tile_taken": In(1),
                "sums": Out(data.ArrayLayout(signed(params.psum_bits), params.cols)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        n_positions = p.group_rows

        # Tokens: position r of the list is the token that has reached row r of every group.
        tokens = [Signal(token_layout(), name=f"token_{r}") for r in range(n_positions)]
        windows = Signal(data.ArrayLayout(data.ArrayLayout(8, p.cols), p.streams), reset_less=True)
        valid, tag = Signal(p.streams), Signal(TAG_BITS)
        # Looked at only in the cycle behind a step, so there is nothing to hold.
        m.d.sync += [
            self.moved.eq(self.step),
            tokens[0].eq(self.input.token),
            windows.eq(self.input.windows),
            valid.eq(self.input.valid),
            tag.eq(self.input.tag),
        ]
        with m.If(self.moved):
            for r in range(1, n_positions):
                m.d.sync += tokens[r].eq(tokens[r - 1])

        shadow, shadow_active = self._load(m, tokens)
        self._compute(m, tokens, windows, valid, tag, shadow, shadow_active)
        return m

    def _load(self, m: Module, tokens: list) -> tuple[list, Signal]:
        """The second set of weights, filled from ``tiles``."""
        p = self.params
        shadow = [
            [
                Signal(signed(8), name=f"shadow_{row}_{col}", reset_less=True)
                for col in range(p.cols)
            ]
            for row in range(p.rows)
        ]
        shadow_active = Signal(p.rows)
        # Position r still waits for the token of the pass whose weights it holds.
        waiting = Signal(p.group_rows)
        # ``moved`` once more, near by. Without a reset, or synthesis would make one of the two.
        moved = Signal(reset_less=True)
        m.d.sync += moved.eq(self.step)
        still = Signal(p.group_rows)
        for r in range(p.group_rows):
            leaves = tokens[r].enter & tokens[r].swap & moved
            m.d.comb += still[r].eq(waiting[r] & ~leaves)
        m.d.sync += waiting.eq(still)
        with m.If(self.tile_taken):
            m.d.sync += waiting.eq(-1)

        item = self.tiles.payload
        loaded = Signal()  # all words of the tile are here, but a position may still wait
        ready = Signal()
        index_free = Signal()
        with m.Switch(item.index):
            for k, rows in enumerate(p.row_order):
                with m.Case(k):
                    m.d.comb += index_free.eq(~still[rows[0] % p.group_rows])
        # A pass that is taken in this very cycle has not left position 0 yet.
        take = Signal()
        m.d.comb += [
            self.tiles.ready.eq(~loaded & ~ready & (item.empty | index_free)),
            take.eq(self.tiles.valid & self.tiles.ready),
            self.tile_ready.eq(ready),
        ]
        next_active = Signal(p.rows)
        with m.If(take):
            m.d.sync += next_active.eq(item.active)
            with m.If(item.last):
                m.d.sync += loaded.eq(1)
        with m.If((loaded | (take & item.last)) & (still == 0)):
            m.d.sync += [ready.eq(1), loaded.eq(0)]
            m.d.sync += shadow_active.eq(Mux(loaded, next_active, item.active))
        with m.If(self.tile_taken):
            m.d.sync += ready.eq(0)
        for k, rows in enumerate(p.row_order):
            with m.If(take & (item.index == k) & ~item.empty):
                for j, row in enumerate(rows):
                    for col in range(p.cols):
                        byte = item.word.word_select(j * p.cols + col, 8)
                        m.d.sync += shadow[row][col].eq(byte)
        return shadow, shadow_active

    def _compute(
        self, m: Module, tokens: list, windows, valid, tag, shadow: list, shadow_active
    ) -> None:
        p = self.params
        active = Signal(p.rows)
        matches = [Signal(name=f"match_{r}") for r in range(p.group_rows)]
        for r, match in enumerate(matches):
            m.d.comb += match.eq(tokens[r].depthwise & (tokens[r].tag == tag))
        group_sums: list[list[Signal]] = []
        for group in range(p.streams):
            above: list[Signal] | None = None
            for r in range(p.group_rows):
                row = group * p.group_rows + r
                delayed = Signal(8, name=f"skew_{row}_0", reset_less=True)
                m.d.sync += delayed.eq(self.input.rows.word_select(row, 8))
                for stage in range(1, r + 1):  # skewed, to meet the sum that moves down
                    register = Signal(8, name=f"skew_{row}_{stage}", reset_less=True)
                    with m.If(self.moved):
                        m.d.sync += register.eq(delayed)
                    delayed = register
                now_active = Signal(name=f"now_active_{row}")
                swap = Signal(name=f"swap_{row}")
                m.d.comb += [
                    swap.eq(tokens[r].enter & tokens[r].swap),
                    now_active.eq(Mux(swap, shadow_active[row], active[row])),
                ]
                with m.If(self.moved):
                    m.d.sync += active[row].eq(now_active)
                from_stream = Signal(name=f"from_stream_{row}")
                from_row = Signal(8, name=f"from_row_{row}")
                m.d.comb += [
                    from_stream.eq(matches[r] & valid[group] & now_active),
                    from_row.eq(delayed & now_active.replicate(8)),
                ]
                below = []
                for col in range(p.cols):
                    below.append(
                        self._pe(
                            m,
                            row,
                            col,
                            Mux(from_stream, windows[group][col], from_row),
                            swap,
                            shadow[row][col],
                            None if above is None else above[col],
                        )
                    )
                above = below
            assert above is not None
            group_sums.append(above)
        while len(group_sums) > 1:
            added = []
            for i in range(0, len(group_sums), 2):
                pair = []
                for col in range(p.cols):
                    total = Signal(
                        signed(p.psum_bits),
                        name=f"tree_{len(group_sums)}_{i}_{col}",
                        reset_less=True,
                    )
                    with m.If(self.moved):
                        m.d.sync += total.eq(group_sums[i][col] + group_sums[i + 1][col])
                    pair.append(total)
                added.append(pair)
            group_sums = added
        m.d.comb += self.sums.eq(Cat(group_sums[0]))

    def _pe(self, m: Module, row: int, col: int, operand, swap, shadow, above) -> Signal:
        """One processing element: operand, weight, product, and the sum that leaves it."""
        p = self.params
        position = row % p.group_rows
        bits = 16 + log2_exact(p.group_rows) if position else 16
        where = f"{row}_{col}"
        activation = Signal(signed(8), name=f"activation_{where}", reset_less=True)
        weight = Signal(signed(8), name=f"weight_{where}", reset_less=True)
        product = Signal(signed(16), name=f"product_{where}", reset_less=True)
        total = Signal(signed(bits), name=f"sum_{where}", reset_less=True)
        with m.If(self.moved):
            m.d.sync += [
                activation.eq(operand),
                product.eq(activation * weight),
                total.eq(product if above is None else above + product),
            ]
            with m.If(swap):
                m.d.sync += weight.eq(shadow)
        return total
