"""The banked scratchpad: activations, between the array, the DMA engines and the core."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from arch.params import Params, log2_exact
from hw.banks import (
    any_of,
    bank_bits,
    bank_of,
    hits_of,
    load_hits_bits,
    row_bits,
    row_of,
    select,
    word_bits,
    words_of,
)
from hw.interfaces import ChunkRead
from hw.window_reader import grant_layout

CORE_BYTES = 4


def result_layout(params: Params) -> data.StructLayout:
    """Up to ``lanes`` bytes at any byte address, as post-processing writes them."""
    return data.StructLayout(
        {
            "valid": 1,
            "address": log2_exact(params.scratchpad_bytes),
            "data": 8 * params.lanes,
            "mask": params.lanes,
        }
    )


def chunk_store_layout(params: Params, n_bytes: int) -> data.StructLayout:
    """An aligned chunk with a mask of bytes; ``chunk`` is the byte address over ``n_bytes``."""
    return data.StructLayout(
        {
            "chunk": log2_exact(params.scratchpad_bytes // n_bytes),
            "data": 8 * n_bytes,
            "mask": n_bytes,
        }
    )


class Scratchpad(wiring.Component):
    """Banks of one word per cycle for reads and one for writes, and who gets them.

    Reads: the grants of the window reader come first and are never refused, then the core, then
    the store engine. Writes: results come first and are never refused, then the load engine, then
    the core. A write is seen by reads that are granted in later cycles.

    Members
    -------
    grants, taken, bank_data : see :class:`hw.window_reader.WindowReader`.
    core_read, store_read : aligned chunks of 4 and of ``axi_bytes`` bytes; answered three cycles
        after they are accepted.
    results : written two cycles later.
    load_write, core_write : aligned chunks; written in the cycle after they are accepted.
    load_hits : hw.banks.hits_of the chunk on ``load_write``, from a register: whether it is taken
        is known too late in the cycle otherwise.
    """

    def __init__(self, params: Params):
        self.params = params
        grants = data.ArrayLayout(grant_layout(params), 2 * params.streams)
        words = data.ArrayLayout(8 * params.window_bytes, params.scratchpad_banks)
        super().__init__(
            {
                "grants": In(grants),
                "taken": In(params.scratchpad_banks),
                "bank_data": Out(words),
                "core_read": In(ChunkRead(CORE_BYTES)),
                "store_read": In(ChunkRead(params.axi_bytes)),
                "results": In(result_layout(params)),
                "load_write": In(stream.Signature(chunk_store_layout(params, params.axi_bytes))),
                "load_hits": In(load_hits_bits(params)),
                "core_write": In(stream.Signature(chunk_store_layout(params, CORE_BYTES))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        p = self.params
        banks = []
        for b in range(p.scratchpad_banks):
            word = 8 * p.window_bytes
            memory = Memory(shape=word, depth=1 << row_bits(p), init=[])
            m.submodules[f"bank_{b}"] = memory
            banks.append((memory.read_port(), memory.write_port(granularity=8)))
        self._reads(m, [read for read, _ in banks])
        self._writes(m, [write for _, write in banks])
        return m

    def _reads(self, m: Module, ports: list) -> None:
        p = self.params
        n_banks = p.scratchpad_banks
        # Per bank: who wants it and which row, by falling priority.
        wants: list[list[Value]] = [[] for _ in range(n_banks)]
        rows: list[list[Value]] = [[] for _ in range(n_banks)]
        for grant in self.grants:
            for b in range(n_banks):
                wants[b].append(grant.valid & (grant.bank == b))
                rows[b].append(grant.row)
        taken: list[Value] = list(self.taken)
        for name, n_bytes in (("core", CORE_BYTES), ("store", p.axi_bytes)):
            port = getattr(self, f"{name}_read")
            words = words_of(p, port.request.payload, n_bytes)
            bank_ids = [bank_of(p, word) for word in words]
            hits = [[bank == b for b in range(n_banks)] for bank in bank_ids]
            conflicts = [hit[b] & taken[b] for hit in hits for b in range(n_banks)]
            accepted = Signal(name=f"{name}_accepted")
            m.d.comb += [
                port.request.ready.eq(~any_of(conflicts)),
                accepted.eq(port.request.valid & port.request.ready),
            ]
            for word, hit in zip(words, hits, strict=True):
                for b in range(n_banks):
                    wants[b].append(_granted(accepted, port.request.valid, hit[b], taken[b], words))
                    rows[b].append(row_of(p, word))
            for hit in hits:
                taken = [taken[b] | (port.request.valid & hit[b]) for b in range(n_banks)]
            self._answer(m, name, port, n_bytes, accepted, bank_ids)
        for b, port in enumerate(ports):
            enable = Signal(name=f"read_enable_{b}")
            row = Signal(row_bits(p), name=f"read_row_{b}")
            m.d.sync += [enable.eq(any_of(wants[b])), row.eq(select(rows[b], wants[b]))]
            m.d.comb += [port.en.eq(enable), port.addr.eq(row)]
            # Block RAM answers so late in its cycle that nothing more fits into it.
            m.d.sync += self.bank_data[b].eq(port.data)

    def _answer(
        self, m: Module, name: str, port, n_bytes: int, accepted: Value, bank_ids: list[Value]
    ) -> None:
        """Follow an accepted chunk read until its bytes are there."""
        p = self.params
        m.d.comb += port.valid.eq(_delayed(m, accepted, f"{name}_valid"))
        parts = []
        for i, bank in enumerate(bank_ids):
            parts.append(self.bank_data[_delayed(m, bank, f"{name}_bank_{i}")])
        if n_bytes < p.window_bytes:
            part = port.request.payload[: log2_exact(p.window_bytes // n_bytes)]
            part = _delayed(m, part, f"{name}_part")
            m.d.comb += port.data.eq(parts[0].word_select(part, 8 * n_bytes))
        else:
            m.d.comb += port.data.eq(Cat(parts))

    def _writes(self, m: Module, ports: list) -> None:
        p = self.params
        n_banks, word_bytes = p.scratchpad_banks, p.window_bytes
        offset_bits = log2_exact(word_bytes)
        # Results: shifted to their place in two neighbouring words.
        r1 = Signal(result_layout(p))
        m.d.sync += r1.eq(self.results)
        low, high = Signal(word_bits(p)), Signal(word_bits(p))
        m.d.comb += [low.eq(r1.address[offset_bits:]), high.eq(low + 1)]
        r2_data = Signal(16 * word_bytes, reset_less=True)
        r2_mask = Signal(2 * word_bytes)
        byte = r1.address[:offset_bits]
        mask = r1.mask & r1.valid.replicate(p.lanes)
        m.d.sync += [r2_data.eq(r1.data << (byte << 3)), r2_mask.eq(mask << byte)]
        wants: list[list[Value]] = [[] for _ in range(n_banks)]
        writes: list[list[tuple[Value, Value, Value]]] = [[] for _ in range(n_banks)]
        for half, address in enumerate((low, high)):
            row = Signal(row_bits(p), name=f"r2_row_{half}")
            r1_bank = Signal(bank_bits(p), name=f"r1_bank_{half}")
            r1_used = (mask << byte).word_select(half, word_bytes).any()
            m.d.comb += r1_bank.eq(bank_of(p, address))
            m.d.sync += row.eq(row_of(p, address))
            bytes_ = r2_data.word_select(half, 8 * word_bytes)
            half_mask = r2_mask.word_select(half, word_bytes)
            for b in range(n_banks):
                want = Signal(name=f"r2_want_{half}_{b}")  # one bit each: all else waits for it
                m.d.sync += want.eq((r1_bank == b) & r1_used)
                wants[b].append(want)
                writes[b].append((row, bytes_, half_mask))
        taken = [any_of(wants[b]) for b in range(n_banks)]
        for name, n_bytes in (("load", p.axi_bytes), ("core", CORE_BYTES)):
            port = getattr(self, f"{name}_write")
            words = words_of(p, port.payload.chunk, n_bytes)
            flat = self.load_hits if name == "load" else hits_of(p, port.payload.chunk, n_bytes)
            hits = [flat[i : i + n_banks] for i in range(0, len(flat), n_banks)]
            conflicts = [hit[b] & taken[b] for hit in hits for b in range(n_banks)]
            accepted = Signal(name=f"{name}_write_accepted")
            m.d.comb += [
                port.ready.eq(~any_of(conflicts)),
                accepted.eq(port.valid & port.ready),
            ]
            for i, (word, hit) in enumerate(zip(words, hits, strict=True)):
                bytes_, byte_mask = self._place(port.payload, n_bytes, i)
                for b in range(n_banks):
                    wants[b].append(_granted(accepted, port.valid, hit[b], taken[b], words))
                    writes[b].append((row_of(p, word), bytes_, byte_mask))
            for hit in hits:
                taken = [taken[b] | (port.valid & hit[b]) for b in range(n_banks)]
        for b, port in enumerate(ports):
            rows, datas, masks = zip(*writes[b], strict=True)
            m.d.comb += [
                port.addr.eq(select(list(rows), wants[b])),
                port.data.eq(select(list(datas), wants[b])),
                port.en.eq(select(list(masks), wants[b])),
            ]

    def _place(self, payload, n_bytes: int, i: int) -> tuple[Value, Value]:
        """Data and mask of word ``i`` of a chunk, at full word width."""
        word_bytes = self.params.window_bytes
        if n_bytes >= word_bytes:
            return (
                payload.data.word_select(i, 8 * word_bytes),
                payload.mask.word_select(i, word_bytes),
            )
        parts = word_bytes // n_bytes
        part = payload.chunk[: log2_exact(parts)]
        mask = Cat(payload.mask & (part == k).replicate(n_bytes) for k in range(parts))
        return payload.data.replicate(parts), mask


def _delayed(m: Module, value: Value, name: str) -> Value:
    """The value of the request whose bytes the banks answer now."""
    for stage in (4, 5, 6):
        later = Signal(len(value), name=f"s{stage}_{name}")
        m.d.sync += later.eq(value)
        value = later
    return value


def _granted(accepted: Value, valid: Value, hit: Value, taken: Value, words: list[Value]) -> Value:
    """A chunk gets a bank.

    One of a single word does not wait for ``accepted``, which is the same but known later.
    """
    return valid & hit & ~taken if len(words) == 1 else accepted & hit
