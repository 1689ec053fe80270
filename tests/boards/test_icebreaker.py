"""The iCEBreaker's whole design, single-port RAM included, in Verilator at a pseudo-terminal."""

from __future__ import annotations

from arch.registers import Counter
from boards.catalogue import find_board, own_config
from boards.run import run_model
from boards.simulation import running_board
from sim.blocks import choose_seed
from sim.reference import random_inputs
from sim.run import prepare
from tests.boards.in_verilog import simulate_board
from tests.model_builder import ModelBuilder

CYCLES_PER_BIT = 4  # the board has 12; here every cycle costs time
ANSWER_SECONDS = 20.0  # the simulation may be slow
MOST_OFF = 0.05


def test_a_model_runs_on_the_icebreaker_as_in_the_reference_and_as_fast_as_predicted(tmp_path):
    seed = choose_seed()
    print(f"seed {seed}")
    board = find_board("icebreaker")
    config = own_config(board)
    b = ModelBuilder(seed)
    x = b.input((1, 6, 5, 4))
    x = b.add(x, b.depthwise_conv2d(b.conv2d(x, 4, (3, 3))))
    path = tmp_path / "network.tflite"
    path.write_bytes(b.build(b.fully_connected(b.reshape(x, (1, 120)), 6)))
    model = prepare(path, config, memory=board.memory_timing)
    inputs = random_inputs(model.graph, seed)
    simulation, surroundings = simulate_board(board, config, CYCLES_PER_BIT)
    with running_board(simulation, surroundings, CYCLES_PER_BIT) as port:
        run = run_model(model, [inputs], board.name, port, answer_seconds=ANSWER_SECONDS)
    assert run.bit_exact, run.outcomes[0].mismatch
    cycles = run.outcomes[0].result.counters[Counter.TOTAL]
    assert abs(model.program.predicted_cycles / cycles - 1) < MOST_OFF, cycles
