"""The core passes its checks in every trace of some cycles, and a broken one does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from amaranth.hdl import Elaboratable, Module

from hw.core.dependencies import Dependencies
from tests.core.formal.checks import CHECKS
from tests.core.formal.prove import prove

# All of them take minutes: WEFT_SLOW=1, or make prove.
CHOSEN = tuple(CHECKS) if "WEFT_SLOW" in os.environ else ("load", "reads")


class Forgetful(Dependencies):
    """Does not see that an operand comes from the instruction in stage W."""

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.whole = whole = Dependencies()
        for name in ("rs", "enter", "d", "x", "m", "x_stays", "m_stays"):
            m.d.comb += getattr(whole, name).eq(getattr(self, name))
        m.d.comb += [self.in_x.eq(whole.in_x), self.in_m.eq(whole.in_m)]
        return m


@pytest.mark.parametrize("check", CHOSEN)
def test_check_holds_and_looks_at_something(check: str) -> None:
    verdict = prove(check)
    assert verdict.reached and verdict.holds, str(verdict)


def test_a_core_that_forgets_a_bypass_is_found_with_a_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hw.core.cpu.Dependencies", Forgetful)
    verdict = prove("reads", folder=tmp_path)
    assert verdict.reached and not verdict.holds
    assert (tmp_path / "trace.vcd").stat().st_size
