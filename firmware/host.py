"""The operators compiled for the host, from the same sources as for the core.

They run in the functional model and are the reference of custom operators. The library is an
ordinary shared object with debug information: ``gdb --args python ...`` and a breakpoint by name.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arch.errors import WeftError
from arch.op_interface import (
    ACCELERATOR,
    NAME_BYTES,
    OP,
    STATUS_TEXT,
    TENSOR,
    AcceleratorDescription,
    OpDescription,
    TensorDescription,
)
from firmware.descriptors import accelerator_values, op_values, tensor_values
from firmware.host_port import HostPort
from firmware.image import (
    ACCELERATOR_SOURCE,
    INCLUDE_FOLDERS,
    RUNTIME_FOLDER,
    UnknownOperatorError,
    builtin_source,
)
from firmware.libraries import in_libm, math_functions, math_object, zig_objects
from firmware.sources import OpSources
from gen.elf import read_elf
from gen.toolchain import (
    LANGUAGE_FLAGS,
    SourceError,
    ToolchainError,
    built_once,
    digest_of,
    find_zig,
    first_diagnostic,
    host_target,
    shown_path,
)

_TEXT: dict[int, str] = {int(status): text for status, text in STATUS_TEXT.items()}
_POINTER_BYTES = ctypes.sizeof(ctypes.c_void_p)
_SINK = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


class HostCallError(WeftError):
    """A description that cannot be run on the host."""


class RefusedUseError(WeftError):
    """A use of an operator that the operator itself refuses when it is asked for sizes.

    Members
    -------
    reason : what the operator said last, or what its status means.
    """

    def __init__(self, name: str, reason: str):
        super().__init__(f"{name}: {reason}")
        self.reason = reason


@cache
def host_compiler() -> tuple[str, ...]:
    """The C++ compiler of the host: CXX, c++, g++ or clang++, or zig's where there is none."""
    named = os.environ.get("CXX")
    for name in [named] if named else ["c++", "g++", "clang++"]:
        path = shutil.which(name)
        if path is not None:
            return (path,)
    if named:
        raise ToolchainError(f"CXX={named}: not found; unset it or name a C++ compiler")
    return (str(find_zig().program), "c++")


def _run(command: Sequence[str | Path]) -> str:
    """Standard output; raises :class:`SourceError` with the first diagnostic."""
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        text = done.stderr + done.stdout
        lines = [line for line in text.splitlines() if "error" in line or "undefined" in line]
        raise SourceError(
            first_diagnostic(text) or f"host build: {(lines or [text[:200]])[0].strip()}"
        )
    return done.stdout


def _compile(source: Path, folders: Sequence[Path], sanitize: str) -> Path:
    """The object of one source, from the cache where its preprocessed text is unchanged."""
    if not source.is_file():
        raise SourceError(f"{source}: no such file; name an operator's C++ source")
    is_c = source.suffix == ".c"
    flags = [*LANGUAGE_FLAGS, "-fPIC", "-DWEFT_HOST"]
    flags += [f"-I{folder}" for folder in (*INCLUDE_FOLDERS, *folders)]
    flags += ["-x", "c"] if is_c else ["-x", "c++", "-std=c++17", "-fno-rtti"]
    if sanitize:
        flags += [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    command = [*host_compiler(), *flags]
    text = _run([*command, "-E", source.resolve()])

    def build(path: Path) -> None:
        _run([*command, "-c", source.resolve(), "-o", path])

    return built_once("host", digest_of(command, _compiler_version(), text), ".o", build)


@cache
def _compiler_version() -> str:
    return _run([*host_compiler(), "--version"])


def _math_objects(objects: Sequence[Path]) -> list[Path]:
    """Objects with the core's mathematical functions, if the given ones use any."""
    missing = {name for path in objects for name in read_elf(path).undefined()} & math_functions()
    if not missing:
        return []
    target = host_target()
    found = zig_objects(target)
    defined = {name for path in found for name in read_elf(path).exported()}
    while missing := missing - defined:
        symbol = min(missing)
        defined.add(symbol)  # if nothing here has it, the host's own C library does
        path = math_object(target, symbol)
        if path is not None:
            found.append(path)
            elf = read_elf(path)
            defined |= elf.exported()
            missing |= {name for name in elf.undefined() if in_libm(name)}
    return list(dict.fromkeys(found))


def _build(own: Sequence[Path], sources: OpSources, sanitize: str) -> Path:
    objects = [_compile(source, (), sanitize) for source in own]
    objects += [_compile(file, sources.folders_for(file), sanitize) for file in sources.files]
    math = _math_objects(objects)
    digest = digest_of(sanitize, *(path.read_bytes() for path in [*objects, *math]))

    def link(path: Path) -> None:
        with tempfile.TemporaryDirectory() as work:
            # An archive behind -lc: of its members only what the C library lacks is taken.
            archive = Path(work) / "libcore_math.a"
            command: list[str | Path] = [*host_compiler(), "-shared", "-Wl,-Bsymbolic"]
            if sanitize:
                command.append(f"-fsanitize={sanitize}")
            command += ["-Wl,--gc-sections", *objects]
            if math:
                _run([find_zig().program, "ar", "rcs", archive, *math])
                command += ["-lc", archive, "-Wl,--exclude-libs,ALL"]
            _run([*command, "-o", path])

    return built_once("host", digest, ".so", link)


class _HostMemory:
    """Structures in host memory; keeps them alive for as long as it lives."""

    def __init__(self) -> None:
        self._kept: list[NDArray[Any]] = []

    def keep(self, array: NDArray[Any]) -> int:
        self._kept.append(array)
        return int(array.ctypes.data)

    def place(self, blob: bytes) -> int:
        """Address of a copy, aligned for any structure; 0 for none."""
        if not blob:
            return 0
        words = np.zeros(-(-len(blob) // 8), np.uint64)
        words.view(np.uint8)[: len(blob)] = np.frombuffer(blob, np.uint8)
        return self.keep(words)

    def tensor(self, name: str, t: TensorDescription, with_data: bool) -> int:
        data = 0
        if isinstance(t.data, np.ndarray):
            if not t.data.flags.c_contiguous or t.data.nbytes != t.n_bytes:
                raise HostCallError(
                    f"{name}: array of {t.data.nbytes} bytes for a tensor {t.shape} of"
                    f" {t.type.name}; give a contiguous one of {t.n_bytes} bytes"
                )
            data = self.keep(t.data)
        elif t.data and with_data:
            raise HostCallError(f"{name}: tensor at 0x{t.data:X}; the host needs an array instead")
        scales = np.asarray(t.channel_scales, "<f4").tobytes()
        zero_points = np.asarray(t.channel_zero_points, "<i4").tobytes()
        pointers = {
            "data": data,
            "channel_scales": self.place(scales),
            "channel_zero_points": self.place(zero_points),
        }
        return self.place(TENSOR.pack(tensor_values(t, t.flags) | pointers, _POINTER_BYTES))

    def accelerator(self, a: AcceleratorDescription) -> int:
        places = {
            member: self.keep(area)
            for member, area in (("workspace", a.workspace), ("arena", a.arena))
            if isinstance(area, np.ndarray)
        }
        places["products"] = self.place(b"".join(a.products))
        return self.place(ACCELERATOR.pack(accelerator_values(a) | places, _POINTER_BYTES))

    def op(self, op: OpDescription, scratch_bytes: int = 0, *, with_data: bool = True) -> int:
        """Address of the ``weft_op_t``."""
        values = op_values(op)
        for member in ("inputs", "outputs", "intermediates"):
            tensors = [self.tensor(op.name, t, with_data) for t in getattr(op, member)]
            values[member] = self.place(np.asarray(tensors, np.uintp).tobytes())
        values["params"] = self.place(op.params)
        if op.accelerator is not None:
            values["accelerator"] = self.accelerator(op.accelerator)
        if with_data:
            scratch = np.zeros(scratch_bytes, np.uint8) if op.scratch is None else op.scratch
            for member, area in (("state", op.state), ("scratch", scratch)):
                if not isinstance(area, np.ndarray):
                    continue
                values |= {member: self.keep(area), f"{member}_bytes": area.nbytes}
        return self.place(OP.pack(values, _POINTER_BYTES))


def _reason(status: int, log: str) -> str:
    """The last line that an operator printed, or what its status means."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if not lines:
        return _TEXT.get(status, f"the operator returned the error {status}")
    place = re.match(r"(.+?)(:\d+: .*)", lines[-1])
    return shown_path(place[1]) + place[2] if place else lines[-1]


class HostOps:
    """Operators, compiled for the host and called in this process.

    Parameters
    ----------
    op_sources : the user's C++ sources.
    builtin_ops : names of operators of the library.
    sanitize : sanitizers for ``-fsanitize=``, such as ``undefined``; ``address`` wants the
        process to be started with its library in LD_PRELOAD.

    Members
    -------
    log : takes what operators print; it is kept for :meth:`take_log` unless replaced.

    Raises :class:`SourceError` (one line) for sources that do not compile.
    """

    def __init__(
        self,
        op_sources: OpSources | Sequence[Path],
        builtin_ops: Sequence[str],
        *,
        sanitize: str = "",
    ):
        if "address" in sanitize and "asan" not in os.environ.get("LD_PRELOAD", ""):
            raise ToolchainError(
                "sanitize=address: its library must be loaded first; start with"
                " LD_PRELOAD=$(g++ -print-file-name=libasan.so)"
            )
        sources = [RUNTIME_FOLDER / "host.c"]
        sources += [builtin_source(name) for name in dict.fromkeys(builtin_ops)]
        sources.append(ACCELERATOR_SOURCE)
        self.path = _build(sources, OpSources.of(op_sources), sanitize)
        self._library = ctypes.CDLL(str(self.path))
        self._declare()
        self._printed: list[str] = []
        self.log: Callable[[str], object] = self._printed.append
        self._sink = _SINK(lambda text: self.log(text.decode(errors="replace")))
        self._functions = self._registrations()

    def _declare(self) -> None:
        pointer = ctypes.c_void_p
        for name, result, arguments in (
            ("weft_host_count", ctypes.c_uint32, []),
            ("weft_host_registration", pointer, [ctypes.c_uint32]),
            ("weft_host_call", ctypes.c_int32, [pointer, pointer]),
            ("weft_host_query", ctypes.c_int32, [pointer, pointer, ctypes.c_int32, pointer]),
            ("weft_host_connect", None, [pointer]),
        ):
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def _registrations(self) -> dict[str, tuple[int, int, int]]:
        """Addresses of registration, eval and init (or 0) by name."""
        found: dict[str, tuple[int, int, int]] = {}
        for index in range(self._library.weft_host_count()):
            address = self._library.weft_host_registration(index)
            name = ctypes.string_at(address, NAME_BYTES).rstrip(b"\0").decode(errors="replace")
            functions = (ctypes.c_void_p * 2).from_address(address + NAME_BYTES)
            if name in found:
                raise SourceError(f"{name}: is registered twice; give one WEFT_OP another name")
            found[name] = (address, functions[0] or 0, functions[1] or 0)
        return found

    def take_log(self) -> str:
        """What operators have printed since the last call."""
        text = "".join(self._printed)
        self._printed.clear()
        return text

    @property
    def names(self) -> list[str]:
        """Names under which operators are registered."""
        return sorted(self._functions)

    def _find(self, name: str) -> tuple[int, int, int]:
        if name not in self._functions:
            raise UnknownOperatorError(
                f"{name}: no operator registers this name; there are"
                f" {', '.join(self.names) or 'none'}; give its C++ source with --op, or start one"
                f" with 'weft new-op {name}'"
            )
        return self._functions[name]

    def state_bytes(self, name: str, op: OpDescription) -> int:
        """Bytes of persistent state that the operator wants for this use; 0 if it does not say.

        Raises :class:`RefusedUseError`.
        """
        return self._query(name, op, 0)

    def scratch_bytes(self, name: str, op: OpDescription) -> int:
        """Bytes of scratch that the operator wants for this use; 0 if it does not say.

        Raises :class:`RefusedUseError`.
        """
        return self._query(name, op, 1)

    def _query(self, name: str, op: OpDescription, number: int) -> int:
        memory = _HostMemory()
        use = memory.op(op, with_data=False)
        n_bytes = ctypes.c_uint32()
        self._library.weft_host_set_log(self._sink)
        log, said = self.log, list[str]()
        self.log = said.append  # it is asked often, and says the same each time
        status = self._library.weft_host_query(
            self._find(name)[0], use, number, ctypes.byref(n_bytes)
        )
        self.log = log
        if status:
            raise RefusedUseError(name, _reason(status, "".join(said)))
        return n_bytes.value

    def workspace_bytes(self, name: str, op: OpDescription) -> int:
        """Bytes of workspace that the operator wants for this use, which brings an accelerator.

        0 if it does not use it. Raises :class:`RefusedUseError`.
        """
        return self._query(name, op, 2)

    def connect(self, port: HostPort | None) -> None:
        """The accelerator that operators use from now on; it must live as long."""
        self._port = port
        self._library.weft_host_connect(None if port is None else ctypes.byref(port.structure))

    def has_init(self, name: str) -> bool:
        return bool(self._find(name)[2])

    def call(self, name: str, op: OpDescription) -> int:
        """Run the operator on arrays in place and return its status.

        Scratch that ``op`` does not bring is made as large as the operator asks for; state that it
        asks for must be brought, because it outlives the call.
        """
        return self._call(name, op, self._find(name)[1])

    def init(self, name: str, op: OpDescription) -> int:
        """Run the operator's ``init`` and return its status; 0 where it has none."""
        function = self._find(name)[2]
        return self._call(name, op, function) if function else 0

    def _call(self, name: str, op: OpDescription, function: int) -> int:
        wanted = self.state_bytes(name, op)
        if wanted and not isinstance(op.state, np.ndarray):
            raise HostCallError(f"{name}: keeps {wanted} bytes of state; give an array for it")
        memory = _HostMemory()
        use = memory.op(op, self.scratch_bytes(name, op))
        # Each time: another object may have loaded the same library.
        self._library.weft_host_set_log(self._sink)
        return int(self._library.weft_host_call(function, use))
