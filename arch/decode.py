"""Decoding of the command stream and the checks that the sequencer and the engines make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from arch.errors import WeftError
from arch.isa import (
    CAUSE_TEXT,
    CONFIG_WORDS,
    COUNT_BITS,
    HEADER,
    MAX_LEAD,
    WAITS,
    WORD_BYTES,
    Cause,
    Command,
    Engine,
    Mode,
    Opcode,
    Source,
    Space,
    Wide,
)
from arch.params import Params

COMMAND_WORDS = 2  # header and waits of every command


class ProgramError(WeftError):
    """A program that the hardware stops, with the registers that it would report."""

    def __init__(
        self,
        cause: Cause,
        engine: Engine | None,
        command: int,
        address: int = 0,
        info: int = 0,
        note: str = "",
    ):
        where = "sequencer" if engine is None else f"{engine.name.lower()} engine"
        text = f"{where}, command {command}: {CAUSE_TEXT[cause]}"
        super().__init__(f"{text} ({note})" if note else text)
        self.cause = cause
        self.engine = engine
        self.command = command
        self.address = address
        self.info = info


class Decoder:
    """Walks a program and yields ``(engine, command)`` until END.

    Raises :class:`ProgramError` for everything that the sequencer itself refuses.
    """

    def __init__(self) -> None:
        self.dispatched = [0] * len(Engine)
        self._n_commands = 0
        self._last = {opcode: [0] * len(formats) for opcode, formats in CONFIG_WORDS.items()}

    def commands(self, program: bytes) -> Iterator[tuple[Engine, Command]]:
        words = [
            int.from_bytes(program[i : i + WORD_BYTES], "little")
            for i in range(0, len(program) // WORD_BYTES * WORD_BYTES, WORD_BYTES)
        ]
        position = 0
        while True:
            decoded = self._command(words, position)
            if decoded is None:
                return
            position, engine, command = decoded
            yield engine, command

    def given(self, words: Sequence[int]) -> tuple[Engine, Command] | None:
        """A command of the core's while it runs one with ``accept``; None if there is more to come.

        Checked as far as the sequencer does with so many words.
        """
        if len(words) < COMMAND_WORDS or len(words) < COMMAND_WORDS + self._body_words(words[0]):
            return None
        decoded = self._command(words, from_core=True)
        assert decoded is not None
        return decoded[1:]

    def set_back(self, dispatched: Sequence[int]) -> None:
        """What the core gave is over: counts are what they were before."""
        self.dispatched = list(dispatched)

    def fail(self, cause: Cause) -> ProgramError:
        """The sequencer stops the program here."""
        return ProgramError(cause, None, self._n_commands)

    def _body_words(self, header: int) -> int:
        """Configuration words of a command; 0 where the header is refused anyway."""
        fields = HEADER.unpack(header)
        mask, n_words = fields["mask"], fields["words"]
        return n_words if mask.bit_count() == n_words else 0

    def _command(
        self, words: Sequence[int], position: int = 0, *, from_core: bool = False
    ) -> tuple[int, Engine, Command] | None:
        """The command at a position, with the position behind it; None for END."""
        if position + COMMAND_WORDS > len(words):
            raise self.fail(Cause.LENGTH)
        header = HEADER.unpack(words[position])
        load, array, core, store = WAITS.unpack(words[position + 1]).values()
        waits = (load, array, core, store)
        try:
            opcode = Opcode(header["opcode"])
        except ValueError:
            raise self.fail(Cause.OPCODE) from None
        engine = opcode.engine
        if from_core and engine in (None, Engine.CORE):
            raise self.fail(Cause.OPCODE)
        mask, n_words = header["mask"], header["words"]
        if mask.bit_count() != n_words or mask >> len(CONFIG_WORDS[opcode]):
            raise self.fail(Cause.LENGTH)
        too_early = any(wait > done for wait, done in zip(waits, self.dispatched, strict=True))
        if too_early or (from_core and core):
            raise self.fail(Cause.WAIT)
        position += COMMAND_WORDS
        if position + n_words > len(words):
            raise self.fail(Cause.LENGTH)
        if engine is None:
            return None
        kept = self._last[opcode]
        for i in range(len(kept)):
            if mask >> i & 1:
                kept[i] = words[position]
                position += 1
        config: dict[str, int] = {}
        for fmt, word in zip(CONFIG_WORDS[opcode], kept, strict=True):
            config.update(fmt.unpack(word))
        if self.dispatched[engine] == (1 << COUNT_BITS) - 1:
            raise self.fail(Cause.LENGTH)
        self.dispatched[engine] += 1
        self._n_commands += 1
        return position, engine, Command(opcode, config, waits)


def config_cause(params: Params, command: Command) -> Cause:
    """What an engine refuses before it starts: CONFIG, ABSENT or NONE."""
    if command.opcode in (Opcode.LOAD, Opcode.STORE):
        return _transfer_cause(params, command)
    if command.opcode is Opcode.ARRAY:
        return _array_cause(params, command.config)
    if command.opcode is Opcode.CORE and not params.config.has_core:
        return Cause.ABSENT
    return Cause.NONE


def _transfer_cause(params: Params, command: Command) -> Cause:
    c = command.config
    bad = 0 in (c["length"], c["n1"], c["n2"])
    if command.opcode is Opcode.STORE:
        return Cause.CONFIG if bad or c["space"] != Space.SCRATCHPAD else Cause.NONE
    if bad or c["space"] not in list(Space) or c["source"] not in list(Source):
        return Cause.CONFIG
    return Cause.NONE if params.space_bytes[Space(c["space"])] else Cause.ABSENT


def _array_cause(params: Params, c: Mapping[str, int]) -> Cause:
    elementwise = c["mode"] == Mode.ELEMENTWISE
    most_lead = min(MAX_LEAD, c["run"]) if c["mode"] == Mode.DEPTHWISE else 0
    bad = [
        c["mode"] not in list(Mode),
        0 in (c["tile_w"], c["tile_h"], c["blocks"]),
        c["run"] < c["tile_w"],
        c["lead"] > most_lead,
        not 1 <= c["last_cols"] <= params.cols,
        not -31 <= c["shift"] <= 30,
        c["multiplier"] >> 31 != 0,
        c["wide"] not in list(Wide) or bool(c["wide"] and c["table_out"]),
    ]
    if elementwise:
        bad += [c["run"] != c["tile_w"], c["table_out"] != 0]
    else:
        bad += [
            0 in (c["entries"], c["cb_count"]),
            not 1 <= c["last_rows"] <= params.rows,
            bool(c["keep_in"] or c["keep_out"]) and c["blocks"] != 1,
        ]
    if any(bad):
        return Cause.CONFIG
    if (elementwise or c["table_out"]) and not params.config.elementwise:
        return Cause.ABSENT
    if elementwise and c["binary"] and params.streams < 2:
        return Cause.ABSENT
    return Cause.NONE
