"""How scratchpad addresses spread over banks, in gates; arch.params.Params.bank_of in numbers."""

from __future__ import annotations

from amaranth.hdl import Const, Signal, Value

from arch.params import Params, log2_exact


def bank_of(params: Params, word: Value) -> Value:
    """Bank of a scratchpad word."""
    bits = log2_exact(params.scratchpad_banks)
    terms = []
    for i, weight in enumerate(params.bank_weights):
        digit = word[i * bits : (i + 1) * bits]
        if weight:
            terms.append(digit if weight > 0 else (Const(0, bits) - digit)[:bits])
    while len(terms) > 1:  # a balanced tree; the carries beyond ``bits`` do not count
        terms = [
            (terms[i] + terms[i + 1])[:bits] if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
    return terms[0]


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
