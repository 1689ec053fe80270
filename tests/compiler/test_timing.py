"""The model of the engines' time, as far as it can be told without Verilog."""

from __future__ import annotations

import pytest

from arch.config import load_config
from arch.decode import ProgramError
from arch.isa import Command, Encoder, Engine, Opcode
from arch.params import Params
from compiler.compile import compile_graph
from compiler.layer_times import layer_times
from compiler.program import Program
from compiler.tflite_reader import read_model
from compiler.timing.given import GivenCommands, NotTimedError
from compiler.timing.memory import Bursts, MemoryTiming, ReadBus
from compiler.traffic import least_traffic
from tests.configs import SCALAR
from tests.configs import config as config_of
from tests.model_builder import ModelBuilder
from tests.sample_networks import sample_network


def program(memory: MemoryTiming) -> Program:
    graph = read_model(sample_network("wide"), "wide")
    return compile_graph(graph, load_config("small"), memory=memory)


def test_slower_memory_is_predicted_to_cost_cycles() -> None:
    by_bandwidth = [program(MemoryTiming(b, 32)).predicted_cycles for b in (1, 2, 4, 8)]
    assert by_bandwidth == sorted(by_bandwidth, reverse=True)
    by_latency = [program(MemoryTiming(8, n)).predicted_cycles for n in (8, 32, 200)]
    assert by_latency == sorted(by_latency)


def test_bytes_over_bandwidth_bound_the_prediction() -> None:
    graph = read_model(sample_network("wide"), "wide")
    assert program(MemoryTiming(1, 32)).predicted_cycles >= least_traffic(graph).read


def test_predicted_cycles_of_layers_stay_within_those_of_the_network() -> None:
    predicted = program(MemoryTiming())
    layers = [layer.predicted_cycles for layer in predicted.layers]
    assert all(n > 0 for n, layer in zip(layers, predicted.layers, strict=True) if layer.macs)
    rest = predicted.predicted_cycles - sum(layers)
    assert 0 < rest < 200  # the output goes to memory


def test_least_traffic_is_inputs_weights_biases_and_outputs() -> None:
    b = ModelBuilder(1)
    graph = read_model(b.build(b.conv2d(b.input((1, 6, 5, 3)), 4, (3, 3))), "net")
    traffic = least_traffic(graph)
    assert (traffic.read, traffic.written) == (6 * 5 * 3 + 3 * 3 * 3 * 4 + 4 * 4, 6 * 5 * 4)


@pytest.mark.parametrize(
    ("offset", "length", "beats"),
    [(0, 8, [1]), (0, 256, [32]), (8, 256, [31, 1]), (7, 2, [2]), (248, 600, [1, 32, 32, 10])],
)
def test_bursts_end_at_multiples_of_their_greatest_length(
    offset: int, length: int, beats: list[int]
) -> None:
    assert Bursts(Params(load_config("small"))).request(0, offset, length) == beats


def test_reads_of_an_idle_bus_take_the_latency_and_others_follow_without_a_pause() -> None:
    bus = ReadBus(Params(load_config("small")), MemoryTiming(4, 32))
    assert bus.burst(100, 4) == (132, 138)
    assert bus.burst(101, 2) == (140, 142)


def test_time_belongs_to_the_layer_that_ends_last() -> None:
    commands = [
        (Engine.LOAD, 0, 0, 50),
        (Engine.ARRAY, 0, 10, 100),
        (Engine.ARRAY, 2, 90, 130),
        (Engine.CORE, 3, 140, 200),
    ]
    times = layer_times(["array", "none", "array", "core"], commands)
    assert [t.cycles for t in times] == [100, 0, 30, 70]
    assert (times[2].start, times[2].end) == (90, 130)


def _give(given: GivenCommands, command: Command, time: float) -> float:
    """Its words from ``time`` on, one in two cycles; when the core goes on."""
    for word in Encoder().encode(command):
        time = given.give(word, time) + 2
    return time


def _transfer(
    opcode: Opcode, waits: tuple[int, int, int, int] = (0, 0, 0, 0), **fields: int
) -> Command:
    config = {"length": 8, "n1": 1, "n2": 1, "ext_step1": 64, "int_step1": 8}
    return Command(opcode, {**config, **fields}, waits)


def test_a_given_command_is_complete_behind_what_it_waits_for() -> None:
    given = GivenCommands(Params(load_config("small")), MemoryTiming(8, 100))
    time = _give(given, _transfer(Opcode.STORE), 1000)
    stored = given.end
    assert stored > time + 100
    _give(given, _transfer(Opcode.LOAD, (0, 0, 0, 1)), time)
    assert given.end > stored + 100
    assert given.counts(Engine.STORE, stored) == (0, 1)
    assert given.counts(Engine.STORE, stored + 10) == (1, 1)
    assert given.counts(Engine.LOAD, stored + 10) == (0, 1)
    assert given.counts(Engine.LOAD, given.end + 10) == (1, 1)


def test_the_core_waits_where_the_queue_of_an_engine_is_full() -> None:
    config = load_config("small")
    given = GivenCommands(Params(config), MemoryTiming())
    times = [0.0]
    for _ in range(config.queue_words.store):
        times.append(_give(given, _transfer(Opcode.STORE, n1=100), times[-1]))
    taken = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert max(taken[:2]) < 20
    assert min(taken[-2:]) > 200  # as long as its hundred rows take


def test_given_commands_take_the_scalar_processor_s_own_time() -> None:
    given = GivenCommands(Params(config_of(SCALAR)), MemoryTiming())
    after = _give(given, _transfer(Opcode.STORE, n1=10), 0)
    assert given.end <= after
    assert after > 500


def test_a_given_command_that_waits_for_none_before_it_is_refused() -> None:
    given = GivenCommands(Params(load_config("small")), MemoryTiming())
    with pytest.raises(ProgramError, match="wait for a command"):
        _give(given, _transfer(Opcode.STORE, (1, 0, 0, 0)), 0)


@pytest.mark.parametrize(
    "command",
    [
        _transfer(Opcode.STORE, n1=0),
        _transfer(Opcode.LOAD, space=7),
        _transfer(Opcode.LOAD, n1=0xFFFF, n2=0xFFFF),
        Command(Opcode.ARRAY, {"mode": 3, "tile_w": 1, "tile_h": 1, "run": 1, "blocks": 1}),
    ],
)
@pytest.mark.parametrize("config", ["small", SCALAR])
def test_given_commands_that_are_refused_or_endless_are_not_timed(
    command: Command, config: str
) -> None:
    given = GivenCommands(Params(config_of(config)), MemoryTiming())
    with pytest.raises(NotTimedError):
        _give(given, command, 0)


def test_stores_have_as_many_rows_under_way_as_bursts() -> None:
    ends = []
    for latency in (60, 160):
        given = GivenCommands(Params(load_config("small")), MemoryTiming(8, latency))
        _give(given, _transfer(Opcode.STORE, n1=81), 0)
        ends.append(given.end)
    rounds = 81 // load_config("small").dma_outstanding
    assert ends[1] - ends[0] == pytest.approx(100 * (rounds + 1), rel=0.1)
