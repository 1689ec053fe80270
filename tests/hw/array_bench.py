"""The array engine with the memories around it, as one component for tests."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from arch.config import parse_config
from arch.params import Params
from hw.array_engine import ArrayEngine
from hw.banks import hits_of
from hw.interfaces import ChunkRead, EngineStatus, command_signature, completed_layout
from hw.scratchpad import Scratchpad, chunk_store_layout
from hw.tables import table_write_layout
from hw.weight_memory import WeightMemory, weight_write_layout
from hw.window_reader import WindowReader

SHAPES = {
    "4x4": {"rows": 4, "cols": 4, "lanes": 2, "streams": 2, "axi_data_bits": 32},
    "4x4_one_stream": {"rows": 4, "cols": 4, "lanes": 1, "streams": 1, "axi_data_bits": 32},
    "8x8": {"rows": 8, "cols": 8, "lanes": 4, "streams": 2, "weight_rows_per_cycle": 2},
    "16x8": {"rows": 16, "cols": 8, "lanes": 8, "streams": 4, "weight_rows_per_cycle": 2},
    "16x16": {"rows": 16, "cols": 16, "lanes": 8, "streams": 4, "weight_rows_per_cycle": 2},
    "8x4": {
        "rows": 8,
        "cols": 4,
        "lanes": 4,
        "streams": 2,
        "axi_data_bits": 32,
        "scratchpad_banks": 8,
    },
    "4x8": {"rows": 4, "cols": 8, "lanes": 1, "streams": 1, "scratchpad_banks": 2},
    "plain": {"rows": 8, "cols": 8, "lanes": 4, "streams": 2, "elementwise": False},
}


def shape_params(name: str) -> Params:
    """A small accelerator of one of the shapes."""
    base = {
        "name": "bench",
        "scratchpad_kib": 4,
        "weight_memory_kib": 8,
        "accumulator_depth": 32,
        "core": "none",
    }
    return Params(parse_config(base | SHAPES[name]))


class ArrayBench(wiring.Component):
    """Array engine, weight memory and scratchpad."""

    def __init__(self, params: Params):
        self.params = params
        p = params
        ports = {
            "commands": In(command_signature()),
            "completed": In(completed_layout()),
            "status": Out(EngineStatus()),
            "started": Out(1),
            "load_write": In(stream.Signature(chunk_store_layout(p, p.axi_bytes))),
            "weight_write": In(stream.Signature(weight_write_layout(p))),
            "store_read": In(ChunkRead(p.axi_bytes)),
        }
        if p.config.elementwise:
            ports["table_write"] = In(stream.Signature(table_write_layout(p)))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        m.submodules.engine = engine = ArrayEngine(p)
        m.submodules.scratchpad = scratchpad = Scratchpad(p)
        m.submodules.reader = reader = WindowReader(p)
        m.submodules.weights = weights = WeightMemory(p)
        connect(m, flipped(self.commands), engine.commands)
        connect(m, engine.status, flipped(self.status))
        connect(m, engine.weight_read, weights.read)
        connect(m, engine.request, reader.request)
        connect(m, flipped(self.load_write), scratchpad.load_write)
        chunk = self.load_write.payload.chunk
        m.d.comb += scratchpad.load_hits.eq(hits_of(self.params, chunk, self.params.axi_bytes))
        connect(m, flipped(self.weight_write), weights.write)
        connect(m, flipped(self.store_read), scratchpad.store_read)
        if p.config.elementwise:
            connect(m, flipped(self.table_write), engine.table_write)
        m.d.comb += [
            engine.completed.eq(self.completed),
            engine.windows.eq(reader.windows),
            engine.windows_valid.eq(reader.valid),
            scratchpad.grants.eq(reader.grants),
            scratchpad.taken.eq(reader.taken),
            reader.bank_data.eq(scratchpad.bank_data),
            scratchpad.results.eq(engine.results),
            self.started.eq(engine.started),
        ]
        return m
