"""Commands of a group of operators that run side by side over rings of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from arch.isa import Engine, Space
from arch.params import Params
from compiler.array_job import ArrayJob, Blobs, Tile, Wrap, steps_of
from compiler.flat_job import FlatJob, flat_steps, part_of
from compiler.graph import Tensor
from compiler.layout import Layout
from compiler.lower import FLAT, JOBS
from compiler.lower.context import Context
from compiler.passplan import PassPlan
from compiler.rolling import Group, Member, Ring, RowWindow, bands, shares_tables
from compiler.slabs import External
from compiler.steps import Step
from compiler.transfers import fill_step, rows_step


@dataclass(frozen=True)
class _Segment:
    """Rows that can be computed with fixed addresses.

    ``rounds``: how often each operand, then the output, has come round; ``wrap``: first row of
    the next round, if the window reaches it.
    """

    rows: range
    rounds: tuple[int, ...]
    wrap: int | None


def group_steps(
    params: Params, group: Group, context: Context, external: Mapping[int, External]
) -> Iterator[Step]:
    """Steps of a group; ``context`` knows the layouts of its rings."""
    writers = [_writer(params, group, member, context) for member in group.members]
    readers = {
        id(w.tensor): (m.layer, w.tensor) for m in reversed(group.members) for w in m.windows
    }
    for key, ring in group.rings.items():
        if key in readers and key in external:
            yield from _columns(params, *readers[key], ring)
    for band in bands(group.members, group.kept, group.band):
        loads: list[Step] = []
        for key, rows in band.read.items():
            if key in external and key in group.rings:
                layer = readers[key][0]
                loads += _moves(params, Engine.LOAD, layer, group.rings[key], external[key], rows)
        for member, writer, rows in zip(group.members, writers, band.rows, strict=True):
            steps = list(writer.steps(rows))
            if steps:
                steps[0].loads = [*loads, *steps[0].loads]
                loads = []
            yield from steps
            key = id(member.op.output)
            if key in external and key in group.rings:
                yield from _moves(
                    params, Engine.STORE, member.layer, group.rings[key], external[key], rows
                )


def _writer(params: Params, group: Group, member: Member, context: Context) -> _Jobs | _Flat:
    own = replace(context, layer=member.layer, by_rows=True)
    rings = [group.rings.get(id(w.tensor)) for w in member.windows]
    rings.append(group.rings.get(id(member.op.output)))
    if member.op.kind in FLAT:
        job = FLAT[member.op.kind](member.op, own)
        return _Flat(params, member, rings, job, shares_tables(group.members))
    return _Jobs(params, member, rings, list(JOBS[member.op.kind](member.op, own)))


def _segments(
    windows: Sequence[RowWindow], rings: Sequence[Ring | None], rows: range
) -> Iterator[_Segment]:
    """Cut rows where an operand or the output comes round."""

    def key(row: int) -> tuple[tuple[int, ...], int | None]:
        firsts = [w.first(row) for w in windows] + [row]
        rounds = tuple(
            0 if ring is None else first // ring.n_rows
            for first, ring in zip(firsts, rings, strict=True)
        )
        ring, window = rings[0], windows[0]
        if ring is None:
            return rounds, None
        border = (rounds[0] + 1) * ring.n_rows
        last = min(window.size, row * window.stride - window.before + window.reach)
        return rounds, border if last > border else None

    for (rounds, wrap), run in groupby(rows, key):
        numbers = list(run)
        if wrap is None:
            yield _Segment(range(numbers[0], numbers[-1] + 1), rounds, None)
        else:  # the window reaches the border with another row each time
            for row in numbers:
                yield _Segment(range(row, row + 1), rounds, wrap)


def _moved(layout: Layout, delta: int) -> Layout:
    return replace(layout, base=layout.base + delta, start=layout.start + delta)


@dataclass
class _Flat:
    """Rows of an element-wise operator."""

    params: Params
    member: Member
    rings: Sequence[Ring | None]
    job: FlatJob
    loads_again: bool

    def steps(self, rows: range) -> Iterator[Step]:
        row_bytes = self.job.n_bytes // self.member.n_rows
        for s in _segments(self.member.windows, self.rings, rows):
            deltas = [
                0 if ring is None else -n * ring.n_bytes
                for n, ring in zip(s.rounds, self.rings, strict=True)
            ]
            is_first = s.rows.start == (rows.start if self.loads_again else 0)
            part = part_of(self.job, s.rows.start * row_bytes, len(s.rows) * row_bytes)
            operands = zip(part.operands, deltas, strict=False)
            part = replace(
                part,
                operands=tuple(a + d for a, d in operands),
                target=part.target + deltas[-1],
                loads=tuple(replace(load) for load in part.loads) if is_first else (),
            )
            yield from flat_steps(self.params, part, parts=1)


class _Jobs:
    """Rows of an operator with a window."""

    def __init__(
        self, params: Params, member: Member, rings: Sequence[Ring | None], jobs: list[ArrayJob]
    ):
        self.params = params
        self.member = member
        self.rings = rings
        self.blobs: Blobs = {}
        reaches = self._reaches()
        self.tables = {reach: i for i, reach in enumerate(reaches, 1)}
        ring = rings[0]
        self.jobs = jobs
        if ring is not None:
            self.jobs = [
                replace(job, wrapped=tuple(_wrapped(job.plan, r, ring.n_bytes) for r in reaches))
                for job in jobs
            ]

    def _reaches(self) -> list[int]:
        """Rows from an output's own input row to a border, over all outputs at a border."""
        window = self.member.windows[0]
        every = _segments(self.member.windows, self.rings, range(self.member.n_rows))
        return sorted({s.wrap - s.rows.start * window.stride for s in every if s.wrap is not None})

    def steps(self, rows: range) -> Iterator[Step]:
        source, target = self.rings
        stride = self.member.windows[0].stride
        for s in _segments(self.member.windows, self.rings, rows):
            back = 0 if source is None else -s.rounds[0] * source.n_bytes
            out = 0 if target is None else -s.rounds[1] * target.n_bytes
            wrap = None
            if s.wrap is not None and source is not None:
                table = self.tables[s.wrap - s.rows.start * stride]
                wrap = Wrap(s.wrap, source.n_bytes, table)
            for i, job in enumerate(self.jobs):
                y = job.whole.y
                own = range(max(s.rows.start, y.start), min(s.rows.stop, y.stop))
                if not own:
                    continue
                part = replace(
                    job,
                    region=Tile(own, job.whole.x),
                    view=replace(job.view, base=job.view.base + back),
                    source=_moved(job.source, back),
                    target=_moved(job.target, out),
                    wrap=wrap,
                )
                yield from steps_of(self.params, part, self.blobs, i)


def _wrapped(plan: PassPlan, reach: int, n_bytes: int) -> PassPlan:
    """The same passes where rows from ``reach`` on lie ``n_bytes`` before their place."""
    entries = tuple(
        replace(
            entry,
            streams=tuple(
                s if s is None or s.dy < reach else replace(s, offset=s.offset - n_bytes)
                for s in entry.streams
            ),
        )
        for entry in plan.entries
    )
    return replace(plan, entries=entries)


def _moves(
    params: Params, engine: Engine, layer: int, ring: Ring, place: External, rows: range
) -> Iterator[Step]:
    """Copy rows between a ring and a dense tensor in external memory."""
    layout = ring.layout
    n_bytes = layout.width * layout.channels
    for run in ring.runs(rows):
        dense = layout.row_pitch == n_bytes
        yield rows_step(
            params,
            engine,
            layer,
            Space.SCRATCHPAD,
            layout.base + run.start * layout.row_pitch - ring.shift(run.start),
            place.region,
            place.offset + run.start * n_bytes,
            (len(run) * n_bytes,) if dense else (n_bytes, len(run)),
            () if dense else (layout.row_pitch,),
        )


def _columns(params: Params, layer: int, tensor: Tensor, ring: Ring) -> Iterator[Step]:
    """Fill the columns beside the rows of a ring: loads do not touch them."""
    layout = ring.layout
    left, right = (n * layout.channels for n in layout.columns)
    row = layout.width * layout.channels
    for address, width in ((layout.start, left), (layout.base + row, right)):
        if width:
            yield fill_step(
                params,
                layer,
                address,
                tensor.zero_point,
                (width, ring.n_rows),
                (layout.row_pitch,),
            )
