"""Constants of AudioFrontend (audio_frontend.cc says what they are), and of its relatives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
STEP = 320  # samples of a call: 20 ms
SIZE = 480  # of a frame: 30 ms
FFT_LENGTH = 512
POINTS = FFT_LENGTH // 2
CHANNELS = 40
ROWS = 49  # of the features that the network sees: a second
LOW_HZ, HIGH_HZ = 125.0, 7_500.0

WINDOW_BITS = 12
WEIGHT_BITS = 12
NOISE_BITS, NOISE_EXTRA_BITS = 14, 10
SMOOTHING = (410, 983)  # even and odd channels
LEAST_SIGNAL = 819
GAIN_BITS, CORRECTION_BITS, SNR_BITS = 21, 3, 12
SNR_SHIFT = GAIN_BITS - CORRECTION_BITS - SNR_BITS
GAIN_STRENGTH, GAIN_OFFSET = 0.95, 80.0
LOG_SCALE = 1_600
DROPPED_BITS = 6

Codes = NDArray[Any]


class FilterBank(NamedTuple):
    """Triangles on the mel scale, each from the centre of the one before to that of the next.

    ``weights`` and ``unweights`` hold, bin by bin, what counts in a channel and in the one above;
    ``first_bins``, ``first_weights`` and ``n_bins`` have one more than there are channels.
    """

    weights: Codes
    unweights: Codes
    first_bins: Codes
    first_weights: Codes
    n_bins: Codes


def window() -> Codes:
    """Hann, [SIZE]."""
    x = np.arange(SIZE) + 0.5
    return np.rint((0.5 - 0.5 * np.cos(2 * np.pi * x / SIZE)) * (1 << WINDOW_BITS)).astype(np.int16)


def _turns(phases: NDArray[np.float64]) -> Codes:
    """exp(i * phase) as pairs; rounded as Kiss FFT does."""
    pairs = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
    return np.floor(0.5 + np.iinfo(np.int16).max * pairs).astype(np.int16)


def twiddles() -> Codes:
    return _turns(-2 * np.pi * np.arange(POINTS) / POINTS)


def split() -> Codes:
    return _turns(-np.pi * (np.arange(1, POINTS // 2 + 1) / POINTS + 0.5))


def _mel(hz: NDArray[Any]) -> NDArray[Any]:
    mel: NDArray[Any] = 1127.0 * np.log1p(hz / 700.0)
    return mel


def filter_bank() -> FilterBank:
    low, high = _mel(np.array([LOW_HZ, HIGH_HZ]))
    edges = low + (high - low) / (CHANNELS + 1) * np.arange(CHANNELS + 2)
    hz_per_bin = SAMPLE_RATE / FFT_LENGTH
    first = int(1.5 + LOW_HZ / hz_per_bin)  # the constant part is left out
    bins = np.arange(first, POINTS)
    mels = _mel(bins * hz_per_bin)
    bins, mels = bins[mels <= edges[-1]], mels[mels <= edges[-1]]
    channel = np.searchsorted(edges[1:], mels)
    share = (edges[channel + 1] - mels) / (edges[channel + 1] - edges[channel])
    n_bins = np.bincount(channel, minlength=CHANNELS + 1)
    starts = np.concatenate([[0], np.cumsum(n_bins)[:-1]])
    one = 1 << WEIGHT_BITS
    return FilterBank(
        np.rint(share * one).astype(np.int16),
        np.rint((1 - share) * one).astype(np.int16),
        (first + starts).astype(np.int16),
        starts.astype(np.int16),
        n_bins.astype(np.int16),
    )


def gains() -> Codes:
    """PCAN: (noise + offset) ** -strength; between powers of two a parabola through 3 points."""

    def at(x: int) -> int:
        noise = x / (1 << (NOISE_EXTRA_BITS - CORRECTION_BITS))
        gain = (1 << GAIN_BITS) * (noise + GAIN_OFFSET) ** -GAIN_STRENGTH
        return min(int(gain + 0.5), np.iinfo(np.int16).max)

    table = np.zeros(125, np.int16)
    table[:2] = at(0), at(1)
    for n in range(2, 33):
        low = 1 << (n - 1)
        y = [at(low), at(low + low // 2), at(2 * low if n < 32 else 2 * low - 1)]
        first = 4 * (y[1] - y[0]) - (y[2] - y[0])
        table[4 * n - 6 : 4 * n - 3] = y[0], first, y[2] - y[0] - first
    return table


def logarithms() -> Codes:
    x = np.arange(129) / 128
    return np.append(np.rint((np.log2(1 + x) - x) * 65536), 0).astype(np.uint16)


def operands() -> list[Codes]:
    """All constants in the order of AudioFrontend's operands, from number 1 on."""
    return [window(), twiddles(), split(), *filter_bank(), gains(), logarithms()]
