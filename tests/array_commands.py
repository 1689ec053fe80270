"""Random array commands that are legal and free of races, with the weights that they need."""

from __future__ import annotations

import random

import numpy as np

from arch.isa import DESCRIPTOR_ROWS, DESCRIPTOR_STREAM, Command, Mode, Opcode, Wide
from arch.params import Params


class ArrayCommands:
    """Makes commands that read one half of the scratchpad and write the other.

    Parameters
    ----------
    rng : source of all choices.
    params : the accelerator.
    weights : contents of the weight memory, changed as commands are made.
    span : bytes of scratchpad to stay in.
    """

    def __init__(
        self, rng: random.Random, params: Params, weights: np.ndarray, span: int | None = None
    ):
        self.rng = rng
        self.params = params
        self.weights = weights
        self.span = span or params.scratchpad_bytes
        self.count = 0
        self.written_half: int | None = None
        self.kept: tuple[int, int] | None = None
        self.ring = 0

    def command(self, wait_all: bool = False) -> Command:
        """The next command; it waits for the last one only where it reads what that one wrote."""
        rng, p = self.rng, self.params
        half = self.span // 2
        read_half = rng.randrange(2)
        mode = rng.choice([Mode.CONVOLUTION, Mode.DEPTHWISE, Mode.DEPTHWISE, Mode.ELEMENTWISE])
        if mode is Mode.ELEMENTWISE and not p.config.elementwise:
            mode = Mode.CONVOLUTION
        c = {"mode": mode, "tile_w": rng.randint(1, 7), "tile_h": rng.randint(1, 4)}
        c["blocks"] = rng.randint(1, 3)
        c["run"] = c["tile_w"] + (rng.randint(0, 3) if mode is not Mode.ELEMENTWISE else 0)
        c["lead"] = rng.randint(0, min(c["run"], 7)) if mode is Mode.DEPTHWISE else 0
        if rng.random() < 0.5 and mode is Mode.DEPTHWISE:
            c["lead"] = min(c["run"], rng.randint(0, 1))
        c["last_cols"] = rng.randint(1, p.cols)
        c["last_rows"] = rng.randint(1, p.rows)
        c["in_base"] = read_half * half + rng.randrange(half // 4)
        c["in_block_step"] = rng.choice([0, p.cols, rng.randrange(64)])
        c["pad"] = rng.randint(-128, 127)
        c["row_step"] = rng.randrange(half // 32)
        c["pixel_step"] = rng.choice([p.cols, rng.randrange(32)])
        c["y_step"], c["x_step"] = rng.randint(0, 3), rng.randint(0, 3)
        c["y0"], c["x0"] = rng.randint(-3, 2), rng.randint(-3, 2)
        c["height"], c["width"] = rng.randint(1, 8), rng.randint(1, 12)
        c["cb_step"] = rng.choice([p.rows, rng.randrange(32)])
        c["out_base"] = (1 - read_half) * half + rng.randrange(half // 8)
        c["out_block_step"] = rng.choice([p.cols, rng.randrange(64)])
        c["out_row_step"] = rng.randrange(half // 32)
        c["out_pixel_step"] = rng.choice([p.cols, rng.randrange(48)])
        c["low"] = rng.randint(-128, 0)
        c["high"] = rng.randint(c["low"], 127)
        c["zero_point"] = rng.randint(-128, 127)
        c["multiplier"], c["shift"] = self._scale()
        if mode is Mode.ELEMENTWISE:
            c["binary"] = int(p.streams > 1 and rng.random() < 0.7)
            c["table_a"] = rng.randrange(2)
            c["b_base"] = read_half * half + rng.randrange(half // 4)
        else:
            self._weights(c)
        if not c.get("table_out"):
            c["wide"] = rng.choice([Wide.NONE, Wide.NONE, Wide.LOW, Wide.HIGH])
        waits = [0, 0, 0, 0]
        if wait_all or self.written_half == read_half:
            waits[1] = self.count
        self.count += 1
        # Results of earlier commands may still be on their way to the other half.
        if not c.get("keep_out"):
            if self.written_half not in (None, 1 - read_half):
                waits[1] = self.count - 1
            self.written_half = 1 - read_half
        return Command(Opcode.ARRAY, c, tuple(waits))

    def _scale(self) -> tuple[int, int]:
        rng = self.rng
        multiplier = rng.choice([0, 1 << 30, (1 << 31) - 1, rng.randrange(1 << 30, 1 << 31)])
        return multiplier, rng.choice([rng.randint(-31, 30), rng.randint(-12, 0)])

    def _weights(self, c: dict[str, int]) -> None:
        """Descriptors, tiles and quantisation parameters, at the next place of the ring."""
        rng, p = self.rng, self.params
        c["entries"], c["cb_count"] = rng.randint(1, 3), rng.randint(1, 3)
        c["maximum"] = int(rng.random() < 0.2)
        c["shared"] = int(rng.random() < 0.2)
        c["per_channel"] = rng.randrange(2)
        c["table_out"] = int(p.config.elementwise and rng.random() < 0.2)
        c["keep_in"] = int(self.kept is not None and rng.random() < 0.7)
        if c["keep_in"]:
            c["tile_w"], c["tile_h"] = self.kept
            c["run"] = max(c["run"], c["tile_w"])
        c["keep_out"] = int(rng.random() < 0.15)
        if c["keep_in"] or c["keep_out"]:
            c["blocks"] = 1
        self.kept = (c["tile_w"], c["tile_h"]) if c["keep_out"] else None
        descriptors = [self._descriptor(c) for _ in range(c["entries"])]
        c["table"] = self._append(b"".join(raw for raw, _ in descriptors))
        c["weights"] = self.ring
        for _ in range(1 if c["shared"] else c["blocks"]):
            for _, active in descriptors:
                for cb in range(c["cb_count"]):
                    last = cb == c["cb_count"] - 1
                    rows = {r for r in active if not last or r < c["last_rows"]}
                    n_words = sum(1 for word in p.row_order if rows & set(word))
                    self._append(rng.randbytes(n_words * p.weight_word_bytes))
            if not c["keep_out"]:
                self._append(self._quant(bool(c["per_channel"])))

    def _descriptor(self, c: dict[str, int]) -> tuple[bytes, set[int]]:
        rng, p = self.rng, self.params
        density = rng.choice([0.0, 0.3, 0.8, 1.0, 1.0])
        active = {row for row in range(p.rows) if rng.random() < density}
        units = [DESCRIPTOR_ROWS.pack({"active": sum(1 << row for row in active)})]
        for _ in range(p.streams):
            units.append(
                DESCRIPTOR_STREAM.pack(
                    {
                        "offset": rng.choice([rng.randrange(32), rng.randrange(self.span // 32)]),
                        "dy": rng.randint(-3, 3),
                        "dx": rng.randint(-3, 3),
                        "first": rng.randrange(p.pair_rows),
                        "enable": int(rng.random() < 0.85),
                    }
                )
            )
        raw = b"".join(unit.to_bytes(8, "little") for unit in units)
        return raw.ljust(p.descriptor_words * p.weight_word_bytes, b"\0"), active

    def _quant(self, per_channel: bool) -> bytes:
        rng, p = self.rng, self.params
        top = rng.choice([100, 1 << 16, 1 << 31])
        raw = np.array([rng.randint(-top, top - 1) for _ in range(p.cols)], np.int32).tobytes()
        if per_channel:
            scales = [self._scale() for _ in range(p.cols)]
            raw += np.array([q for q, _ in scales], np.uint32).tobytes()
            raw += np.array([s for _, s in scales], np.int8).tobytes()
        return raw.ljust(p.quant_words(per_channel) * p.weight_word_bytes, b"\0")

    def _append(self, raw: bytes) -> int:
        """Put bytes at the end of the ring; returns the word at which they start."""
        p = self.params
        start = self.ring
        where = np.arange(start * p.weight_word_bytes, start * p.weight_word_bytes + len(raw))
        self.weights[where % len(self.weights)] = np.frombuffer(raw, np.uint8)
        self.ring = (self.ring + len(raw) // p.weight_word_bytes) % p.weight_words
        return start
