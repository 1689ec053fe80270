"""Memory that an operator uses while it runs, beside its tensors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkspaceSize:
    """Bytes of scratchpad and bytes of external memory."""

    chip_bytes: int = 0
    external_bytes: int = 0


@dataclass(frozen=True)
class Workspace:
    """An address in the scratchpad, and an offset in the arena of external memory."""

    address: int
    offset: int
