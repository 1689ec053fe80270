"""Loads of inputs and constants go where their tensors live, and only while they do."""

from __future__ import annotations

from arch.config import load_config
from arch.isa import Engine, Space
from arch.params import Params
from compiler.scheduler import Constants, Scheduler
from compiler.steps import SCRATCHPAD, Range, Step
from compiler.timing.memory import MemoryTiming
from compiler.transfers import PROGRAM_REGION, load_step

PARAMS = Params(load_config("tiny"))


def load(layer: int, low: int, high: int) -> Step:
    return load_step(PARAMS, layer, Space.SCRATCHPAD, low, PROGRAM_REGION, 0, high - low)


def work(layer: int, reads: tuple[int, int], writes: tuple[int, int]) -> Step:
    return Step(
        Engine.CORE,
        {},
        layer,
        reads=(Range(SCRATCHPAD, *reads),),
        writes=(Range(SCRATCHPAD, *writes),),
        cycles=10,
    )


def order(pending: list[Step], steps: list[Step]) -> list[Step]:
    scheduler = Scheduler(PARAMS, Constants(), pending)
    for step in steps:
        scheduler.add(step)
    return [placed.step for placed in scheduler.stream(MemoryTiming()).placed]


def test_a_constant_is_not_loaded_over_a_tensor_that_lies_there_before() -> None:
    constant = load(2, 0, 64)
    steps = [
        work(0, (512, 576), (0, 64)),
        work(1, (0, 64), (128, 192)),
        work(2, (0, 64), (512, 576)),
    ]
    placed = order([constant], steps)
    assert placed.index(steps[1]) < placed.index(constant) < placed.index(steps[2])


def test_what_the_first_reader_leaves_unread_is_loaded_before_others_lie_there() -> None:
    """The rows that a window with a stride never reaches."""
    read, unread = load(0, 0, 64), load(0, 64, 128)
    steps = [
        work(0, (0, 64), (128, 192)),
        work(1, (128, 192), (64, 128)),
        work(2, (64, 128), (0, 64)),
    ]
    placed = order([read, unread], steps)
    assert placed.index(read) < placed.index(steps[0])
    assert placed.index(unread) < placed.index(steps[1])


def test_slabs_of_an_input_are_loaded_just_before_the_tile_that_reads_them() -> None:
    first, second = load(0, 0, 64), load(0, 64, 128)
    steps = [work(0, (0, 64), (256, 320)), work(0, (64, 128), (320, 384))]
    scheduler = Scheduler(PARAMS, Constants(), [first, second])
    scheduler.add(steps[0])
    scheduler.add(steps[1])
    waits = {id(p.step): p.command.waits for p in scheduler.stream(MemoryTiming()).placed}
    assert waits[id(steps[0])][Engine.LOAD] == 1
    assert waits[id(steps[1])][Engine.LOAD] == 2
