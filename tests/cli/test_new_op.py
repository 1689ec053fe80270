"""The stub that ``weft new-op`` writes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from arch.config import load_config
from arch.params import Params
from cli.new_op import StubError, write_stub
from firmware.image import build_firmware


@pytest.mark.parametrize(
    ("name", "file"),
    [("MyActivation", "my_activation.cc"), ("TFLite_Odd-Op2D", "tf_lite_odd_op2_d.cc")],
)
def test_stub_compiles_for_the_core_and_its_test_passes(
    name: str, file: str, tmp_path: Path
) -> None:
    source, test = write_stub(name, tmp_path)
    assert source.name == file
    assert name in build_firmware(Params(load_config("small")), [source], []).functions
    tests = [f for n, f in runpy.run_path(str(test)).items() if n.startswith("test_")]
    assert len(tests) == 1
    tests[0]()


@pytest.mark.parametrize("name", ["", "2D", "a b", "x" * 56, 'A"b'])
def test_bad_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StubError, match="is no operator's name; start with a letter"):
        write_stub(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_twice.py").write_text("mine")
    with pytest.raises(StubError, match=r"test_twice.py: exists; choose another name or folder"):
        write_stub("Twice", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_twice.py"]
