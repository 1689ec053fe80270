"""The firmware of the scalar datapath as an image of its processor's memories."""

from __future__ import annotations

import pytest

from arch.scalar import DATA_BYTES, HOST_BYTES, code_bytes
from gen import microcode as module
from gen.elf import read_elf
from gen.microcode import STACK_BYTES, MicrocodeError, check_microcode, is_instruction, microcode
from tests.microcode.configs import CORE_PARAMS, PARAMS

ALL_PARAMS = {**PARAMS, "tiny_scalar": CORE_PARAMS}


@pytest.mark.parametrize("name", list(ALL_PARAMS))
def test_it_fits_and_begins_at_the_first_word(name: str) -> None:
    params = ALL_PARAMS[name]
    image = microcode(params)
    elf = read_elf(image.elf)
    assert 4 * len(image.code) <= code_bytes(params)
    assert 4 * len(image.data) <= DATA_BYTES - HOST_BYTES - STACK_BYTES
    assert elf.entry == elf.addresses()["weft_start"] == module.CODE_BASE
    assert elf.addresses()["__stack_top"] == DATA_BYTES
    assert elf.addresses()["__bss_end"] <= DATA_BYTES - STACK_BYTES


def test_firmware_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "code_bytes", lambda _: 4096)
    with pytest.raises(MicrocodeError, match=r"microcode: \d+ bytes more than the 4096 of .*CODE"):
        microcode(CORE_PARAMS)


@pytest.mark.parametrize(
    "word",
    [
        0x00000013,  # nop
        0x02A5A533,  # mulhsu a0, a1, a0
        0x02B51533,  # mulh
        0x00C5002B,  # MAC: BROADCAST
        0x0600252B,  # MAC: READ
        0x00008067,  # ret
    ],
)
def test_instructions_that_the_processor_has(word: int) -> None:
    assert is_instruction(word, has_core=False)
    assert is_instruction(word, has_core=True)


@pytest.mark.parametrize(
    "word",
    [
        0x02B54533,  # div
        0x02B57533,  # remu
        0x0000100F,  # fence.i
        0x0000000F,  # fence
        0x00000073,  # ecall
        0xC0002573,  # rdcycle
        0x00B5252F,  # amoadd.w
        0x00000000,
        0x0000402B,  # custom-1, funct3 that the MAC lacks
        0x0805002B,  # custom-1, funct7 4
        0x4001,  # a compressed nop
    ],
)
def test_instructions_that_the_processor_lacks_are_refused(word: int) -> None:
    with pytest.raises(MicrocodeError, match=f"0x{word:08X} at 0x08000004"):
        check_microcode((0x13, word), has_core=False)
