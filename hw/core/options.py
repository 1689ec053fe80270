"""Parameters of the core."""

from __future__ import annotations

from dataclasses import dataclass

from arch.config import CoreConfig
from arch.errors import ConfigError


@dataclass(frozen=True)
class CpuOptions:
    """What a core is built with.

    Members
    -------
    rvfi : the core has the port ``rvfi`` (RISC-V Formal Interface).
    zba, zbb : it has these extensions.
    dot4 : it has the packed dot products of arch.riscv.
    compressed : it has extension C, without floating point.
    branch_targets : entries of the branch target buffer, a power of two.
    tag_bits : bits of an entry's tag; a wrong match costs cycles only.
    target_bits : bits of an entry's target, in words; jumps that change the bits above are not
        predicted.
    """

    rvfi: bool = False
    zba: bool = False
    zbb: bool = False
    dot4: bool = False
    compressed: bool = False
    branch_targets: int = 64
    tag_bits: int = 4
    target_bits: int = 12

    def __post_init__(self) -> None:
        n = self.branch_targets
        if n < 2 or n & (n - 1):
            raise ConfigError(f"branch_targets: {n} is not a power of two of at least 2; use 64")
        index_bits = n.bit_length() - 1
        if not 1 <= self.tag_bits <= 30 - index_bits:
            raise ConfigError(
                f"tag_bits: {self.tag_bits} is not in 1..{30 - index_bits}, what an address has "
                f"above the index; use 4"
            )
        if not 1 <= self.target_bits <= 30:
            raise ConfigError(f"target_bits: {self.target_bits} is not in 1..30; use 12")

    @property
    def align_bits(self) -> int:
        """Lowest bits of an instruction's address that are zero."""
        return 1 if self.compressed else 2

    @property
    def pc_bits(self) -> int:
        """Bits of an instruction's address without these."""
        return 32 - self.align_bits

    @classmethod
    def of(cls, core: CoreConfig, *, rvfi: bool = False) -> CpuOptions:
        """What a configuration asks for."""
        return cls(
            rvfi=rvfi, zba=core.zba, zbb=core.zbb, dot4=core.dot4, compressed=core.compressed
        )
