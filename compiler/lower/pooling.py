"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN over height and width, on the array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from arch.params import Params
from compiler.array_job import IDENTITY, ArrayJob, Scales, Tile
from compiler.graph import Operator
from compiler.layout import InputView, Layout, ViewAxis
from compiler.lower.context import Context, view_of
from compiler.lower.convolution import depthwise_job
from compiler.ops.pooling import average_multiplier, mean, pool_2d
from compiler.options import UnsignedPool2DOptions
from compiler.plans import plan_single_taps

INT8_MIN = -128


def _uniform(
    params: Params, scale: tuple[int, int], zero_point: int, low: int, high: int
) -> Scales:
    """The same scale, and no bias, for all columns."""
    ones = np.ones(params.cols, np.int64)
    return Scales(0 * ones, scale[0] * ones, scale[1] * ones, zero_point, low, high)


def average_counts(op: Operator) -> NDArray[np.int64]:
    """Elements under each window of an AVERAGE_POOL_2D."""
    return pool_2d(op).counts


def average_pool_2d_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """One for each image and each region of windows that hold equally many elements."""
    p = pool_2d(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    # Windows at the border hold fewer elements: regions of equal counts, each with its divisor.
    rows = _runs([len(p.window.y.taps(i)) for i in range(p.window.y.output)])
    columns = _runs([len(p.window.x.taps(i)) for i in range(p.window.x.output)])
    for n in range(op.input(0).shape[0]):
        image, result = source.image(n), target.image(n)
        for n_y, y in rows:
            for n_x, x in columns:
                scale = average_multiplier(n_y * n_x)
                assert scale is not None, "larger windows run on the core"
                scales = _uniform(ctx.params, scale, 0, p.low, p.high)
                if isinstance(op.options, UnsignedPool2DOptions):
                    # Sums of codes counted from the lowest, which are never negative.
                    bias = scales.bias - INT8_MIN * n_y * n_x
                    scales = replace(scales, bias=bias, zero_point=INT8_MIN)
                view, flat = _collapsed(view_of(image, p.window), image)
                job = _sum_job(ctx, view, flat, result, scales)
                yield replace(job, region=Tile(y, x))


def max_pool_2d_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """One for each image."""
    p = pool_2d(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    for n in range(op.input(0).shape[0]):
        image = source.image(n)
        scales = _uniform(ctx.params, IDENTITY, 0, p.low, p.high)
        job = _sum_job(ctx, view_of(image, p.window), image, target.image(n), scales)
        if job.transposed:
            job = replace(job, view=job.view.transposed(), transposed=False)
        plan = plan_single_taps(ctx.params, job.view)
        yield replace(job, plan=plan, maximum=True, pad=INT8_MIN)


def mean_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """One for each image."""
    p = mean(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    kernel = tuple(
        source_extent if axis in p.axes else 1
        for axis, source_extent in ((1, source.height), (2, source.width))
    )
    out_h, out_w = source.height // kernel[0], source.width // kernel[1]
    channels = source.channels
    scales = _uniform(ctx.params, (p.multiplier, p.shift), p.zero_point, INT8_MIN, 127)
    scales = replace(scales, bias=scales.bias - p.count * p.input_zero_point)
    for n in range(op.input(0).shape[0]):
        image = source.image(n)
        result = Layout.dense(target.start, (out_h, out_w, channels))
        result = replace(result, base=target.start + n * out_h * out_w * channels)
        view = InputView(
            ViewAxis(image.height, kernel[0], 1, 1, 0, out_h, image.row_pitch),
            ViewAxis(image.width, kernel[1], 1, 1, 0, out_w, image.pixel_pitch),
            image.base,
        )
        view, flat = _collapsed(view, image)
        yield _sum_job(ctx, view, flat, result, scales)


def _sum_job(
    ctx: Context, view: InputView, source: Layout, target: Layout, scales: Scales
) -> ArrayJob:
    """Sums under a window: a depthwise convolution with ones, the same for every channel."""
    ones = np.ones((1, view.y.kernel, view.x.kernel), np.int8)
    return replace(depthwise_job(ctx, view, source, target, ones, scales), shared=True)


def _collapsed(view: InputView, image: Layout) -> tuple[InputView, Layout]:
    """A window over the whole of a dense image as a window over one long row."""
    y, x = view.y, view.x
    whole = (
        y.kernel == y.size
        and x.kernel == x.size
        and y.output == 1
        and x.output == 1
        and y.before == 0
        and x.before == 0
        and y.dilation == 1
        and x.dilation == 1
        and image.row_pitch == image.width * image.pixel_pitch
    )
    if not whole:
        return view, image
    size = y.size * x.size
    row = size * x.pitch
    long_view = InputView(
        ViewAxis(1, 1, 1, 1, 0, 1, row), ViewAxis(size, size, 1, 1, 0, 1, x.pitch), view.base
    )
    return long_view, replace(image, height=1, width=size, row_pitch=row)


def _runs(values: list[int]) -> list[tuple[int, range]]:
    """Each value with the range of neighbouring positions that have it."""
    runs, start = [], 0
    for value, group in groupby(values):
        length = len(list(group))
        runs.append((value, range(start, start + length)))
        start += length
    return runs
