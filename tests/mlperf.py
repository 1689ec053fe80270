"""The MLPerf Tiny networks for tests, where they are at hand."""

from __future__ import annotations

import pytest

from cli import models


def mlperf_model(name: str) -> bytes:
    """The file of a network; skips the test if it is not here (nothing is fetched)."""
    path = models.locate(name)
    if path is None:
        pytest.skip(
            f"{models.SOURCES[name].file_name} is not here: set {models.FOLDER_VARIABLE} to a "
            "folder that has it, or fetch it with 'weft models'"
        )
    return path.read_bytes()


MLPERF_NAMES = tuple(models.SOURCES)
