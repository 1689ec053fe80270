"""The layer table: readable at 80 columns, whole where there is room."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli.report import layer_name, layer_table

FUSED = (
    "model/batch_normalization_12/FusedBatchNormV3;model/conv2d_7/BiasAdd;model/conv2d_7/Conv2D1"
)
LAYERS = [
    ("CONV_2D", "array", 147_464, 12_359_296, 1_020_988, FUSED),
    ("RESHAPE", "none", 0, 0, 0, "model/flatten/Reshape"),
    ("TFLite_Detection_PostProcess", "core", 1_713, 0, 10, "StatefulPartitionedCall:3"),
    ("DEPTHWISE_CONV_2D", "array", 9_296, 72_000, 3_300, "[not markup]"),
]


def report() -> dict[str, Any]:
    keys = ("op", "engine", "cycles", "macs", "bytes", "name")
    layers: list[dict[str, Any]] = [dict(zip(keys, layer, strict=True)) for layer in LAYERS]
    for layer in layers:
        layer["dispatch_cycles"] = [31, None] if layer["engine"] == "core" else None
        layer["predicted_cycles"] = layer["cycles"] + 1_234 * bool(layer["cycles"])
        layer["utilisation"] = layer["macs"] / (256 * layer["cycles"]) if layer["cycles"] else 0
    return {
        "model": "net.tflite",
        "config": "large",
        "cycles": sum(layer["cycles"] for layer in layers) + 54,
        "predicted_cycles": sum(layer["predicted_cycles"] for layer in layers) + 50,
        "macs": sum(layer["macs"] for layer in layers),
        "macs_per_cycle": 256,
        "layers": layers,
    }


def lines(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(layer_table(report(), width))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 100, 10_000])
def test_no_line_is_wider_and_no_number_is_cut(width: int) -> None:
    text = lines(width)
    assert max(map(len, text)) <= width
    for number in (
        "147,464",
        "12,359,296",
        "1,020,988",
        "158,527",
        "12,431,296",
        "162,225",
        "33%",
        "31/-",
    ):
        assert any(number in line.split() for line in text)
    # Title, headings, rule, a line for each layer, results, blank, total.
    assert len(text) == 3 + len(LAYERS) + 3


def test_everything_is_whole_where_there_is_room() -> None:
    text = "\n".join(lines(10_000))
    for word in ("batch_normalization_12", "TFLite_Detection_PostProcess", "[not markup]"):
        assert word in text


def test_names_keep_their_ends_where_there_is_none() -> None:
    text = lines(80)
    assert any("bat\N{HORIZONTAL ELLIPSIS}12" in line for line in text)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        (FUSED, "batch_normalization_12"),
        ("functional_1/dense/BiasAdd", "dense"),
        ("Identity", "Identity"),
        ("", ""),
    ],
)
def test_the_layer_in_a_name(name: str, layer: str) -> None:
    assert layer_name(name) == layer
