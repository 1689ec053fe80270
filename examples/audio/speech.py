"""Made-up words: vowels that glide into each other, from their formants, in noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.audio.tables import ROWS, SAMPLE_RATE, STEP

WORDS = ("(none)", "mia", "uli", "awu")
QUIET_STEPS = 15  # before a word, in which the noise is learned
N_SAMPLES = (QUIET_STEPS + ROWS) * STEP

# Formants in Hz (Peterson and Barney 1952, men), and how loud they are.
_VOWELS = {
    "a": (730, 1090, 2440),
    "i": (270, 2290, 3010),
    "u": (300, 870, 2240),
    "m": (250, 1000, 2200),
    "l": (360, 1300, 2700),
    "w": (290, 610, 2150),
}
_LOUDNESS = (1.0, 0.5, 0.25)
_CONTROL = 160  # samples from one setting to the next
_HARMONICS = 36


def _spoken(word: str, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """A word as ``n`` samples: harmonics of a falling voice through gliding formants."""
    n_settings = n // _CONTROL + 2
    at = np.linspace(0, len(word) - 1, n_settings)
    speaker = rng.uniform(0.9, 1.2)
    tracks = np.array([_VOWELS[letter] for letter in word], float) * speaker
    formants = np.stack([np.interp(at, range(len(word)), track) for track in tracks.T])
    pitch = rng.uniform(90, 220) * np.linspace(rng.uniform(1, 1.3), 0.85, n_settings)
    envelope = np.sin(np.pi * np.linspace(0.03, 0.97, n_settings)) ** 0.5
    time = np.arange(n) / _CONTROL
    phase = 2 * np.pi * np.cumsum(np.interp(time, range(n_settings), pitch)) / SAMPLE_RATE
    sound = np.zeros(n)
    for harmonic in range(1, _HARMONICS + 1):
        hz = harmonic * pitch
        width = 60 + 0.05 * formants
        response = (np.array(_LOUDNESS)[:, None] / (1 + ((hz - formants) / width) ** 2)).sum(0)
        level = response * envelope * (hz < SAMPLE_RATE / 2) / harmonic**0.5
        sound += np.interp(time, range(n_settings), level) * np.sin(harmonic * phase)
    spoken: NDArray[np.float64] = sound / np.abs(sound).max()
    return spoken


def _background(rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise with a slope, and sometimes a hum or a whistle."""
    noise = rng.normal(0, 1, N_SAMPLES)
    noise += rng.uniform(0, 0.9) * np.concatenate([[0], noise[:-1]])
    if rng.random() < 0.4:
        t = np.arange(N_SAMPLES) / SAMPLE_RATE
        hz = rng.choice([50, 120, 400, 1500, 3000]) + rng.uniform(-20, 200) * t
        noise += rng.uniform(0.3, 1.5) * np.sin(2 * np.pi * hz * t)
    even: NDArray[np.float64] = noise / noise.std()
    return even


def example(label: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """N_SAMPLES of 16 kHz that end within a word, or shortly behind it; label 0 has none."""
    level = np.exp(rng.uniform(np.log(800), np.log(12_000)))
    sound = level * np.exp(rng.uniform(np.log(0.01), np.log(0.12))) * _background(rng)
    if label:
        n = int(rng.uniform(0.45, 0.75) * SAMPLE_RATE)
        end = N_SAMPLES - int(rng.uniform(0, 0.15) * SAMPLE_RATE)
        sound[end - n : end] += level * _spoken(WORDS[label], rng, n)
    samples: NDArray[np.int16] = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    return samples
