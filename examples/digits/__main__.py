"""The demo: handwritten digits, read by the generated Verilog (``make demo``)."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from arch.config import load_config
from arch.errors import WeftError
from cli.common import err, out, progress_line
from cli.report import layer_table, run_report
from examples.digits.demo import show
from sim.job import Progress
from sim.run import ModelRun, prepare, run_verilog

FOLDER = Path(__file__).parent
CONFIG = "small"
N_IMAGES = 100


def run_images(images: np.ndarray) -> ModelRun:
    """One inference for each image, all in one simulation."""
    with progress_line() as bar:
        task = bar.add_task("compiling", total=None)
        prepared = prepare(FOLDER / "digits.tflite", load_config(CONFIG), [FOLDER / "soft_knee.cc"])

        def at(progress: Progress) -> None:
            text = f"simulating, image {progress.run + 1} of {progress.n_runs}"
            bar.update(task, description=text, completed=progress.run, total=progress.n_runs)

        return run_verilog(
            prepared,
            [[image[None]] for image in images],
            stage=lambda text: bar.update(task, description=text),
            progress=at,
        )


def main() -> None:
    """Read the first test images; show them, the layers, and how many were read right."""
    with np.load(FOLDER / "test_images.npz") as file:
        images, labels = file["images"][:N_IMAGES], file["labels"][:N_IMAGES]
    run = run_images(images)
    codes = np.stack([outcome.outputs[0].reshape(-1) for outcome in run.outcomes])
    predictions = codes.argmax(axis=1)
    expected = np.stack([outcome.expected[0].reshape(-1) for outcome in run.outcomes])
    (output,) = run.prepared.graph.outputs
    q = output.quantization
    assert q is not None
    probabilities = (codes.astype(float) - q.zero_points[0]) * q.scales[0]
    show(images, labels, predictions, probabilities)
    report = run_report(run)
    out.print(layer_table(report, out.width))
    out.print(
        f"{report['cycles']:,} cycles from doorbell to interrupt, on {CONFIG};"
        f" {len(images)} images simulated in {run.seconds:.1f} s\n"
    )
    for who, values in (("weft, in Verilog", codes), ("TensorFlow Lite Micro", expected)):
        right = int((values.argmax(axis=1) == labels).sum())
        out.print(f"{who:22} {right} of {len(images)} right", highlight=False)
    for i, outcome in enumerate(run.outcomes):
        if outcome.mismatch is not None:
            raise WeftError(
                f"image {i}: differs from TensorFlow Lite Micro: {outcome.mismatch}; please report"
            )
    out.print(f"bit-exact: all {len(images)} outputs of {output.name} are equal", style="green")


if __name__ == "__main__":
    try:
        main()
    except WeftError as error:
        err.print(f"weft: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
