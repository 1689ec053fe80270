"""The stand-in accelerator's Verilog, and programs for it."""

from __future__ import annotations

from pathlib import Path

from arch import registers
from arch.config import load_config
from arch.params import Params

PARAMS = Params(
    load_config("tiny").model_copy(
        update={"name": "tiny64", "axi_data_bits": 64, "cols": 8, "lanes": 2}
    )
)

END, HANG, BREAK_AXI, CRASH = (0,), (2,), (5, 1), (7,)


def copy(beats: int, offset: int) -> tuple[int, int, int]:
    """Copy from region 1 to region 2, adding 1 to every byte."""
    return 1, beats, offset


def stop(cause: int) -> tuple[int, int]:
    return 3, cause


def log(byte: int) -> tuple[int, int]:
    return 4, byte


def work(cycles: int) -> tuple[int, int]:
    """Array and core are busy for so many cycles."""
    return 6, cycles


def program(*commands: tuple[int, ...]) -> bytes:
    words = (c[0] | (c + (0, 0))[1] << 8 | (c + (0, 0))[2] << 16 for c in commands)
    return b"".join(word.to_bytes(8, "little") for word in words)


def write_stub(folder: Path, digest: int | None = None) -> Path:
    """Write the stub's Verilog with the real register map."""
    values = {f"REG_{register.name}": register.offset for register in registers.REGISTERS}
    values |= {
        "IDENTITY": registers.IDENTITY,
        "VERSION": registers.VERSION,
        "DIGEST": PARAMS.config.digest if digest is None else digest,
    }
    macros = "".join(f"`define {name} 32'h{value:x}\n" for name, value in values.items())
    path = folder / "weft_tiny64.v"
    path.write_text(macros + (Path(__file__).parent / "stub_npu.v").read_text())
    return path
