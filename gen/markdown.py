"""Tables in Markdown, and their places in pages: blocks between two comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from arch.errors import WeftError


class MarkerError(WeftError):
    """A page whose markers do not pair up."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a heading that ends in ``>`` aligns its column to the right."""
    rule = ["---:" if heading.endswith(">") else "---" for heading in headings]
    lines = [[heading.removesuffix(">") for heading in headings], rule]
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_MARKER = re.compile(r"^<!-- ([\w.-]+):(start|end) -->$", re.MULTILINE)


def blocks(text: str, page: str) -> dict[str, tuple[int, int]]:
    """Where the inside of each block of a page begins and ends, by name.

    A block is what stands between the lines ``<!-- name:start -->`` and ``<!-- name:end -->``.
    Raises :class:`MarkerError` for a block that is not closed, not opened, or there twice.
    """
    found: dict[str, tuple[int, int]] = {}
    name, begin = "", 0
    for match in _MARKER.finditer(text):
        starts = match[2] == "start"
        if starts == bool(name) or (not starts and match[1] != name) or match[1] in found:
            raise MarkerError(
                f"{page}: {match[0]} is out of place; each name:start wants one name:end behind it"
            )
        if starts:
            name, begin = match[1], match.end() + 1
        else:
            found[name] = (begin, match.start())
            name = ""
    if name:
        raise MarkerError(f"{page}: <!-- {name}:start --> has no end; add <!-- {name}:end -->")
    return found


def fill(text: str, page: str, name: str, body: str) -> str:
    """The page with ``body`` as block ``name``; raises :class:`MarkerError` if there is none."""
    places = blocks(text, page)
    if name not in places:
        raise MarkerError(f"{page}: has no <!-- {name}:start -->; add it and <!-- {name}:end -->")
    begin, end = places[name]
    return f"{text[:begin]}{body}\n{text[end:]}"
