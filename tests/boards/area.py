"""Area of the accelerator against the committed one: python -m tests.boards.area [CONFIG...]

Fails when a resource has grown by more than 3 %. With --renew it writes what it finds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.boards.accelerator_netlist import synthesise_accelerator

BASELINE = Path(__file__).with_name("area.json")
MOST_GROWTH = 0.03
CONFIGS = ("tiny",)


def grown(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """A line for each resource that has grown too much."""
    return [
        f"{name}: {now.get(name, 0):,}, was {count:,}"
        for name, count in before.items()
        if now.get(name, 0) > count * (1 + MOST_GROWTH)
    ] + [f"{name}: {count:,}, was 0" for name, count in now.items() if name not in before]


def main(arguments: list[str]) -> int:
    renew = "--renew" in arguments
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    bad = False
    for config in [a for a in arguments if a != "--renew"] or CONFIGS:
        with tempfile.TemporaryDirectory() as folder:
            found = dict(synthesise_accelerator(config, Path(folder)).totals())
        print(config, ", ".join(f"{count:,} {name}" for name, count in sorted(found.items())))
        if renew:
            known[config] = dict(sorted(found.items()))
            continue
        if config not in known:
            print(
                f"{config}: nothing to compare with; python -m tests.boards.area {config} --renew"
            )
            bad = True
            continue
        for line in grown(known[config], found):
            print(f"{config}: {line}; if that is meant: python -m tests.boards.area --renew")
            bad = True
    if renew:
        BASELINE.write_text(json.dumps(known, indent=2) + "\n")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
