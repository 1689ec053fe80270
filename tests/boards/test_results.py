"""The tables of the documentation are those of the committed reports."""

from __future__ import annotations

import pytest

from boards.results import PAGES, ROOT, filled


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_what_the_reports_say(page):
    assert (ROOT / page).read_text() == filled(page), "renew them with: python -m boards.results"
