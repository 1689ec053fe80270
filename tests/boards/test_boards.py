"""What is each board's own: clocks, memory, and what fits."""

from __future__ import annotations

import dataclasses

import pytest

from arch.config import load_config, parse_config
from arch.errors import ConfigError
from arch.params import Params
from boards.catalogue import NAMES, find_board
from boards.flow import DoesNotFit, check_fit
from boards.gateware import gowin
from boards.gateware.clock import ClockError
from boards.gateware.spram import SPRAM_BYTES, Spram
from boards.inference import inferences
from tests.model_builder import ModelBuilder


@pytest.mark.parametrize("wanted", [13.5e6, 27e6, 36e6, 40.5e6, 54e6, 81e6])
def test_gowin_pll_stays_within_the_limits_of_the_datasheet(wanted):
    s = gowin.pll_settings(27e6, wanted)
    assert s.output_hz == 27e6 / s.input_divider * s.feedback_divider
    assert s.output_hz == pytest.approx(wanted, rel=0.005)
    assert 500e6 <= s.output_hz * s.output_divider <= 1250e6
    assert 27e6 / s.input_divider >= 3e6


def test_a_clock_that_a_board_cannot_make_is_refused():
    with pytest.raises(ClockError, match="clock: 1 MHz cannot be made from 27 MHz; choose another"):
        gowin.pll_settings(27e6, 1e6)
    for name, mhz, crystal in (("icebreaker", 24, 12), ("ulx3s", 66, 25)):
        message = f"clock: {mhz} MHz cannot be made from {crystal} MHz"
        with pytest.raises(ClockError, match=message):
            find_board(name).design(Params(load_config("tiny")), mhz * 1_000_000)


def test_single_port_ram_refuses_a_bus_that_is_wider_than_itself():
    wide = load_config("large").model_dump() | {"axi_data_bits": 128, "dma_burst_beats": 16}
    params = Params(parse_config(wide))
    Spram(params, 8 * SPRAM_BYTES)
    with pytest.raises(ConfigError, match="axi_data_bits: 128 is wider .* use 64 or less"):
        Spram(params, 4 * SPRAM_BYTES)


@pytest.mark.parametrize("name", NAMES)
def test_each_resource_of_a_board_has_a_limit_that_refuses(name):
    fpga = find_board(name).fpga
    check_fit("full", fpga, fpga.limits)
    for resource, limit in fpga.limits.items():
        message = f"full: needs {limit + 1:,} of {resource} and {fpga.name} has {limit:,}; "
        with pytest.raises(DoesNotFit, match=message):
            check_fit("full", fpga, {**fpga.limits, resource: limit + 1})


@pytest.mark.parametrize("name", NAMES)
def test_a_network_fits_where_there_is_memory_enough(name, tmp_path):
    board = find_board(name)
    b = ModelBuilder(1)
    path = tmp_path / "network.tflite"
    path.write_bytes(b.build(b.conv2d(b.input((1, 4, 4, 4)), 4, (1, 1))))
    (found,) = inferences(load_config("tiny"), board, {"small": path})
    assert found.fits and found.cycles > 0 and found.memory_bytes <= board.memory_bytes
    assert found.milliseconds(50) == pytest.approx(found.cycles / 50e3)
    cut = dataclasses.replace(board, memory_bytes=found.memory_bytes // 2)
    (found,) = inferences(load_config("tiny"), cut, {"small": path})
    assert not found.fits
