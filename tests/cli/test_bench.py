"""``weft bench`` from its options to its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arch.errors import WeftError
from cli.main import app
from tests.model_builder import ModelBuilder

README = "before\n<!-- memory:start -->\nold\n<!-- memory:end -->\nafter\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    b = ModelBuilder(1)
    path = tmp_path / "net.tflite"
    path.write_bytes(b.build(b.conv2d(b.input((1, 6, 6, 3)), 5)))
    return path


def test_measurements_go_to_tables_and_files(model: Path, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README)
    data, cycles, picture = (tmp_path / n for n in ("m.json", "c.json", "r.svg"))
    options = ["--json", data, "--cycles", cycles, "--roofline", picture, "--readme", readme]
    options += ["--bandwidth", 2, "--bandwidth", 4, "--latency", 8]
    arguments = ["bench", "-m", model, "-c", "tiny", *options]
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    slow, fast = json.loads(data.read_text())
    assert (slow["bytes_per_cycle"], fast["bytes_per_cycle"]) == (2, 4)
    assert slow["cycles"] > fast["cycles"] > fast["bound"]
    assert f"{fast['cycles']:,}" in result.output
    assert json.loads(cycles.read_text()) == {"tiny": {"net": fast["cycles"]}}
    assert "<svg" in picture.read_text()
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert f"| {fast['cycles']:,} |" in text


def test_bandwidth_beyond_the_bus_is_left_out_with_its_remedy(model: Path) -> None:
    arguments = ["bench", "-m", str(model), "-c", "tiny", "--bandwidth", "16"]
    with pytest.raises(WeftError, match="nothing to measure.*axi_data_bits"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_readme_without_a_block_is_refused_before_anything_runs(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no block")
    with pytest.raises(WeftError, match="has no lines '<!-- bench:start -->'"):
        CliRunner().invoke(app, ["bench", "--readme", str(readme)], catch_exceptions=False)
