"""Operators side by side over rings of rows: the bytes of TensorFlow Lite Micro, fewer moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arch.config import Config, load_config, parse_config
from compiler.compile import compile_graph
from compiler.errors import ModelError
from compiler.program import Program
from compiler.tflite_reader import read_model
from sim.blocks import choose_seed
from sim.reference import Reference, random_inputs
from tests.functional import Accelerator
from tests.model_builder import SAME, VALID, ModelBuilder
from tests.networks import ACTIVATIONS


def config(base: str, **changes: Any) -> Config:
    data = load_config(base).model_dump(mode="json")
    return parse_config({**data, "core": "none", **changes}, base)


TINY = config("tiny", scratchpad_kib=4)
SMALL = config("small", scratchpad_kib=8, weight_memory_kib=8)
WIDE = config("medium", scratchpad_kib=16, weight_memory_kib=32)


def chain(b: ModelBuilder, cols: int) -> list[int]:
    """A random chain of windows and additions over an image that no small scratchpad holds."""

    def choice(*values: int) -> int:
        return int(b.rng.choice(values))

    channels = choice(3, cols, 2 * cols)
    x = b.input((1, choice(24, 31), choice(16, 19), channels), scale=0.05, zero_point=-3)
    images = [x]
    for _ in range(6):
        x = images[-1]
        n, height, width, c = b.shape(x)
        kernel = (min(height, choice(1, 2, 3, 3, 5)), min(width, choice(1, 3)))
        stride = (choice(1, 1, 1, 2, 3) if height > 12 else 1, choice(1, 1, 2) if width > 8 else 1)
        common: dict[str, Any] = {
            "activation": int(b.rng.choice(ACTIVATIONS)),
            "padding": int(b.rng.choice([SAME, SAME, VALID])),
        }
        if (kernel[0] - 1) * 2 < height and (kernel[1] - 1) * 2 < width:
            common["dilation"] = (choice(1, 1, 2), choice(1, 1, 2)) if stride == (1, 1) else (1, 1)
        same = [image for image in images[:-1] if b.shape(image) == b.shape(x)]
        match choice(0, 0, 1, 1, 2, 3, 4, 5):
            case 0:
                groups = choice(1, 1, 1, c)
                n_out = choice(1, 2) * c if groups > 1 else choice(5, cols, 3 * cols)
                y = b.conv2d(x, n_out, kernel, stride=stride, groups=groups, **common)
            case 1:
                y = b.depthwise_conv2d(x, choice(1, 1, 2), kernel, stride=stride, **common)
            case 2:
                y = b.max_pool2d(x, kernel, stride, common["padding"])
            case 3:
                y = b.average_pool2d(x, kernel, (1, 1), common["padding"])
            case 4 if min(height, width) > 1:
                padded = b.pad(x, [(0, 0), (1, choice(0, 1)), (0, 1), (0, 0)])
                y = b.conv2d(padded, cols, (3, 3), stride=stride, padding=VALID)
            case _:
                y = b.add(x, same[-1]) if same else b.conv2d(x, c, (1, 1))
        images.append(y)
    return list(dict.fromkeys([images[-1], int(b.rng.choice(images[1:]))]))


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("target", [TINY, SMALL, WIDE], ids=lambda c: c.name)
def test_random_chains_equal_the_reference(target: Config, number: int) -> None:
    seed = choose_seed() + number
    b = ModelBuilder([seed, target.cols])
    data = b.build(*chain(b, target.cols))
    graph = read_model(data, f"chain of seed {seed}")
    try:
        accelerator = Accelerator(graph, target)
    except ModelError as error:
        assert "raise scratchpad_kib" in str(error)
        pytest.skip(f"seed {seed}: {error}")
    inputs = random_inputs(graph, seed)
    expected = Reference(data, {}, "chain").run(inputs)
    for ours, theirs in zip(accelerator.run(inputs), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs, f"seed {seed}")


def inverted_residual(b: ModelBuilder) -> int:
    """56 x 56 pixels, so that the tensors in between are eight times the scratchpad of 64 KiB."""
    x = b.input((1, 56, 56, 24))
    y = b.conv2d(x, 144, (1, 1))
    y = b.depthwise_conv2d(y)
    y = b.conv2d(y, 24, (1, 1))
    return b.add(x, y)


def compiled(data: bytes, target: Config) -> Program:
    return compile_graph(read_model(data, "model"), target)


def moved(program: Program) -> tuple[int, int]:
    loaded = sum(layer.bytes_loaded for layer in program.layers)
    return loaded, sum(layer.bytes_stored for layer in program.layers)


def test_an_inverted_residual_moves_input_weights_and_output_once() -> None:
    b = ModelBuilder(1)
    program = compiled(b.build(inverted_residual(b)), config("small", scratchpad_kib=64))
    loaded, stored = moved(program)
    tensor = 56 * 56 * 24
    weights = 144 * 24 * 2 + 144 * 9
    tables = 2048
    assert stored == tensor
    assert program.arena_bytes == 0
    # Descriptors, biases and scales come with the weights.
    assert tensor + weights + tables < loaded < tensor + tables + 1.6 * weights


def test_rows_between_operators_are_computed_once() -> None:
    """Each row in one command: the pixels of all commands are those of the tensors."""
    b = ModelBuilder(2)
    x = b.input((1, 64, 64, 16))
    y = b.depthwise_conv2d(b.conv2d(x, 32, (1, 1)))
    data = b.build(b.conv2d(y, 16, (1, 1)))
    accelerator = Accelerator(read_model(data, "chain"), config("small", scratchpad_kib=32))
    pixels: dict[int, int] = {}
    layers = iter(accelerator.program.command_layers[1])
    run_array = accelerator._model._run_array

    def counted(command: Any) -> None:
        layer = next(layers)
        c = command.config
        pixels[layer] = pixels.get(layer, 0) + c["tile_w"] * c["tile_h"] * c["blocks"] * 8
        run_array(command)

    accelerator._model._run_array = counted  # type: ignore[method-assign]
    accelerator.run([np.zeros((1, 64, 64, 16), np.int8)])
    assert pixels == {0: 64 * 64 * 32, 1: 64 * 64 * 32, 2: 64 * 64 * 16}


def test_two_additions_in_a_chain_keep_to_their_own_tables() -> None:
    b = ModelBuilder(3)
    x = b.input((1, 48, 48, 16), scale=0.05, zero_point=3)
    for factor in (1.0, 3.0):
        y = b.conv2d(x, 16, scale=0.05 * factor, zero_point=-7, filter_scale=0.0006 * factor)
        x = b.add(x, y, scale=0.1 * factor, zero_point=5)
    data = b.build(x)
    target = config("small", scratchpad_kib=32)
    accelerator = Accelerator(read_model(data, "additions"), target)
    assert sum(layer.bytes_stored for layer in accelerator.program.layers) == 48 * 48 * 16
    inputs: list[NDArray[Any]] = random_inputs(read_model(data, "additions"), 1)
    (expected,) = Reference(data, {}, "additions").run(inputs)
    np.testing.assert_array_equal(accelerator.run(inputs)[0], expected)
