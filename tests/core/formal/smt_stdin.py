"""Bitwuzla's Python module as an SMT-LIB solver on standard input, as yosys-smtbmc calls one."""

from __future__ import annotations

import ctypes
import sys

import bitwuzla

HELP = "usage: bitwuzla --lang smt2 -i; reads SMT-LIB commands from standard input"
ANSWERED = ("(check-sat", "(get-", "(echo", "(exit")


def commands() -> object:
    """Commands of standard input, each of which may go on for lines."""
    lines: list[str] = []
    depth = 0
    for line in sys.stdin:
        text = line.split(";", 1)[0] if "|" not in line else line
        depth += text.count("(") - text.count(")")
        lines.append(text)
        if depth == 0:
            yield "".join(lines)
            lines = []


def main() -> None:
    if "--help" in sys.argv:
        print(HELP)
        return
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    libc = ctypes.CDLL(None)
    waiting: list[str] = []
    for command in commands():
        waiting.append(command)
        if command.lstrip().startswith(ANSWERED):
            parser.parse("".join(waiting), parse_file=False)
            waiting = []
            libc.fflush(None)
        if command.lstrip().startswith("(exit"):
            return


if __name__ == "__main__":
    main()
