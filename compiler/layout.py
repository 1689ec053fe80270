"""Where tensors lie in memory, and how a window slides over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Layout:
    """An NHWC tensor in bytes: ``base`` of its first element and the pitch of each dimension.

    Channels are contiguous. ``size`` covers everything that belongs to the tensor, padding beside
    the image included; ``start`` is where that begins.
    """

    base: int
    height: int
    width: int
    channels: int
    pixel_pitch: int
    row_pitch: int
    image_pitch: int
    start: int
    size: int
    columns: tuple[int, int] = (0, 0)
    """Columns before and after each row that hold padding."""

    @classmethod
    def dense(cls, base: int, shape: tuple[int, ...]) -> Layout:
        """The plain layout of TensorFlow Lite; fewer than four dimensions are filled up in front
        of the channels."""
        n, h, w, c = image_shape(shape)
        return cls(base, h, w, c, c, w * c, h * w * c, base, n * h * w * c)

    @classmethod
    def beside(cls, base: int, shape: tuple[int, ...], before: int, after: int) -> Layout:
        """With room for ``before`` and ``after`` columns beside every row."""
        n, h, w, c = image_shape(shape)
        row = (before + w + after) * c
        columns = (before, after)
        return cls(base + before * c, h, w, c, c, row, h * row, base, n * h * row, columns)

    def at(self, base: int) -> Layout:
        """The same, moved so that it starts at ``base``."""
        return replace(self, base=self.base - self.start + base, start=base)

    def image(self, n: int) -> Layout:
        """Image ``n`` of a batch."""
        return replace(self, base=self.base + n * self.image_pitch)

    def rows(self, first: int, last: int) -> tuple[int, int]:
        """Bytes from row ``first`` to before row ``last`` of this image, in full width."""
        lead = (self.base - self.start) % self.row_pitch if self.row_pitch else 0
        return self.base - lead + first * self.row_pitch, self.base - lead + last * self.row_pitch


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A shape as (images, height, width, channels)."""
    if len(shape) > 4:
        n = 1
        for extent in shape[:-3]:
            n *= extent
        return n, shape[-3], shape[-2], shape[-1]
    full = (1,) * (4 - len(shape)) + tuple(shape)
    return full[0], full[1], full[2], full[3]


@dataclass(frozen=True)
class ViewAxis:
    """A window along one dimension.

    Output ``i`` reads input ``i * stride - before + k * dilation`` for tap ``k``; ``size`` inputs
    exist; neighbours are ``pitch`` bytes apart.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    output: int
    pitch: int

    @property
    def after(self) -> int:
        """Inputs read beyond the last one; negative if some are never read."""
        reach = (self.kernel - 1) * self.dilation + 1
        return (self.output - 1) * self.stride - self.before + reach - self.size


@dataclass(frozen=True)
class InputView:
    """A window over an image; ``x`` is the dimension that slots run along.

    ``x_is_padded``: whatever is read beside the rows of the image lies there as padding.
    """

    y: ViewAxis
    x: ViewAxis
    base: int
    x_is_padded: bool = False

    def taps(self) -> Iterator[tuple[int, int]]:
        for ky in range(self.y.kernel):
            for kx in range(self.x.kernel):
                yield ky, kx

    def tap(self, ky: int, kx: int) -> tuple[int, int, int]:
        """Byte offset, rows and columns from an output's own position to its tap."""
        dy = ky * self.y.dilation - self.y.before
        dx = kx * self.x.dilation - self.x.before
        return dy * self.y.pitch + dx * self.x.pitch, dy, dx

    def transposed(self) -> InputView:
        """The same window with slots along the other dimension (taps are numbered anew)."""
        return InputView(self.x, self.y, self.base)
