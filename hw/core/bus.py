"""Signatures of the core's borders: instruction bus, data bus, traps."""

from __future__ import annotations

from amaranth.lib.wiring import In, Out, Signature


class InstructionBus(Signature):
    """Fetches from a synchronous memory, as the core drives them; no wait states.

    Members
    -------
    valid : an instruction is fetched in this cycle.
    address : its byte address, a multiple of 4. It may be any address, because fetches run ahead
        of branches: reading must have no effects.
    rdata : in the cycle after ``valid``, the instruction. It is read in that cycle only.
    error : in the same cycle as ``rdata``, the address cannot be fetched; only an instruction that
        is executed takes the access fault.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "address": Out(32),
                "rdata": In(32),
                "error": In(1),
            }
        )


class DataBus(Signature):
    """Loads and stores, in program order and never speculative, as the core drives them.

    An access is taken in a cycle with ``valid`` and ``ready``. Each is answered once, loads and
    stores alike, by ``rvalid`` one or more cycles later. There is at most one access without its
    answer: the next one is issued at the earliest in the cycle of the answer, so that a memory
    that always answers in the next cycle is accessed in every cycle.

    Members
    -------
    valid : an access is wanted; it stays, with all that belongs to it, until it is taken.
    address : byte address, a multiple of the access's size.
    write : store.
    strobe : byte lanes that the store writes, or that the load reads; lane i is bits 8*i+7..8*i of
        the aligned word.
    wdata : the store's bytes in their lanes.
    ready : the access is taken. For speed let it come from a register; it may be high always.
    rvalid : the access that was taken last is answered.
    rdata : with ``rvalid``, the aligned word; void for a store.
    error : with ``rvalid``, access fault: the load or store traps precisely and has no effect.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "address": Out(32),
                "write": Out(1),
                "strobe": Out(4),
                "wdata": Out(32),
                "ready": In(1),
                "rvalid": In(1),
                "rdata": In(32),
                "error": In(1),
            }
        )


class Trap(Signature):
    """One cycle for every exception (not for interrupts), as the core drives it.

    Members
    -------
    valid : an exception is taken; the rest belongs to it.
    cause : mcause, arch.riscv.Mcause.
    pc : address of the instruction.
    value : mtval.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "cause": Out(4),
                "pc": Out(32),
                "value": Out(32),
            }
        )
