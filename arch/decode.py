"""Decoding of the command stream and the checks that the sequencer and the engines make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
)
from arch.params import Params


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

    def commands(self, program: bytes) -> Iterator[tuple[Engine, Command]]:
        words = [
            int.from_bytes(program[i : i + WORD_BYTES], "little")
            for i in range(0, len(program) // WORD_BYTES * WORD_BYTES, WORD_BYTES)
        ]
        last = {opcode: [0] * len(formats) for opcode, formats in CONFIG_WORDS.items()}
        position = 0
        index = 0

        def fail(cause: Cause) -> ProgramError:
            return ProgramError(cause, None, index)

        while True:
            if position + 1 >= len(words):
                raise fail(Cause.LENGTH)
            header = HEADER.unpack(words[position])
            load, array, core, store = WAITS.unpack(words[position + 1]).values()
            waits = (load, array, core, store)
            try:
                opcode = Opcode(header["opcode"])
            except ValueError:
                raise fail(Cause.OPCODE) from None
            mask, n_words = header["mask"], header["words"]
            if mask.bit_count() != n_words or mask >> len(CONFIG_WORDS[opcode]):
                raise fail(Cause.LENGTH)
            if any(wait > done for wait, done in zip(waits, self.dispatched, strict=True)):
                raise fail(Cause.WAIT)
            position += 2
            if position + n_words > len(words):
                raise fail(Cause.LENGTH)
            engine = opcode.engine
            if engine is None:
                return
            for i in range(len(CONFIG_WORDS[opcode])):
                if mask >> i & 1:
                    last[opcode][i] = words[position]
                    position += 1
            config: dict[str, int] = {}
            for fmt, word in zip(CONFIG_WORDS[opcode], last[opcode], strict=True):
                config.update(fmt.unpack(word))
            if self.dispatched[engine] == (1 << COUNT_BITS) - 1:
                raise fail(Cause.LENGTH)
            self.dispatched[engine] += 1
            index += 1
            yield engine, Command(opcode, config, waits)


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
