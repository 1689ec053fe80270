"""How scratchpad addresses spread over banks, in gates; arch.params.Params.bank_of in numbers."""

from __future__ import annotations

from amaranth.hdl import Signal, Value

from arch.params import Params, log2_exact


def bank_of(params: Params, word: Value) -> Value:
    """Bank of a scratchpad word: the sum of its address's digits in base ``banks``."""
    bits = log2_exact(params.scratchpad_banks)
    digits = [word[lsb : lsb + bits] for lsb in range(0, len(word), bits)]
    while len(digits) > 1:  # a balanced tree; the carries beyond ``bits`` do not count
        digits = [
            (digits[i] + digits[i + 1])[:bits] if i + 1 < len(digits) else digits[i]
            for i in range(0, len(digits), 2)
        ]
    return digits[0]


def row_of(params: Params, word: Value) -> Value:
    """Row of a scratchpad word within its bank."""
    return word[log2_exact(params.scratchpad_banks) :]


def word_bits(params: Params) -> int:
    return log2_exact(params.scratchpad_words)


def row_bits(params: Params) -> int:
    return word_bits(params) - log2_exact(params.scratchpad_banks)


def bank_bits(params: Params) -> int:
    return log2_exact(params.scratchpad_banks)


def any_of(bits: list[Value] | list[Signal]) -> Value:
    """OR of one-bit values."""
    result = bits[0]
    for bit in bits[1:]:
        result = result | bit
    return result


def select(choices: list[Value], one_hot: list[Value]) -> Value:
    """AND-OR multiplexer: the choice whose bit is set, zero if none is."""
    width = len(choices[0])
    result = None
    for choice, bit in zip(choices, one_hot, strict=True):
        term = choice & bit.replicate(width)
        result = term if result is None else result | term
    assert result is not None
    return result
