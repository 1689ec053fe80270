"""What the lowering of an operator knows of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arch.isa import Engine, Mode
from arch.params import Params
from compiler.fold import FoldedPad
from compiler.graph import Tensor
from compiler.layout import InputView, Layout, ViewAxis
from compiler.ops.window import Axis, Window
from compiler.scheduler import Constants
from compiler.steps import SCRATCHPAD, Range, Step


@dataclass(frozen=True)
class Context:
    """The accelerator and the places of tensors.

    ``layer`` is the index of the operator that is being lowered; ``folded`` are the outputs of
    PAD operators that do not exist in memory, by identity. ``by_rows``: operators are cut into
    rows, so slots must run along them.
    """

    params: Params
    layouts: Mapping[int, Layout]
    constants: Constants
    folded: Mapping[int, FoldedPad]
    layer: int = 0
    by_rows: bool = False

    def layout(self, tensor: Tensor) -> Layout:
        """Where a tensor lies; that of the unpadded tensor for a folded one."""
        fold = self.folded.get(id(tensor))
        return self.layouts[id(tensor if fold is None else fold.source)]

    def view(self, tensor: Tensor, layout: Layout, window: Window) -> InputView:
        """A window over an image of a tensor whose layout is given."""
        return view_of(layout, window, self.folded.get(id(tensor)))


def view_of(layout: Layout, window: Window, fold: FoldedPad | None = None) -> InputView:
    """A window over an image, which may have lost its padding to the window."""
    top, left = (0, 0) if fold is None else (fold.top, fold.left)

    def axis(a: Axis, size: int, before: int, pitch: int) -> ViewAxis:
        return ViewAxis(size, a.kernel, a.stride, a.dilation, a.before + before, a.output, pitch)

    x = axis(window.x, layout.width, left, layout.pixel_pitch)
    x_is_padded = x.before <= layout.columns[0] and x.after <= layout.columns[1]
    return InputView(
        axis(window.y, layout.height, top, layout.row_pitch), x, layout.base, x_is_padded
    )


def elementwise_step(
    ctx: Context,
    source: Layout,
    target: Layout,
    *,
    channels: int,
    tile: tuple[int, int],
    config: Mapping[str, int],
) -> Step:
    """One element-wise command over ``tile`` (rows, columns) of pixels of ``channels`` bytes."""
    p = ctx.params
    height, width = tile
    blocks = -(-channels // p.cols)
    fields = {
        "mode": Mode.ELEMENTWISE,
        "in_base": source.base,
        "in_block_step": p.cols,
        "row_step": source.row_pitch,
        "pixel_step": source.pixel_pitch,
        "tile_w": width,
        "tile_h": height,
        "run": width,
        "blocks": blocks,
        "last_cols": channels - (blocks - 1) * p.cols,
        "out_base": target.base,
        "out_block_step": p.cols,
        "out_row_step": target.row_pitch,
        "out_pixel_step": target.pixel_pitch,
    }
    return Step(
        Engine.ARRAY,
        {**fields, **config},
        ctx.layer,
        reads=(Range(SCRATCHPAD, *_span(source, height, width, channels)),),
        writes=(Range(SCRATCHPAD, *_span(target, height, width, channels)),),
    )


def _span(layout: Layout, height: int, width: int, channels: int) -> tuple[int, int]:
    last = (height - 1) * layout.row_pitch + (width - 1) * layout.pixel_pitch + channels
    return layout.base, layout.base + last
