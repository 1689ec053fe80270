"""Cycles of networks on a board: python -m tests.boards.networks BOARD CONFIG [MODEL ...]

The whole design in Verilator, host link and memory included, behind the unchanged host program.
Prints for each network (those of MLPerf Tiny, if none is named) a row in Markdown with the cycles
measured and predicted, and ends if an output differs from the reference. A network takes minutes:
it goes through the serial line, a bit in four cycles.
"""

from __future__ import annotations

import sys
from pathlib import Path

from arch.config import load_config
from arch.registers import Counter
from boards.catalogue import find_board
from boards.gateware.uart import MIN_CYCLES_PER_BIT
from boards.run import run_model
from boards.simulation import running_board
from cli.models import SOURCES, locate
from sim.reference import random_inputs
from sim.run import prepare
from tests.boards.in_verilog import simulate_board

ANSWER_SECONDS = 600.0  # the machine may be slow
SEED = 1


def main(arguments: list[str]) -> int:
    board, config = find_board(arguments[0]), load_config(arguments[1])
    simulation, surroundings = simulate_board(board, config, MIN_CYCLES_PER_BIT)
    print(f"| {config.name}, {board.name} | measured | predicted | off |\n|---|---:|---:|---:|")
    for name in arguments[2:] or SOURCES:
        model = prepare(locate(name) or Path(name), config, memory=board.memory_timing)
        inputs = random_inputs(model.graph, SEED)
        with running_board(simulation, surroundings, MIN_CYCLES_PER_BIT) as port:
            run = run_model(
                model, [inputs], board.name, port, lambda stage: None, answer_seconds=ANSWER_SECONDS
            )
        outcome = run.outcomes[0]
        if outcome.mismatch is not None:
            print(outcome.mismatch, file=sys.stderr)
            return 1
        measured, predicted = outcome.result.counters[Counter.TOTAL], model.program.predicted_cycles
        print(
            f"| {name} | {measured:,} | {predicted:,} | {predicted / measured - 1:+.1%} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
