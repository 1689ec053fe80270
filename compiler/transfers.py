"""Loads and stores as steps."""

from __future__ import annotations

from arch.isa import Engine, Source, Space
from arch.params import Params
from compiler.steps import Range, Step

PROGRAM_REGION, INPUT_REGION, OUTPUT_REGION, ARENA_REGION = range(4)


def load_step(
    params: Params, layer: int, space: Space, address: int, region: int, offset: int, length: int
) -> Step:
    """A load of contiguous bytes."""
    return rows_step(params, Engine.LOAD, layer, space, address, region, offset, (length,))


def rows_step(
    params: Params,
    engine: Engine,
    layer: int,
    space: Space,
    address: int,
    region: int,
    offset: int,
    shape: tuple[int, ...],
    chip_steps: tuple[int, ...] = (),
    external_steps: tuple[int, ...] = (),
) -> Step:
    """A load or store of rows: ``shape`` is (bytes of a row, rows, planes), the tail left out.

    Steps are bytes from row to row and from plane to plane; dense where they are not given.
    """
    n0, n1, n2 = (*shape, 1, 1)[:3]
    dense = (n0, n0 * n1)
    chip = (*chip_steps, *dense[len(chip_steps) :])
    external = (*external_steps, *dense[len(external_steps) :])
    outside_span = n0 + (n1 - 1) * external[0] + (n2 - 1) * external[1]
    config = {
        "ext_offset": offset,
        "region": region,
        "space": space,
        "int_base": address,
        "length": n0,
        "n1": n1,
        "n2": n2,
        "ext_step1": external[0],
        "ext_step2": external[1],
        "int_step1": chip[0],
        "int_step2": chip[1],
    }
    span = n0 + (n1 - 1) * chip[0] + (n2 - 1) * chip[1]
    on_chip = Range(space.name, address, address + span)
    outside = Range(f"REGION{region}", offset, offset + outside_span)
    is_load = engine is Engine.LOAD
    return Step(
        engine,
        config,
        layer,
        reads=(outside if is_load else on_chip,),
        writes=(on_chip if is_load else outside,),
    )


def fill_step(
    params: Params,
    layer: int,
    address: int,
    value: int,
    shape: tuple[int, ...],
    chip_steps: tuple[int, ...] = (),
) -> Step:
    """A load that fills rows of the scratchpad with one byte."""
    step = rows_step(params, Engine.LOAD, layer, Space.SCRATCHPAD, address, 0, 0, shape, chip_steps)
    step.config = {**step.config, "source": Source.FILL, "fill": value & 0xFF}
    step.reads = ()
    return step
