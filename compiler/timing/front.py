"""How commands reach their engines: program fetch, sequencer, queues."""

from __future__ import annotations

from collections import deque
from typing import Protocol

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


class Words(Protocol):
    """Where the words of commands come from, one after the other."""

    def there(self) -> float:
        """When the next word is at the sequencer."""
        ...

    def taken(self, time: float) -> None:
        """The sequencer takes that word at ``time``."""
        ...


class ProgramFetch:
    """The words of a program, which are fetched in chunks."""

    def __init__(self, params: Params, memory: MemoryTiming, bus: ReadBus):
        self._bus = bus
        self._beats = max(1, 8 * WORD_BYTES * CHUNK_WORDS // params.config.axi_data_bits)
        self._word_cycles = max(
            1.0, WORD_BYTES / min(memory.bytes_per_cycle, float(params.axi_bytes))
        )
        self._index = 0  # of the next word in its chunk
        self._chunk_start = 0.0
        self._asked = FIRST_REQUEST - NEXT_REQUEST - 1.0
        self._freed: deque[float] = deque([0.0] * N_CHUNKS, maxlen=N_CHUNKS)

    def there(self) -> float:
        """See :class:`Words`."""
        if self._index == 0:
            self._asked = max(self._asked + 2, self._freed[0] + NEXT_REQUEST)
            self._chunk_start = self._bus.overtaking(self._asked, self._beats)
        return self._chunk_start + BEAT_TO_WORD + self._index * self._word_cycles

    def taken(self, time: float) -> None:
        """See :class:`Words`."""
        self._index = (self._index + 1) % CHUNK_WORDS
        if self._index == 0:
            self._freed.append(time)


class Sequencer:
    """Fills the engines' queues, in order and a word a cycle.

    Members
    -------
    time : when it took the last word.
    """

    def __init__(self, params: Params, words: Words):
        self._words = words
        queues = params.config.queue_words
        depths = {e: getattr(queues, e.name.lower()) for e in Engine}
        self._popped = {e: deque([-1.0] * n, maxlen=n) for e, n in depths.items()}
        self._accepted = dict.fromkeys(Engine, 0.0)
        self.time = 0.0

    def dispatch(self, engine: Engine, n_words: int, port_free: float) -> float:
        """Time at which a command of ``n_words`` words, header included, is whole at its engine.

        ``port_free`` is when the engine lets go of its last command.
        """
        self._take()  # the header stays in the sequencer
        popped = self._popped[engine]
        accepted = max(self._accepted[engine], port_free + RELEASE_TO_ITEM - 1)
        for _ in range(n_words - 1):
            self._take(popped[0] + 1)
            accepted = max(self.time + THROUGH_QUEUE, accepted + 1)
            popped.append(accepted - 1)
        if n_words == BARE_WORDS:
            self.time += 1
            accepted += 1
        self._accepted[engine] = accepted
        return accepted + WHOLE_TO_VALID

    def _take(self, not_before: float = 0.0) -> None:
        self.time = max(self.time + 1, self._words.there(), not_before)
        self._words.taken(self.time)
