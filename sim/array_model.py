"""The array and its accumulator as the command set defines them, in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from arch import isa
from arch.isa import DESCRIPTOR_ROWS, DESCRIPTOR_STREAM, DESCRIPTOR_UNIT_BYTES, Mode
from arch.params import Params
from arch.quant import wrap32

if TYPE_CHECKING:
    from sim.model import Memories


@dataclass(frozen=True)
class Descriptor:
    """One decoded pass descriptor."""

    active: np.ndarray  # (rows,) bool
    streams: tuple[Mapping[str, int], ...]


@dataclass(frozen=True)
class Block:
    """Sums of one block of output channels with its parameters; sums are (pixels, cols)."""

    index: int
    sums: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray


class ArrayModel:
    """Two accumulator banks and the passes that fill them."""

    def __init__(self, params: Params, memories: Memories):
        self.params = params
        self.memories = memories
        self.banks = np.zeros((2, params.accumulator_depth, params.cols), np.int64)
        self.bank = 0
        self.kept: tuple[int, int] | None = None  # tile_w, tile_h of sums that were kept

    def reset(self) -> None:
        """A program starts without sums that were kept."""
        self.kept = None

    def refuses(self, c: Mapping[str, int]) -> bool:
        """Whether a command goes on with sums that the last one did not keep."""
        return bool(c["keep_in"]) and self.kept != (c["tile_w"], c["tile_h"])

    def blocks(self, c: Mapping[str, int]) -> Iterator[Block]:
        """Compute each block of output channels; a block that is kept does not change banks."""
        descriptors = [self._descriptor(c["table"], i) for i in range(c["entries"])]
        n_pixels = c["tile_w"] * c["tile_h"]
        pointer = c["weights"]
        activations: list[np.ndarray] = []
        for index in range(c["blocks"]):
            if c["shared"]:
                pointer = c["weights"]
            if index == 0 or c["in_block_step"]:
                activations = [
                    self._activations(c, index, descriptor, cb)
                    for descriptor in descriptors
                    for cb in range(c["cb_count"])
                ]
            total = self.banks[self.bank, :n_pixels]
            first = not c["keep_in"]
            passes = [(d, cb) for d in descriptors for cb in range(c["cb_count"])]
            for (descriptor, cb), values in zip(passes, activations, strict=True):
                active = self._active(c, descriptor, cb)
                weights, pointer = self._tile(pointer, active)
                if values.ndim == 2:  # convolution: the same bytes for every column
                    exact = values.astype(np.float64) @ weights.astype(np.float64)
                    psum = exact.astype(np.int64)
                else:
                    psum = np.einsum("prc,rc->pc", values, weights)
                if first:
                    total = psum
                elif c["maximum"]:
                    total = np.maximum(total, psum)
                else:
                    total = wrap32(total + psum)
                first = False
            self.banks[self.bank, :n_pixels] = total
            bias, multiplier, shift, pointer = self._quant(c, pointer)
            yield Block(index, total, bias, multiplier, shift)
            if not c["keep_out"]:
                self.bank ^= 1
        self.kept = (c["tile_w"], c["tile_h"]) if c["keep_out"] else None

    # ---- what the weight memory holds --------------------------------------------------------
    def _weight_bytes(self, word: int, n_words: int) -> np.ndarray:
        p = self.params
        start = word * p.weight_word_bytes
        where = np.arange(start, start + n_words * p.weight_word_bytes) % p.weight_memory_bytes
        return self.memories.weights[where]

    def _descriptor(self, table: int, entry: int) -> Descriptor:
        p = self.params
        raw = self._weight_bytes(table + entry * p.descriptor_words, p.descriptor_words).tobytes()
        units = [
            int.from_bytes(
                raw[i * DESCRIPTOR_UNIT_BYTES : (i + 1) * DESCRIPTOR_UNIT_BYTES], "little"
            )
            for i in range(1 + p.streams)
        ]
        mask = DESCRIPTOR_ROWS.unpack(units[0])["active"]
        active = np.array([mask >> row & 1 for row in range(p.rows)], bool)
        return Descriptor(active, tuple(DESCRIPTOR_STREAM.unpack(unit) for unit in units[1:]))

    def _active(self, c: Mapping[str, int], descriptor: Descriptor, cb: int) -> np.ndarray:
        if cb < c["cb_count"] - 1:
            return descriptor.active
        return descriptor.active & (np.arange(self.params.rows) < c["last_rows"])

    def _tile(self, pointer: int, active: np.ndarray) -> tuple[np.ndarray, int]:
        """Weights (rows, cols) of one pass, zero in rows that take no part; and what follows."""
        p = self.params
        weights = np.zeros((p.rows, p.cols), np.int64)
        for rows in p.row_order:
            if not active[list(rows)].any():
                continue
            word = self._weight_bytes(pointer, 1).view(np.int8).reshape(len(rows), p.cols)
            weights[list(rows)] = word * active[list(rows), None]
            pointer += 1
        return weights, pointer

    def _quant(
        self, c: Mapping[str, int], pointer: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Biases, multipliers and shifts behind a block's tiles (absent for a kept block)."""
        p = self.params
        zero = np.zeros(p.cols, np.int64)
        if c["keep_out"]:
            return zero, zero, zero, pointer
        n_words = p.quant_words(bool(c["per_channel"]))
        raw = self._weight_bytes(pointer, n_words)
        bias = raw[: 4 * p.cols].view(np.int32).astype(np.int64)
        if c["per_channel"]:
            multiplier = raw[4 * p.cols : 8 * p.cols].view(np.uint32).astype(np.int64)
            multiplier &= 0x7FFFFFFF
            shift = raw[8 * p.cols : 9 * p.cols].view(np.int8).astype(np.int64)
        else:
            multiplier, shift = zero + c["multiplier"], zero + c["shift"]
        return bias, multiplier, shift, pointer + n_words

    # ---- what the rows see -------------------------------------------------------------------
    def _windows(
        self, c: Mapping[str, int], index: int, stream: Mapping[str, int], cb: int, shift: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Windows (tile_h, tile_w, window) read ``shift`` slots later, and whether they are valid.

        Only the ``run`` slots from slot ``lead`` on are read; in_base and x0 belong to slot lead.
        """
        p = self.params
        rows = np.arange(c["tile_h"])[:, None]
        slots = np.arange(c["tile_w"])[None, :] + shift
        y = c["y0"] + rows * c["y_step"] + stream["dy"]
        x = c["x0"] + (slots - c["lead"]) * c["x_step"] + stream["dx"]
        valid = (y >= 0) & (y < c["height"]) & (x >= 0) & (x < c["width"])
        valid = valid & (slots >= c["lead"]) & (slots < c["lead"] + c["run"])
        valid = valid & bool(stream["enable"])
        base = c["in_base"] + index * c["in_block_step"] + stream["offset"] + cb * c["cb_step"]
        address = base + rows * c["row_step"] + (slots - c["lead"]) * c["pixel_step"]
        where = (address[..., None] + np.arange(p.window_bytes)) % (1 << isa.ADDRESS_BITS)
        data = self.memories.scratchpad[where % p.scratchpad_bytes].view(np.int8)
        return data, valid

    def _activations(
        self, c: Mapping[str, int], index: int, descriptor: Descriptor, cb: int
    ) -> np.ndarray:
        """(pixels, rows) in convolution mode, (pixels, rows, cols) in depthwise mode."""
        p = self.params
        n_pixels = c["tile_w"] * c["tile_h"]
        if c["mode"] == Mode.DEPTHWISE:
            out = np.empty((c["tile_h"], c["tile_w"], p.rows, p.cols), np.int64)
            for row in range(p.rows):
                group, r = divmod(row, p.group_rows)
                data, valid = self._windows(c, index, descriptor.streams[group], cb, r)
                out[:, :, row] = np.where(valid[..., None], data, c["pad"])
            return out.reshape(n_pixels, p.rows, p.cols)
        windows = [self._windows(c, index, stream, cb, 0) for stream in descriptor.streams]
        values = np.empty((c["tile_h"], c["tile_w"], p.rows), np.int64)
        for row in range(p.rows):
            pair, byte = divmod(row, p.pair_rows)
            chosen = pair * p.streams_per_pair
            for j in range(1, p.streams_per_pair):
                stream = descriptor.streams[pair * p.streams_per_pair + j]
                if stream["enable"] and stream["first"] <= byte:
                    chosen = pair * p.streams_per_pair + j
            data, valid = windows[chosen]
            values[:, :, row] = np.where(valid, data[:, :, byte], c["pad"])
        return values.reshape(n_pixels, p.rows)
