"""Every page that is named is there, and says what the code says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from arch.config import parse_config
from gen.doc_tables import PAGES, TABLES, updated
from gen.markdown import MarkerError, blocks, fill, table
from tests.house.repository import FOLDERS, ROOT, exists, files, name_of, pages

TEXT = (".py", ".md", ".yaml", ".toml", ".v", ".cc", ".c", ".h", ".S", ".sh")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"\bdocs/[\w/.-]*\w")
SOURCE = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")


@cache
def anchors(page: Path) -> set[str]:
    """Where links can lead to in a page: its headings as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.replace(" ", "-") for text in plain}


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for link in LINK.findall(FENCE.sub("", text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not exists(name_of(target)) or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert not broken_links(page, page.read_text())


def test_a_link_that_leads_nowhere_is_noticed() -> None:
    page = ROOT / "docs" / "guide.md"
    text = "[a](no.md) [b](guide.md#no) [c](#first-result) [d](../README.md)"
    assert broken_links(page, text) == ["no.md", "guide.md#no"]


def test_pages_that_code_refers_to_exist() -> None:
    missing = {
        f"{name_of(path)}: {page}"
        for path in files(*TEXT)
        if path != Path(__file__)
        for page in PAGE.findall(path.read_text())
        if not exists(page)
    }
    assert not missing


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_files_that_pages_name_exist(page: Path) -> None:
    named = SOURCE.findall(page.read_text())
    assert not [name for name in named if not exists(name)]


# ---- tables --------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES)
def test_tables_are_up_to_date(page: str) -> None:
    text = (ROOT / page).read_text()
    assert text == updated(text, page), "run: python -m gen.doc_tables"


def test_every_table_has_a_place() -> None:
    placed = [name for page in PAGES for name in blocks((ROOT / page).read_text(), page)]
    assert sorted(set(placed) & set(TABLES)) == sorted(TABLES)


def test_a_stale_table_is_noticed() -> None:
    page = "docs/guide.md"
    text = (ROOT / page).read_text()
    stale = text.replace("4 to 64, a power of two", "4 to 65, a power of two", 1)
    assert stale != text
    assert updated(stale, page) == text


def test_a_block_is_filled_and_others_stay() -> None:
    text = "a\n<!-- x:start -->\nold\n<!-- x:end -->\nb\n<!-- y:start -->\n<!-- y:end -->\n"
    once = fill(text, "page", "y", "new")
    assert once == text.replace("y:start -->\n", "y:start -->\nnew\n")
    assert fill(once, "page", "y", "new") == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- x:start -->\n", "has no end; add <!-- x:end -->"),
        ("<!-- x:end -->\n", "<!-- x:end --> is out of place"),
        ("<!-- x:start -->\n<!-- y:end -->\n", "<!-- y:end --> is out of place"),
        ("<!-- x:start -->\n<!-- x:end -->\n" * 2, "<!-- x:start --> is out of place"),
        ("", "has no <!-- x:start -->; add it"),
    ],
)
def test_markers_that_do_not_pair_up_are_refused(text: str, message: str) -> None:
    with pytest.raises(MarkerError, match=f"^page: .*{re.escape(message)}"):
        fill(text, "page", "x", "new")


def test_cells_cannot_break_a_table() -> None:
    assert table(["a", "b>"], [["x | y", "1"]]) == ("| a | b |\n| --- | ---: |\n| x \\| y | 1 |")


def test_the_configuration_of_the_guide_is_one() -> None:
    import yaml

    text = (ROOT / "docs" / "guide.md").read_text()
    examples = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        parse_config(yaml.safe_load(example), "guide")
