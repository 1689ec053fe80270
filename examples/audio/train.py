"""Trains the keyword network on made-up words and writes keywords.tflite beside this file.

python -m examples.audio.train [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.audio import tables
from examples.audio.frontend import NAME, last_features
from examples.audio.speech import WORDS, example
from examples.digits.network import Array, Conv, Depthwise, FullyConnected, Layer, forward
from examples.digits.quantise import Kind, ModelWriter, quantisation_of, write_network
from sim.reference import Reference

FOLDER = Path(__file__).parent
FILE = "keywords.tflite"
N_TRAINING, N_TEST = 320, 80
EPOCHS, BATCH, RATE, DECAY, SEED = 25, 20, 0.004, 0.01, 1


def network(rng: np.random.Generator) -> list[Layer]:
    """For features of ROWS x CHANNELS x 1; its last outputs are the logits of WORDS."""
    return [
        Conv("conv", rng, 1, 8, size=5, stride=4, relu=True),  # 13x10
        Depthwise("depthwise_1", rng, 8, stride=2),  # 7x5
        Conv("pointwise_1", rng, 8, 16, relu=True),
        FullyConnected("logits", rng, 7 * 5 * 16, len(WORDS)),
    ]


def examples(n: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Features [n, ROWS, CHANNELS, 1] and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(WORDS)
    found = [last_features(example(int(label), rng)) for label in labels]
    return np.stack(found)[..., None], labels


def train(layers: Sequence[Layer], images: Array, labels: NDArray[np.int64]) -> None:
    """Adam on the cross entropy."""
    rng = np.random.default_rng(SEED)
    n_steps, power_1, power_2, step = EPOCHS * (len(labels) // BATCH), 1.0, 1.0, 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels))
        for chosen in order[: len(labels) // BATCH * BATCH].reshape(-1, BATCH):
            logits = forward(layers, images[chosen])
            gradient = np.exp(logits - logits.max(axis=1, keepdims=True))
            gradient /= gradient.sum(axis=1, keepdims=True)
            gradient[np.arange(BATCH), labels[chosen]] -= 1
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            power_1, power_2, step = power_1 * 0.9, power_2 * 0.999, step + 1
            rate = RATE * (1 - step / n_steps)
            for parameter in (p for layer in layers for p in layer.parameters):
                parameter.gradient = parameter.gradient / BATCH
                decay = DECAY if parameter.value.ndim > 1 else 0.0
                parameter.step(rate, (1 - power_1, 1 - power_2), decay)


def write(layers: Sequence[Layer]) -> bytes:
    """Samples of 20 ms to probabilities: AudioFrontend and the network."""
    writer = ModelWriter("Keywords from samples of 16 kHz")
    one = np.array([1], np.float32)
    samples = writer.activation("samples", (1, tables.STEP), np.float32(2.0**-15), 0, "int16")
    constants = [
        writer.constant(f"frontend/{number}", data, one)
        for number, data in enumerate(tables.operands(), 1)
    ]
    shape = (1, tables.ROWS, tables.CHANNELS, 1)
    features = writer.activation("features", shape, *quantisation_of(0.0, 1.0))
    writer.operator(Kind.CUSTOM, [samples.index, *constants], features, custom_name=NAME)
    return writer.build([samples], [write_network(writer, layers, features)])


def main(folder: Path) -> None:
    """Train, write the file, print what it is worth."""
    codes, labels = examples(N_TRAINING, SEED)
    images = (codes.astype(np.float64) + 128) / 255
    layers = network(np.random.default_rng(SEED))
    train(layers, images, labels)
    forward(layers, images)  # the ranges of activations are taken from this run
    model = write(layers)
    test_codes, test_labels = examples(N_TEST, SEED + 1)
    logits = forward(layers, (test_codes.astype(np.float64) + 128) / 255)
    right = (logits.argmax(axis=1) == test_labels).mean()
    features = iter(test_codes)
    reference = Reference(model, {NAME: lambda op, operands: [next(features)[None]]}, FILE)
    samples = np.zeros((1, tables.STEP), np.int16)
    answers = np.stack([reference.run([samples])[0][0] for _ in test_codes])
    int8_right = (answers.argmax(axis=1) == test_labels).mean()
    print(f"{N_TEST} test words: float {right:.1%}, int8 {int8_right:.1%}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(model)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
