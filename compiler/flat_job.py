"""Element-wise work on dense tensors, without regard to their dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from arch.isa import Engine, Mode
from arch.params import Params
from compiler.steps import SCRATCHPAD, TABLES, Range, Step

MAX_WORDS = 60_000  # of one command; tile_w has 16 bits
PARTS = 4
"""Commands, about, so that the next operator can start behind the first of them."""


@dataclass(frozen=True)
class FlatJob:
    """One output byte for each byte of one operand, or of two.

    Parameters
    ----------
    layer : index of the operator.
    operands : scratchpad addresses of one or two tensors; their bytes may be read up to the next
        multiple of ``cols``.
    target : address of the result; bytes up to the next multiple of ``cols`` are overwritten.
    n_bytes : elements.
    config : fields of the command beyond addresses and geometry.
    loads : what has to be on chip before, such as tables.
    """

    layer: int
    operands: tuple[int, ...]
    target: int
    n_bytes: int
    config: Mapping[str, int]
    loads: tuple[Step, ...] = field(default=())


def flat_steps(params: Params, job: FlatJob, parts: int = PARTS) -> Iterator[Step]:
    """Commands of the job in their order."""
    n_words = -(-job.n_bytes // params.cols)
    part = max(1, min(MAX_WORDS, -(-n_words // parts)))
    for start in range(0, n_words, part):
        words = min(part, n_words - start)
        step = _step(params, job, start * params.cols, words)
        if start == 0:
            step.loads += job.loads
        yield step


def _step(params: Params, job: FlatJob, offset: int, words: int) -> Step:
    n_bytes = words * params.cols

    def span(base: int) -> Range:
        return Range(SCRATCHPAD, base + offset, base + offset + n_bytes)

    config = {
        "mode": Mode.ELEMENTWISE,
        "in_base": job.operands[0] + offset,
        "pixel_step": params.cols,
        "tile_w": words,
        "tile_h": 1,
        "run": words,
        "blocks": 1,
        "last_cols": params.cols,
        "out_base": job.target + offset,
        "out_pixel_step": params.cols,
        **job.config,
    }
    reads = [span(operand) for operand in job.operands]
    if len(job.operands) > 1:
        config["b_base"] = job.operands[1] + offset
    if job.config.get("table_a"):
        reads.append(Range(TABLES, 0, 1024 * len(job.operands)))
    return Step(
        Engine.ARRAY,
        config,
        job.layer,
        reads=tuple(reads),
        writes=(span(job.target),),
    )


def part_of(job: FlatJob, offset: int, n_bytes: int) -> FlatJob:
    """The same on some of the bytes, at the same addresses."""
    return replace(
        job,
        operands=tuple(operand + offset for operand in job.operands),
        target=job.target + offset,
        n_bytes=n_bytes,
    )
