"""Configurations: what is refused, in which words, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arch.config import PRESETS, Config, load_config, parse_config
from arch.errors import ConfigError

GOOD: dict[str, Any] = {"name": "mine", "rows": 16, "cols": 8, "lanes": 4, "streams": 4}


def refusal(data: object) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(data, "mine.yaml")
    text = str(caught.value)
    assert "\n" not in text
    return text


def with_key(key: str, value: object) -> dict[str, Any]:
    """A good configuration but for one key, which may be one of an inner block."""
    block, _, name = key.rpartition(".")
    return {**GOOD, block: {name: value}} if block else {**GOOD, key: value}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_named_after_their_file(name: str) -> None:
    assert load_config(name).name == name


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("rows", 12, "rows: 12 is not a power of two; use 8 or 16"),
        ("rows", 2, "rows: 2 is below the limit of 4; raise it"),
        ("cols", 128, "cols: 128 is above the limit of 64; lower it"),
        ("rows", "8", "rows: '8' has the wrong type: int wanted; correct it"),
        ("rows", 8.5, "rows: 8.5 has the wrong type: int wanted; correct it"),
        ("rows", True, "rows: True has the wrong type: int wanted; correct it"),
        ("elementwise", 1, "elementwise: 1 has the wrong type: bool wanted; correct it"),
        (
            "name",
            "My NPU",
            "name: 'My NPU' is not a plain name; use lower-case letters, digits and _",
        ),
        ("steams", 4, "steams: 4 is given to an unknown key; did you mean streams?"),
        ("core.imem", 4, "core.imem: 4 is given to an unknown key; did you mean imem_kib?"),
        ("core.dmem_kib", 24, "core.dmem_kib: 24 is not a power of two; use 16 or 32"),
        ("core.imem_kib", 512, "core.imem_kib: 512 is above the limit of 256; lower it"),
        ("queue_words", 5, "queue_words: 5 has the wrong type: block of keys wanted; correct it"),
        ("queue_words.load", 2, "queue_words.load: 2 is below the limit of 4; raise it"),
        ("core.imem_kib", "8", "core.imem_kib: '8' has the wrong type: int wanted; correct it"),
        ("datapath", "vector", "datapath: 'vector' is unknown; use 'systolic' or 'scalar'"),
        (
            "core",
            "big",
            "core: 'big' is neither 'none' nor a block with imem_kib and dmem_kib;"
            " give whole numbers of KiB, or 'none'",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_limit_and_a_way_out(
    key: str, value: object, text: str
) -> None:
    assert refusal(with_key(key, value)) == f"mine.yaml: {text}"


def test_an_unknown_key_that_is_like_none_brings_the_list() -> None:
    text = refusal(with_key("zzz", 1))
    assert text.startswith("mine.yaml: zzz: 1 is given to an unknown key; known keys: name, rows")
    assert all(key in text for key in Config.model_fields)


@pytest.mark.parametrize("key", ["name", "rows", "cols", "lanes"])
def test_a_missing_key_is_named(key: str) -> None:
    data = {k: v for k, v in GOOD.items() if k != key}
    assert refusal(data) == (
        f"mine.yaml: {key}: is missing and has no default; add a line '{key}: ...'"
    )


@pytest.mark.parametrize(
    ("change", "text", "remedies"),
    [
        ({"lanes": 16}, "lanes: 16 exceeds cols (8); use 8 or less", [{"lanes": 8}]),
        (
            {"rows": 32, "streams": 2},
            "streams: 2 cannot feed 32 rows from words of cols=8 bytes;"
            " set streams to 4 or more, or cols to 16",
            [{"streams": 4}, {"cols": 16}],
        ),
        (
            {"rows": 4, "streams": 4},
            "streams: 4 leaves fewer than two of rows=4 to a stream; use 2 or less",
            [{"streams": 2}],
        ),
        (
            {"streams": 2, "weight_rows_per_cycle": 4},
            "weight_rows_per_cycle: 4 exceeds streams (2); use 2 or less",
            [{"weight_rows_per_cycle": 2}],
        ),
        (
            {"axi_data_bits": 128},
            "axi_data_bits: 128 is wider than a word of the weight memory (64 bits);"
            " lower it, or raise cols or weight_rows_per_cycle",
            [{"axi_data_bits": 64}, {"cols": 16}, {"weight_rows_per_cycle": 2}],
        ),
        (
            {"scratchpad_kib": 4, "scratchpad_banks": 16},
            "scratchpad_banks: 16 leaves fewer than 64 words a bank in 4 KiB;"
            " use fewer banks or a larger scratchpad_kib",
            [{"scratchpad_banks": 8}, {"scratchpad_kib": 8}],
        ),
        (
            {"cols": 32, "axi_data_bits": 256, "dma_burst_beats": 256},
            "dma_burst_beats: 256 of 256 bits exceed the 4096 bytes that an AXI burst may span;"
            " use 128 or less",
            [{"dma_burst_beats": 128}],
        ),
    ],
)
def test_keys_that_do_not_go_together_bring_a_remedy_that_works(
    change: dict[str, int], text: str, remedies: list[dict[str, int]]
) -> None:
    assert refusal({**GOOD, **change}) == f"mine.yaml: {text}"
    for remedy in remedies:
        parse_config({**GOOD, **change, **remedy})


SCALAR: dict[str, Any] = {
    "name": "mine",
    "datapath": "scalar",
    "rows": 4,
    "cols": 4,
    "lanes": 1,
    "axi_data_bits": 32,
    "axi_address_bits": 32,
    "core": "none",
}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("rows", 8, "rows: 8 is not what the scalar datapath has; use 4"),
        ("cols", 8, "cols: 8 is not what the scalar datapath has; use 4"),
        ("lanes", 2, "lanes: 2 is not what the scalar datapath has; use 1"),
        (
            "weight_rows_per_cycle",
            2,
            "weight_rows_per_cycle: 2 is not what the scalar datapath has; use 1",
        ),
        (
            "axi_address_bits",
            40,
            "axi_address_bits: 40 is not what the scalar datapath has; use 32",
        ),
        (
            "core",
            {"zba": True},
            "core.zba: True is not what the processor of the scalar datapath has; leave it out",
        ),
    ],
)
def test_what_the_scalar_datapath_has_not_is_refused(key: str, value: object, text: str) -> None:
    parse_config(SCALAR)
    assert refusal({**SCALAR, key: value}) == f"mine.yaml: {text}"


def test_a_configuration_without_the_key_is_systolic_and_keeps_its_digest() -> None:
    plain = parse_config(GOOD)
    assert plain.datapath == "systolic" and "datapath" not in plain.hardware()
    assert parse_config({**GOOD, "datapath": "systolic"}).digest == plain.digest
    scalar = parse_config(SCALAR)
    assert parse_config({**SCALAR, "datapath": "systolic"}).digest != scalar.digest


def test_limits_themselves_are_allowed() -> None:
    for key, field in Config.model_fields.items():
        bounds = {type(m).__name__: m for m in field.metadata}
        if key != "rows" and "Ge" in bounds:
            Config.model_validate({**GOOD, key: bounds["Ge"].ge})
            Config.model_validate({**GOOD, key: bounds["Le"].le})


@pytest.mark.parametrize("text", ["", "- 1\n", "rows\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"a\.yaml: is not a YAML mapping of keys to values"):
        load_config(path)


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nrows: [\n")
    with pytest.raises(ConfigError, match=r"a\.yaml, line 3: is not YAML: .*; correct it$"):
        load_config(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ConfigError, match=r"a\.yaml: is not text; name a YAML file$"):
        load_config(path)


def test_neither_a_file_nor_a_preset() -> None:
    with pytest.raises(
        ConfigError, match="^huge: is neither a file nor a preset; presets: tiny, small, medium"
    ):
        load_config("huge")


def test_the_digest_is_of_all_keys_but_the_name() -> None:
    one = parse_config(GOOD)
    assert parse_config({**GOOD, "name": "other"}).digest == one.digest
    changes = [("rows", 8), ("lanes", 2), ("core", "none"), ("elementwise", False)]
    changes += [("queue_words.core", 16), ("core.imem_kib", 32), ("dma_outstanding", 4)]
    digests = {parse_config(with_key(*change)).digest for change in changes}
    assert len(digests | {one.digest}) == len(changes) + 1
