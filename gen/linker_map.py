"""The linker map of the core's memories for one configuration."""

from __future__ import annotations

from arch.errors import WeftError
from arch.memory_map import DMEM_BASE, IMEM_BASE
from arch.params import Params

STACK_FRACTION = 4  # of data memory; the rest holds data, descriptors, state and scratch
GP_OFFSET = 0x800  # gp reaches 2 KiB on either side of it
KEPT_BYTES = 16  # at the end of data memory: what says that state is there (runtime/state.cc)


class NoCoreError(WeftError):
    """Firmware is asked for where the configuration has no core."""


def core_memory_bytes(params: Params) -> tuple[int, int]:
    """Bytes of instruction and data memory; raises :class:`NoCoreError` where there is no core."""
    core = params.config.core
    if core == "none":
        raise NoCoreError(
            f"configuration {params.config.name}: core: none has nothing to run operators on;"
            " give core a block with imem_kib and dmem_kib"
        )
    return core.imem_kib * 1024, core.dmem_kib * 1024


def stack_bytes(params: Params) -> int:
    """Bytes of stack, at the start of data memory: below it there is nothing to overwrite."""
    return core_memory_bytes(params)[1] // STACK_FRACTION


def linker_script(params: Params) -> str:
    """A linker script for LLD and GNU ld.

    Code is in IMEM, which only the core's fetch reads; constants and data are in DMEM. Symbols:
    ``__stack_bottom``, ``__stack_top``, ``__data_start``, ``__data_end`` (loaded),
    ``__bss_start``, ``__bss_end`` (cleared by the entry code), ``__free_start``, ``__free_end``
    (descriptors, state, scratch), ``__kept``, ``__init_array_start``, ``__init_array_end``,
    ``__global_pointer$``.
    Registrations of operators are kept in the file, outside the memories.
    """
    imem_bytes, dmem_bytes = core_memory_bytes(params)
    return f"""\
/* Generated for the configuration {params.config.name}; do not edit. */
ENTRY(weft_entry)
EXTERN(weft_prepare weft_keep)

MEMORY
{{
    IMEM (rx) : ORIGIN = 0x{IMEM_BASE:08X}, LENGTH = {imem_bytes}
    DMEM (rw) : ORIGIN = 0x{DMEM_BASE:08X}, LENGTH = {dmem_bytes - KEPT_BYTES}
}}

__stack_bytes = {stack_bytes(params)};

SECTIONS
{{
    .text : ALIGN(4)
    {{
        KEEP(*(.weft.main_loop))
        *(.text .text.*)
        . = ALIGN(4);
    }} > IMEM

    .stack (NOLOAD) :
    {{
        __stack_bottom = .;
        . = . + __stack_bytes;
        __stack_top = .;
    }} > DMEM

    .data : ALIGN(8)
    {{
        __data_start = .;
        *(.data .data.* .sdata .sdata.*)
        *(.rodata .rodata.* .srodata .srodata.*)
        . = ALIGN(4);
        __init_array_start = .;
        KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*)))
        KEEP(*(.init_array))
        __init_array_end = .;
        . = ALIGN(8);
        __data_end = .;
    }} > DMEM

    .bss (NOLOAD) : ALIGN(8)
    {{
        __bss_start = .;
        *(.sbss .sbss.* .bss .bss.* COMMON)
        . = ALIGN(8);
        __bss_end = .;
    }} > DMEM

    __global_pointer$ = __data_start + 0x{GP_OFFSET:X};
    __free_start = __bss_end;
    __free_end = ORIGIN(DMEM) + LENGTH(DMEM);
    __kept = __free_end;

    .weft_ops 0 (INFO) : {{ KEEP(*(weft_ops)) }}

    /DISCARD/ :
    {{
        *(weft_queries)
        *(.eh_frame .eh_frame_hdr .gcc_except_table .gcc_except_table.*)
        *(.fini_array .fini_array.* .comment .note.* .llvm_addrsig)
    }}
}}
"""
