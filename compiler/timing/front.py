"""How commands reach their engines: program fetch, sequencer, queues."""

from __future__ import annotations

from collections import deque

from arch.isa import WORD_BYTES, Engine
from arch.params import Params
from compiler.timing.memory import MemoryTiming, ReadBus

CHUNK_WORDS = 128 // WORD_BYTES  # hw/program_fetch.py
N_CHUNKS = 4  # hw/program_fetch.py
FIRST_REQUEST = 12  # cycles from the doorbell to the first address (hw/supervisor.py)
NEXT_REQUEST = 6  # from a free chunk of the buffer to its address
BEAT_TO_WORD = 6  # from a beat to the sequencer (hw/axi_read.py, hw/program_fetch.py)
THROUGH_QUEUE = 2  # hw/command_queue.py
BARE_WORDS = 2  # a command of so many words takes a cycle more (hw/sequencer.py)
WHOLE_TO_VALID = 2  # hw/command_port.py
RELEASE_TO_ITEM = 2  # hw/command_port.py, hw/command_queue.py


class Sequencer:
    """Fetches the program and fills the engines' queues, in order and a word a cycle."""

    def __init__(self, params: Params, memory: MemoryTiming, bus: ReadBus):
        self._bus = bus
        self._beats = max(1, 8 * WORD_BYTES * CHUNK_WORDS // params.config.axi_data_bits)
        self._word_cycles = max(
            1.0, WORD_BYTES / min(memory.bytes_per_cycle, float(params.axi_bytes))
        )
        queues = params.config.queue_words
        depths = {e: getattr(queues, e.name.lower()) for e in Engine}
        self._popped = {e: deque([-1.0] * n, maxlen=n) for e, n in depths.items()}
        self._accepted = dict.fromkeys(Engine, 0.0)
        self._time = 0.0
        self._word = 0
        self._chunk_start = 0.0
        self._asked = FIRST_REQUEST - NEXT_REQUEST - 1.0
        self._freed: deque[float] = deque([0.0] * N_CHUNKS, maxlen=N_CHUNKS)

    def dispatch(self, engine: Engine, n_words: int, port_free: float) -> float:
        """Time at which a command of ``n_words`` words, header included, is whole at its engine.

        ``port_free`` is when the engine lets go of its last command.
        """
        self._take(1)  # the header stays in the sequencer
        popped = self._popped[engine]
        accepted = max(self._accepted[engine], port_free + RELEASE_TO_ITEM - 1)
        for _ in range(n_words - 1):
            room = popped[0] + 1
            self._take(1, room)
            accepted = max(self._time + THROUGH_QUEUE, accepted + 1)
            popped.append(accepted - 1)
        if n_words == BARE_WORDS:
            self._time += 1
            accepted += 1
        self._accepted[engine] = accepted
        return accepted + WHOLE_TO_VALID

    def _take(self, n_words: int, not_before: float = 0.0) -> None:
        for _ in range(n_words):
            index = self._word % CHUNK_WORDS
            if index == 0:
                self._asked = max(self._asked + 2, self._freed[0] + NEXT_REQUEST)
                self._chunk_start = self._bus.overtaking(self._asked, self._beats)
            there = self._chunk_start + BEAT_TO_WORD + index * self._word_cycles
            self._time = max(self._time + 1, there, not_before)
            self._word += 1
            if index == CHUNK_WORDS - 1:
                self._freed.append(self._time)
