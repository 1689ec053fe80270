"""Sliding windows: output sizes and padding.

Source: tensorflow/lite/kernels/padding.h (ComputeOutSize, ComputePaddingWithOffset).
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.options import Padding


@dataclass(frozen=True)
class Axis:
    """A window that slides along one dimension.

    Output position ``i`` reads input positions ``i * stride - before + k * dilation`` for ``k`` in
    0..kernel-1; positions outside 0..size-1 are padding. ``after`` is what is read beyond the end
    (0 where a window does not reach it).
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    output: int

    @classmethod
    def of(cls, size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> Axis:
        """All arguments at least 1. ``output`` is 0 or less where a VALID window does not fit."""
        reach = (kernel - 1) * dilation + 1
        if padding is Padding.SAME:
            output = -(-size // stride)
        else:
            output = (size - reach) // stride + 1
        total = max((output - 1) * stride + reach - size, 0)
        return cls(size, kernel, stride, dilation, total // 2, total - total // 2, output)

    def taps(self, position: int) -> range:
        """The ``k`` whose input position lies inside the image."""
        first = position * self.stride - self.before
        low = max(0, -(first // self.dilation))
        high = max(low, min(self.kernel, -((first - self.size) // self.dilation)))
        return range(low, high)


@dataclass(frozen=True)
class Window:
    """A window that slides over height and width."""

    y: Axis
    x: Axis

    @classmethod
    def of(
        cls,
        image: tuple[int, int],
        kernel: tuple[int, int],
        stride: tuple[int, int],
        dilation: tuple[int, int],
        padding: Padding,
    ) -> Window:
        """Pairs are (height, width)."""
        axes = [
            Axis.of(*arguments, padding)
            for arguments in zip(image, kernel, stride, dilation, strict=True)
        ]
        return cls(axes[0], axes[1])

    @property
    def output(self) -> tuple[int, int]:
        return self.y.output, self.x.output
