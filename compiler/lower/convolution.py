"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED on the array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from compiler.array_job import ArrayJob, Scales, job_cycles, narrowed, steps_of
from compiler.graph import Operator
from compiler.layout import InputView, Layout, ViewAxis
from compiler.lower.context import Context
from compiler.ops.convolution import (
    ConvolutionParams,
    DepthwiseParams,
    FullyConnectedParams,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
)
from compiler.ops.transpose_conv import transpose_conv
from compiler.plans import plan_convolution, plan_depthwise
from compiler.steps import Step


def _scales(params: ConvolutionParams | DepthwiseParams | FullyConnectedParams) -> Scales:
    r = params.requantization
    return Scales(params.folded_bias, r.multipliers, r.shifts, r.zero_point, r.low, r.high)


def _some(scales: Scales, channels: slice) -> Scales:
    """Scales of some output channels."""
    return replace(
        scales,
        bias=scales.bias[channels],
        multiplier=scales.multiplier[channels],
        shift=scales.shift[channels],
    )


def conv_2d_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """One for each image and group."""
    c = conv_2d(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    filters, _, _, channels = c.weights.shape
    per_group = filters // c.groups
    for n in range(op.input(0).shape[0]):
        for group in range(c.groups):
            own = slice(group * per_group, (group + 1) * per_group)
            image, result = source.image(n), target.image(n)
            view = ctx.view(op.input(0), image, c.window)
            view = replace(view, base=view.base + group * channels)
            job = ArrayJob(
                layer=ctx.layer,
                plan=plan_convolution(ctx.params, view, channels),
                view=view,
                source=image,
                target=replace(result, base=result.base + group * per_group),
                n_out=per_group,
                weights=c.weights[own].reshape(per_group, -1),
                scales=_some(_scales(c), own),
                pad=c.input_zero_point,
            )
            yield narrowed(job)


def lower_transpose_conv(op: Operator, ctx: Context) -> Iterator[Step]:
    """A convolution for each image and phase, whose results lie a stride apart."""
    c = transpose_conv(op)
    r = c.requantization
    source, target = ctx.layout(op.input(2)), ctx.layout(op.output)
    (stride_y, stride_x), channels = c.stride, op.input(2).shape[3]
    for n in range(op.output.shape[0]):
        image, result = source.image(n), target.image(n)
        for phase in c.phases:
            y, x = (
                ViewAxis(size, len(p.taps), 1, 1, p.before, p.output, pitch)
                for p, size, pitch in (
                    (phase.y, image.height, image.row_pitch),
                    (phase.x, image.width, image.pixel_pitch),
                )
            )
            view = InputView(y, x, image.base)
            place = phase.y.first * result.row_pitch + phase.x.first * result.pixel_pitch
            job = ArrayJob(
                layer=ctx.layer,
                plan=plan_convolution(ctx.params, view, channels),
                view=view,
                source=image,
                target=replace(
                    result,
                    base=result.base + place,
                    row_pitch=stride_y * result.row_pitch,
                    pixel_pitch=stride_x * result.pixel_pitch,
                ),
                n_out=op.output.shape[3],
                weights=phase.weights.reshape(op.output.shape[3], -1),
                scales=Scales(
                    phase.folded_bias, r.multipliers, r.shifts, r.zero_point, r.low, r.high
                ),
                pad=c.input_zero_point,
            )
            yield from steps_of(ctx.params, narrowed(job))


def fully_connected_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """A convolution over one row, whose pixels are the rows of the matrix."""
    c = fully_connected(op)
    n_out, n_in = c.weights.shape
    source, target = (
        Layout(start, 1, c.rows, n, n, c.rows * n, c.rows * n, start, c.rows * n)
        for start, n in (
            (ctx.layout(op.input(0)).start, n_in),
            (ctx.layout(op.output).start, n_out),
        )
    )
    view = InputView(
        ViewAxis(1, 1, 1, 1, 0, 1, source.row_pitch),
        ViewAxis(c.rows, 1, 1, 1, 0, c.rows, n_in),
        source.base,
    )
    job = ArrayJob(
        layer=ctx.layer,
        plan=plan_convolution(ctx.params, view, n_in),
        view=view,
        source=source,
        target=target,
        n_out=n_out,
        weights=c.weights,
        scales=_scales(c),
        pad=c.input_zero_point,
    )
    yield narrowed(job)


def depthwise_conv_2d_jobs(op: Operator, ctx: Context) -> Iterator[ArrayJob]:
    """One for each image; with a depth multiplier one for each block of output channels."""
    c = depthwise_conv_2d(op)
    source, target = ctx.layout(op.input(0)), ctx.layout(op.output)
    for n in range(op.input(0).shape[0]):
        image, result = source.image(n), target.image(n)
        view = ctx.view(op.input(0), image, c.window)
        if c.depth_multiplier == 1:
            job = depthwise_job(ctx, view, image, result, c.weights, _scales(c))
            yield replace(job, pad=c.input_zero_point)
        else:
            yield from _expanded(ctx, c, view, image, result)


def depthwise_job(
    ctx: Context,
    view: InputView,
    source: Layout,
    target: Layout,
    weights: NDArray[np.int8] | NDArray[np.int16],
    scales: Scales,
) -> ArrayJob:
    """A job in which every channel has a filter (channels or 1, height, width) of its own.

    Slots run along the dimension that takes fewer cycles, or along rows if these are cut.
    """
    jobs = []
    for transposed in (False,) if ctx.by_rows else (False, True):
        turned = view.transposed() if transposed else view
        filters = weights.transpose(0, 2, 1) if transposed else weights
        jobs.append(
            ArrayJob(
                layer=ctx.layer,
                plan=plan_depthwise(ctx.params, turned),
                view=turned,
                source=source,
                target=target,
                n_out=source.channels,
                weights=filters.reshape(len(filters), -1),
                scales=scales,
                pad=0,
                block_step=ctx.params.cols,
                transposed=transposed,
            )
        )
    jobs = list(map(narrowed, jobs))
    return min(jobs, key=lambda job: job_cycles(ctx.params, job))


def _expanded(
    ctx: Context, c: DepthwiseParams, view: InputView, source: Layout, target: Layout
) -> Iterator[ArrayJob]:
    """A depth multiplier: each block of outputs is a convolution over the few inputs it reads."""
    cols, multiplier = ctx.params.cols, c.depth_multiplier
    n_out, height, width = c.weights.shape
    for start in range(0, n_out, cols):
        own = slice(start, min(start + cols, n_out))
        inputs = [o // multiplier for o in range(n_out)[own]]
        channels = inputs[-1] - inputs[0] + 1
        shape = len(inputs), height, width, channels
        dense: NDArray[np.int16] = np.zeros(shape, np.int16)
        for i, channel in enumerate(inputs):
            dense[i, :, :, channel - inputs[0]] = c.weights[start + i]
        moved = replace(view, base=view.base + inputs[0])
        flat = dense.reshape(len(inputs), -1)
        job = ArrayJob(
            layer=ctx.layer,
            plan=plan_convolution(ctx.params, moved, channels),
            view=moved,
            source=source,
            target=replace(target, base=target.base + start),
            n_out=len(inputs),
            weights=flat if c.weights.dtype == np.int16 else flat.astype(np.int8),
            scales=_some(_scales(c), own),
            pad=c.input_zero_point,
        )
        yield narrowed(job)
