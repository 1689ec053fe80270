"""The tables of the documentation are those of the committed reports."""

from __future__ import annotations

import pytest

from boards.catalogue import NAMES
from boards.results import PAGES, ROOT, filled, reports


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_what_the_reports_say(page):
    assert (ROOT / page).read_text() == filled(page), "renew them with: python -m boards.results"


def test_each_board_has_a_report_with_a_bitstream_behind_it():
    measured = {report["board"] for report in reports() if report["seeds"]}
    assert measured == set(NAMES)
