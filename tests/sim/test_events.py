"""The event log's text becomes intervals for each engine."""

from __future__ import annotations

import pytest

from arch.isa import Engine
from sim.events import Interval, parse_events
from sim.tools import SimulatorError

TWO_RUNS = """\
3 0 started
10 host doorbell
12 0 started
20 0 completed
20 0 started
21 1 started
25 log 72
30 1 completed
31 log 105
33 npu interrupt
40 host doorbell
45 3 completed
45 3 started
47 npu interrupt
"""


def test_intervals_are_relative_to_their_doorbell():
    first, second = parse_events(TWO_RUNS)
    assert (first.doorbell, first.interrupt, first.log) == (10, 23, b"Hi")
    assert first.intervals == [
        Interval(Engine.LOAD, 0, 2, 10),
        Interval(Engine.LOAD, 1, 10, None),
        Interval(Engine.ARRAY, 0, 11, 20),
    ]
    assert [interval.cycles for interval in first.of(Engine.LOAD)] == [8, 0]
    # A command may end in the cycle in which it started, whatever the order of the lines.
    assert second.intervals == [Interval(Engine.STORE, 0, 5, 5)]


def test_a_line_cut_off_at_the_end_is_ignored():
    (run,) = parse_events("10 host doorbell\n12 2 started\n15 2 comp")
    assert run.intervals == [Interval(Engine.CORE, 0, 2, None)]
    assert run.interrupt is None


@pytest.mark.parametrize("line", ["x 0 started", "12 0", "12 7 started", "12 0 paused", "12 log x"])
def test_a_line_that_does_not_fit_is_named(line):
    with pytest.raises(SimulatorError, match="event log: line 2 cannot be read: "):
        parse_events(f"10 host doorbell\n{line}\n")


def test_more_ends_than_starts_are_refused():
    with pytest.raises(SimulatorError, match="array engine completed 1 commands but started 0"):
        parse_events("10 host doorbell\n12 1 completed\n")


def test_an_empty_log_has_no_runs():
    assert parse_events("") == []
