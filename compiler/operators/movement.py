"""Operators that move data."""

from __future__ import annotations

from arch import op_params
from compiler.builtin import Kind
from compiler.operators.spec import CoreUse, Spec
from compiler.ops import movement as ops
from compiler.ops.copies import CopyPlan
from compiler.rules import Constraint
from compiler.rules import movement as rules
from compiler.rules.general import quantised
from compiler.shapes import ShapeRule, same
from compiler.shapes import movement as shapes

MAX_OPERANDS = 64


def _copy_on_core(plan: CopyPlan) -> CoreUse:
    parts = [op_params.COPY_PLAN.pack({"n_copies": len(plan.copies), "fill_bytes": len(plan.fill)})]
    for copy in plan.copies:
        loops = copy.loops
        values = {
            "source": copy.source,
            "target": copy.target,
            "source_offset": copy.source_offset,
            "target_offset": copy.target_offset,
            "run": copy.run,
            "n_loops": len(loops),
            "extents": [loop.extent for loop in loops],
            "source_steps": [loop.source_step for loop in loops],
            "target_steps": [loop.target_step for loop in loops],
        }
        parts.append(op_params.COPY.pack(values))
    return CoreUse("COPY", b"".join([*parts, plan.fill]))


def _copying(
    plan: ops.Planner,
    shape: ShapeRule,
    operands: tuple[int, int],
    *,
    data: tuple[int, int | None] = (0, 1),
    constants: tuple[int, ...] = (),
    types: tuple[Constraint, ...] = (),
    limits: tuple[Constraint, ...] = (),
    several_outputs: bool = False,
    rank: int = rules.MAX_RANK,
) -> Spec:
    """An operator that comes to copies of its operands ``data``; ``constants`` say of what."""
    moved = range(data[0], operands[0] if data[1] is None else data[1])
    one_type = rules.one_type() if data[1] is None else rules.one_type(*moved)
    named = (rules.constant_integers(*constants),) if constants else ()
    return Spec(
        operands=operands,
        types=(one_type, rules.rank_is_at_most(rank, data[0]), *named, *types),
        shape=shape,
        limits=(*limits, rules.walks_are_short(plan)),
        data=data,
        several_outputs=several_outputs,
        core=lambda op: _copy_on_core(plan(op)),
        copies=plan,
    )


def _renaming(shape: ShapeRule, operands: tuple[int, int]) -> Spec:
    """An operator whose output is its input in another shape."""
    return Spec(
        operands=operands,
        types=(rules.reshaped_data_is_plain,),
        shape=shape,
        moves_nothing=True,
        core=lambda op: CoreUse("RESHAPE"),
    )


SPECS = {
    Kind.RESHAPE: _renaming(shapes.any_of_same_size, (1, 2)),
    Kind.SQUEEZE: _renaming(shapes.squeeze, (1, 1)),
    Kind.EXPAND_DIMS: _renaming(shapes.expand_dims, (2, 2)),
    Kind.CONCATENATION: _copying(
        ops.concatenation,
        shapes.concatenation,
        (1, MAX_OPERANDS),
        data=(0, None),
        types=(rules.no_fused_activation, rules.joined_codes_mean_the_same),
    ),
    Kind.SPLIT: _copying(
        ops.split, shapes.split, (2, 2), data=(1, 2), constants=(0,), several_outputs=True
    ),
    Kind.SPLIT_V: _copying(ops.split, shapes.split, (3, 3), constants=(1, 2), several_outputs=True),
    Kind.PACK: _copying(ops.pack, shapes.pack, (1, MAX_OPERANDS), data=(0, None)),
    Kind.UNPACK: _copying(ops.unpack, shapes.unpack, (1, 1), several_outputs=True),
    Kind.SLICE: _copying(ops.slice_, shapes.slice_, (3, 3), constants=(1, 2)),
    Kind.STRIDED_SLICE: _copying(
        ops.strided_slice,
        shapes.strided_slice,
        (4, 4),
        constants=(1, 2, 3),
        types=(rules.ends_are_indices,),
    ),
    Kind.REVERSE_V2: _copying(ops.reverse, same, (2, 2), constants=(1,)),
    Kind.TRANSPOSE: _copying(
        ops.transpose,
        shapes.transpose,
        (2, 2),
        constants=(1,),
        rank=rules.MAX_TRANSPOSED_RANK,
    ),
    Kind.SPACE_TO_DEPTH: _copying(ops.space_to_depth, shapes.space_to_depth, (1, 1)),
    Kind.DEPTH_TO_SPACE: _copying(ops.depth_to_space, shapes.depth_to_space, (1, 1)),
    Kind.SPACE_TO_BATCH_ND: _copying(
        ops.space_to_batch, shapes.space_to_batch, (3, 3), constants=(1, 2)
    ),
    Kind.BATCH_TO_SPACE_ND: _copying(
        ops.batch_to_space, shapes.batch_to_space, (3, 3), constants=(1, 2)
    ),
    Kind.PAD: _copying(ops.padding, shapes.pad, (2, 2), constants=(1,), types=(quantised(0),)),
    Kind.PADV2: _copying(
        ops.padding,
        shapes.pad,
        (3, 3),
        constants=(1,),
        types=(quantised(0), rules.fill_is_one_element),
    ),
    Kind.MIRROR_PAD: _copying(ops.mirror_pad, shapes.mirror_pad, (2, 2), constants=(1,)),
    Kind.TILE: _copying(ops.tile, shapes.tile, (2, 2), constants=(1,)),
    Kind.BROADCAST_TO: _copying(ops.broadcast, shapes.broadcast_to, (2, 2), constants=(1,)),
    Kind.FILL: _copying(ops.broadcast, shapes.fill, (2, 2), data=(1, 2), constants=(0,)),
    Kind.ZEROS_LIKE: _copying(ops.zeros, same, (1, 1), data=(0, 0)),
}
