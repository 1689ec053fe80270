"""Trains the digits network and writes digits.tflite and test_images.npz beside this file.

    python -m examples.digits.train [FOLDER]

Needs scikit-learn, for its data set only. Gives the same files every time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from examples.digits.network import GRADIENT_BITS, Array, Layer, digits_network, forward, snap
from examples.digits.quantise import quantise
from firmware.describe import host_custom_op
from firmware.host import HostOps
from sim.reference import Reference

FOLDER = Path(__file__).parent
N_TEST = 500
SPLIT_SEED = 20240601
SEED = 1

EPOCHS = 120
BATCH = 32
RATE = 0.003  # at the start; falls linearly to 0
DECAY = 0.01
SHIFTED = 0.5  # of the images are moved by up to a pixel each way

Labels = NDArray[np.int64]


def load() -> tuple[Array, Labels]:
    """All images, NHWC with values of 0 to 1, and their digits, in a random but fixed order."""
    digits = load_digits()
    order = _shuffled(np.random.default_rng(SPLIT_SEED), len(digits.target))
    images: Array = digits.images[order][..., np.newaxis] / 16
    return images, digits.target[order]


def _shuffled(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """A permutation from raw random numbers, whose sequence NumPy never changes."""
    return np.argsort(rng.random(n), kind="stable")


def _moved(images: Array, rng: np.random.Generator) -> Array:
    """Some of the images moved by up to a pixel in both directions; zeros come in."""
    n, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    down, right = np.floor(3 * rng.random((2, n))).astype(int)
    stays = rng.random(n) >= SHIFTED
    down[stays] = right[stays] = 1
    rows = down[:, None, None] + np.arange(height)[:, None]
    cols = right[:, None, None] + np.arange(width)
    moved: Array = padded[np.arange(n)[:, None, None], rows, cols]
    return moved


def _loss_gradient(logits: Array, labels: Labels) -> Array:
    """Of the cross entropy by the logits.

    The exponential is the one function here that may differ in its last bits from machine to
    machine; rounding hides that.
    """
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    gradient = exponentials / exponentials.sum(axis=1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    return snap(gradient, GRADIENT_BITS)


def train(layers: Sequence[Layer], images: Array, labels: Labels, seed: int = SEED) -> None:
    """Adam on the cross entropy, the same for each seed."""
    rng = np.random.default_rng(seed)
    n_batches = len(labels) // BATCH
    n_steps = EPOCHS * n_batches
    step, power_1, power_2 = 0, 1.0, 1.0
    for epoch in range(EPOCHS):
        order = _shuffled(rng, len(labels))
        moved = _moved(images, rng)
        for chosen in order[: n_batches * BATCH].reshape(n_batches, BATCH):
            gradient = _loss_gradient(forward(layers, moved[chosen]), labels[chosen])
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            power_1, power_2 = power_1 * 0.9, power_2 * 0.999
            rate = RATE * (1 - step / n_steps)
            for parameter in (p for layer in layers for p in layer.parameters):
                decay = DECAY if parameter.value.ndim > 1 else 0.0
                parameter.gradient = parameter.gradient / BATCH
                parameter.step(rate, (1 - power_1, 1 - power_2), decay)
            step += 1
        if epoch % 20 == 19:
            correct = accuracy(forward(layers, images), labels)
            print(f"epoch {epoch + 1}: {correct:.1%} of the training images", flush=True)


def accuracy(scores: Array | NDArray[np.int8], labels: Labels) -> float:
    """Share of rows whose greatest score is that of the label."""
    return float((scores.argmax(axis=1) == labels).mean())


def int8_probabilities(model: bytes, images: NDArray[np.int8]) -> NDArray[np.int8]:
    """The outputs of TensorFlow Lite Micro, with the host build of soft_knee.cc."""
    soft_knee = host_custom_op(HostOps([FOLDER / "soft_knee.cc"], []))
    reference = Reference(model, {"SoftKnee": soft_knee}, "digits")
    return np.concatenate([reference.run([image[np.newaxis]])[0] for image in images])


def main(folder: Path) -> None:
    """Train, quantise, write the files, print what they are worth."""
    images, labels = load()
    test_images, test_labels = images[:N_TEST], labels[:N_TEST]
    images, labels = images[N_TEST:], labels[N_TEST:]
    layers = digits_network(np.random.default_rng(SEED))
    train(layers, images, labels)
    float_accuracy = accuracy(forward(layers, test_images), test_labels)

    forward(layers, images)  # the ranges of activations are taken from this run
    model, image = quantise(layers, images.shape[1:])
    codes = image.codes(test_images)
    int8_accuracy = accuracy(int8_probabilities(model, codes), test_labels)
    print(f"test images: float {float_accuracy:.1%}, int8 {int8_accuracy:.1%} of {N_TEST}")

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "digits.tflite").write_bytes(model)
    np.savez_compressed(
        folder / "test_images.npz", images=codes, labels=test_labels.astype(np.uint8)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
