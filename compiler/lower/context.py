"""What the lowering of an operator knows of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arch.params import Params
from compiler.fold import FoldedPad
from compiler.graph import Tensor
from compiler.layout import InputView, Layout, ViewAxis
from compiler.ops.window import Axis, Window
from compiler.scheduler import Constants
from compiler.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """The accelerator and the places of tensors.

    ``layer`` is the index of the operator that is being lowered; ``folded`` are the outputs of
    PAD operators that do not exist in memory, by identity. ``by_rows``: operators are cut into
    rows, so slots must run along them. ``workspace`` is the operator's, if it asked for one.
    """

    params: Params
    layouts: Mapping[int, Layout]
    constants: Constants
    folded: Mapping[int, FoldedPad]
    layer: int = 0
    by_rows: bool = False
    workspace: Workspace | None = None

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
