"""How scratchpad addresses spread over banks, in gates; arch.params.Params.bank_of in numbers."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Signal, Value

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


def words_of(params: Params, chunk: Value, n_bytes: int) -> list[Value]:
    """Scratchpad words that an aligned chunk of ``n_bytes`` covers."""
    word = params.window_bytes
    if n_bytes <= word:
        return [chunk[log2_exact(word // n_bytes) :][: word_bits(params)]]
    n_words = n_bytes // word
    return [Cat(Const(i, log2_exact(n_words)), chunk)[: word_bits(params)] for i in range(n_words)]


def hits_of(params: Params, chunk: Value, n_bytes: int) -> Value:
    """A bit for each word of a chunk and each bank, the banks of the first word first."""
    banks = [bank_of(params, word) for word in words_of(params, chunk, n_bytes)]
    return Cat(bank == b for bank in banks for b in range(params.scratchpad_banks))


def load_hits_bits(params: Params) -> int:
    """Bits of :func:`hits_of` the chunks that the load engine writes."""
    return max(1, params.axi_bytes // params.window_bytes) * params.scratchpad_banks


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
