"""Parameters that follow from a configuration: widths, depths, and the shape of the array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from arch.config import Config
from arch.isa import DESCRIPTOR_UNIT_BYTES, Space

TABLES_BYTES = 2 * 256 * 4  # two tables of 256 words of 32 bits


def log2_exact(value: int) -> int:
    """log2 of a power of two."""
    if value <= 0 or value & (value - 1):
        raise ValueError(f"{value} is not a power of two")
    return value.bit_length() - 1


@dataclass(frozen=True)
class Params:
    """Derived parameters of one accelerator.

    The array has ``rows`` rows in ``streams`` groups of ``group_rows``. In convolution mode a row
    reads one byte of a window; ``pairs`` windows side by side make up the rows, and each of them
    can be merged from ``streams_per_pair`` streams. In depthwise mode every group has a stream of
    its own, one byte of the window for each column.
    """

    config: Config

    # ---- array -------------------------------------------------------------------------------
    @property
    def rows(self) -> int:
        return self.config.rows

    @property
    def cols(self) -> int:
        return self.config.cols

    @property
    def streams(self) -> int:
        return self.config.streams

    @property
    def lanes(self) -> int:
        return self.config.lanes

    @cached_property
    def group_rows(self) -> int:
        return self.rows // self.streams

    @cached_property
    def pairs(self) -> int:
        return max(1, self.rows // self.cols)

    @cached_property
    def pair_rows(self) -> int:
        return self.rows // self.pairs

    @cached_property
    def streams_per_pair(self) -> int:
        return self.streams // self.pairs

    @cached_property
    def psum_bits(self) -> int:
        """Width that holds the sum of ``rows`` products of two int8."""
        return 16 + log2_exact(self.rows)

    @property
    def macs_per_cycle(self) -> int:
        """At best; an instruction of the scalar datapath has two cycles for a product a column."""
        return self.cols // 2 if self.config.datapath == "scalar" else self.rows * self.cols

    # ---- accumulator and post-processing -----------------------------------------------------
    @property
    def accumulator_depth(self) -> int:
        return self.config.accumulator_depth

    @cached_property
    def lane_groups(self) -> int:
        """Cycles that post-processing spends on one pixel of ``cols`` channels."""
        return self.cols // self.lanes

    # ---- scratchpad --------------------------------------------------------------------------
    @property
    def window_bytes(self) -> int:
        """Bytes that one stream reads per cycle, at any alignment; also a scratchpad word."""
        return self.cols

    @property
    def scratchpad_bytes(self) -> int:
        return self.config.scratchpad_kib * 1024

    @property
    def scratchpad_banks(self) -> int:
        return self.config.scratchpad_banks

    @cached_property
    def scratchpad_words(self) -> int:
        return self.scratchpad_bytes // self.window_bytes

    @cached_property
    def bank_weights(self) -> tuple[int, ...]:
        """Weight (0, 1 or -1) of each digit of a word's address in :meth:`bank_of`.

        Going from a word to the next changes the bank by the sum of the weights of the digits
        that change, so no such partial sum may be a multiple of the number of banks.
        """
        banks = self.scratchpad_banks
        n_digits = -(-log2_exact(self.scratchpad_words) // log2_exact(banks))
        weights: list[int] = [1]
        while len(weights) < n_digits:
            weights.append(next(w for w in (1, -1, 0) if (sum(weights) + w) % banks))
        return tuple(weights)

    def bank_of(self, word: int) -> int:
        """Bank of a scratchpad word: a weighted sum of its address's digits in base ``banks``.

        Neighbouring words are always in different banks, and strides that are multiples of the
        number of banks spread over them.
        """
        banks = self.scratchpad_banks
        total = 0
        for weight in self.bank_weights:
            total += weight * (word % banks)
            word //= banks
        return total % banks

    # ---- weight memory -----------------------------------------------------------------------
    @property
    def weight_rows_per_cycle(self) -> int:
        return self.config.weight_rows_per_cycle

    @property
    def weight_word_bytes(self) -> int:
        return self.cols * self.weight_rows_per_cycle

    @property
    def weight_memory_bytes(self) -> int:
        return self.config.weight_memory_kib * 1024

    @cached_property
    def weight_words(self) -> int:
        return self.weight_memory_bytes // self.weight_word_bytes

    @cached_property
    def row_order(self) -> tuple[tuple[int, ...], ...]:
        """Rows of the array that each word of a full weight tile holds, in the order of words.

        A word holds the same row of neighbouring groups, because rows of equal position in their
        groups exchange their weights in the same cycle.
        """
        per_word = self.weight_rows_per_cycle
        order = []
        for first in range(0, self.streams, per_word):
            for r in range(self.group_rows):
                order.append(tuple((first + j) * self.group_rows + r for j in range(per_word)))
        return tuple(order)

    @cached_property
    def descriptor_words(self) -> int:
        """Weight-memory words of one pass descriptor."""
        return -(-(1 + self.streams) * DESCRIPTOR_UNIT_BYTES // self.weight_word_bytes)

    def quant_words(self, per_channel: bool) -> int:
        """Weight-memory words of the parameters behind each block: biases, multipliers, shifts."""
        n_bytes = self.cols * (9 if per_channel else 4)
        return -(-n_bytes // self.weight_word_bytes)

    # ---- memories that the load engine writes ------------------------------------------------
    @cached_property
    def space_bytes(self) -> dict[Space, int]:
        """Bytes of each on-chip memory; 0 where the configuration lacks it."""
        core = self.config.core
        imem_kib, dmem_kib = (0, 0) if core == "none" else (core.imem_kib, core.dmem_kib)
        return {
            Space.SCRATCHPAD: self.scratchpad_bytes,
            Space.WEIGHTS: self.weight_memory_bytes,
            Space.IMEM: 1024 * imem_kib,
            Space.DMEM: 1024 * dmem_kib,
            Space.TABLES: TABLES_BYTES if self.config.elementwise else 0,
        }

    # ---- memory port -------------------------------------------------------------------------
    @cached_property
    def axi_bytes(self) -> int:
        return self.config.axi_data_bits // 8
