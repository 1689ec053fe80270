"""Builds simulations of Verilog once per digest and says how to start them under cocotb."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sim import tools
from sim.tools import SimulatorError

TIMESCALE = "1ns/1ps"
CLOCK_PERIOD_NS = 10
CXX_STANDARD = "-std=c++20"  # delays in Verilog want coroutines; one for all shares the run time
UNUSED_DAYS = 30  # builds that nobody used for so long are deleted
FAILED_RUN_DAYS = 7  # logs of failed runs are deleted when they are older

_FORMATS = ("", "vcd", "fst")


@dataclass(frozen=True)
class BuildOptions:
    """How a simulation is built.

    Members
    -------
    simulator : ``verilator`` or ``icarus``.
    waves : format of the waveform that it can write: empty, ``vcd`` or ``fst``.
    public_depth : Verilator: so many levels of modules from the top down have signals that cocotb
        sees; 0: only those that the Verilog marks. All others are free to be optimised away.
    verilator_flags : further flags, such as ``-O3``.
    cxx_flags : Verilator: optimisation of the generated C++. More than ``-O1`` takes half as long
        again to compile, and even large designs run no faster.
    defines : Verilog macros.
    parameters : parameters of the top module.
    main : Verilator: path of the C++ main program; empty for cocotb's own.
    """

    simulator: str = "verilator"
    waves: str = ""
    public_depth: int = 1
    verilator_flags: tuple[str, ...] = ()
    cxx_flags: str = "-O1"
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    main: str = ""

    def __post_init__(self) -> None:
        if self.waves not in _FORMATS:
            raise SimulatorError(f"waveform format: {self.waves!r} is unknown; use 'vcd' or 'fst'")


@dataclass(frozen=True)
class Simulation:
    """A built simulation in the cache folder."""

    folder: Path
    top: str
    simulator: str
    waves: str
    seconds: float
    """What the build took; 0 when it was in the cache."""

    def command(self, *, plusargs: Sequence[str] = (), waves_path: Path | None = None) -> list[str]:
        """The command line; ``waves_path`` wants a build with a waveform format."""
        if waves_path is not None and not self.waves:
            raise SimulatorError(f"{waves_path}: the simulation was built without waveforms")
        if self.simulator == "verilator":
            trace = ["--trace", "--trace-file", str(waves_path)] if waves_path else []
            return [str(self.folder / "sim"), *trace, *plusargs]
        import cocotb_tools.config as cocotb_config

        library = cocotb_config.lib_entry("vpi", "icarus")
        trace = [f"-{self.waves}", f"+waves={waves_path}"] if waves_path else ["-none"]
        return ["vvp", "-m", library, str(self.folder / "sim.vvp"), *trace, *plusargs]

    def environment(
        self, test_module: str, *, seed: int, results: Path, extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Environment of the process that runs ``test_module`` and writes JUnit XML."""
        # Verilator applies writes at the right time by itself, which lets Clock run without
        # Python; Icarus does not.
        trust = "1" if self.simulator == "verilator" else "0"
        return {
            **os.environ,
            **tools.cocotb_environment(),
            "COCOTB_TRUST_INERTIAL_WRITES": trust,
            "COCOTB_TOPLEVEL": self.top,
            "COCOTB_TEST_MODULES": test_module,
            "COCOTB_RANDOM_SEED": str(seed),
            "COCOTB_RESULTS_FILE": str(results),
            **(extra or {}),
        }


def build_simulation(
    sources: Mapping[str, str], top: str, options: BuildOptions | None = None
) -> Simulation:
    """Build ``sources`` (file name to Verilog text), or take the build from the cache.

    Raises :class:`SimulatorError` with the first error of the tool and the path of its log.
    """
    options = options or BuildOptions()
    folder = tools.cache_folder() / "builds" / _digest(sources, top, options)
    seconds = 0.0
    with _locked(folder):
        if not (folder / "complete").exists():
            start = time.monotonic()
            _remove_unused(folder.parent)
            _build(folder, sources, top, options)
            seconds = time.monotonic() - start
        (folder / "complete").touch()
    return Simulation(folder, top, options.simulator, options.waves, seconds)


def _digest(sources: Mapping[str, str], top: str, options: BuildOptions) -> str:
    tool = tools.find_simulator(options.simulator)
    versions = [tool.name, tool.version, tools.cocotb_version(), str(_cocotb_libraries())]
    if options.simulator == "verilator":
        versions.append(tools.find_compiler().version)
    if options.main:
        versions.append(Path(options.main).read_text())
    own = Path(__file__).read_text()
    text = json.dumps([dict(sources), top, asdict(options), versions, own], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _cocotb_libraries() -> Path:
    import cocotb_tools.config as cocotb_config

    return Path(cocotb_config.libs_dir)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time builds a folder; the others wait and then find it complete."""
    path = folder.parent / f"{folder.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise SimulatorError(
            f"{path.parent}: cannot be written ({error.strerror}); set WEFT_CACHE to a folder "
            "that can"
        ) from None
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def new_run_folder(label: str) -> Path:
    """A folder for one run of a simulation; the caller deletes it, unless the run failed."""
    runs = tools.cache_folder() / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    limit = time.time() - FAILED_RUN_DAYS * 86400
    for folder in runs.iterdir():
        with suppress(OSError):
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{label}-", dir=runs))


def _remove_unused(builds: Path) -> None:
    limit = time.time() - UNUSED_DAYS * 86400
    for mark in builds.glob("*/complete"):
        if mark.stat().st_mtime < limit:
            shutil.rmtree(mark.parent, ignore_errors=True)
    limit = time.time() - FAILED_RUN_DAYS * 86400
    for folder in builds.glob("building-*"):
        if folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _build(folder: Path, sources: Mapping[str, str], top: str, options: BuildOptions) -> None:
    """Build in a folder beside the final one, which appears only when it is whole."""
    if " " in str(folder):
        raise SimulatorError(
            f"{folder}: make cannot build in a path with spaces; set WEFT_CACHE to one without"
        )
    work = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    for name, text in sources.items():
        (work / name).write_text(text)
    if options.simulator == "verilator":
        keep = _build_verilator(work, list(sources), top, options)
    else:
        keep = _build_icarus(work, sources, top, options)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in (*sources, *keep, "build.log"):
        shutil.move(work / name, folder / name)
    shutil.rmtree(work)


def _call(command: Sequence[str], work: Path, environment: Mapping[str, str], what: str) -> None:
    log = work / "build.log"
    with log.open("a") as file:
        file.write(" ".join(command) + "\n")
        file.flush()
        code = subprocess.run(
            command,
            cwd=work,
            env={**os.environ, **environment},
            stdout=file,
            stderr=file,
            check=False,
        ).returncode
    if code:
        raise SimulatorError(f"{what}: {first_error(log.read_text())}; log: {log}")


_ERROR = re.compile(
    r"^.*(%Error|\berror\b|syntax error|cannot find|undefined reference).*$", re.IGNORECASE
)


def first_error(log: str) -> str:
    """The line of a tool's log that says what went wrong, or else its last line."""
    lines = [line.strip() for line in log.splitlines()[1:] if line.strip()]
    found = [line for line in lines if _ERROR.match(line)]
    return (found or lines[-1:] or ["failed without a message"])[0]


# Yosys lets every combinational block read a variable that is set once, so that all blocks run at
# the start. Icarus does not see its initial value as a change; an assignment is one.
_ICARUS_TRIGGER = re.compile(r"reg (\\\$auto\$verilog_backend\S+) +(= 1'h0|= 0);")


def _build_icarus(
    work: Path, sources: Mapping[str, str], top: str, options: BuildOptions
) -> tuple[str, ...]:
    tool = tools.find_icarus()
    for name, text in sources.items():
        (work / name).write_text(_ICARUS_TRIGGER.sub(r"\g<0> initial \1 <= 1;", text))
    (work / "flags.f").write_text(f"+timescale+{TIMESCALE}\n")
    command = [str(tool.path), "-g2012", "-o", "sim.vvp", "-s", top, "-f", "flags.f"]
    command += [f"-D{key}={value}" for key, value in options.defines]
    command += [f"-P{top}.{key}={value}" for key, value in options.parameters]
    if options.waves:
        (work / "dump.v").write_text(_ICARUS_DUMP.format(top=top))
        command += ["-s", "weft_dump", "dump.v"]
    _call([*command, *sources], work, tool.environment, f"icarus: cannot build {top}")
    return ("sim.vvp",)


_ICARUS_DUMP = """\
module weft_dump();
  reg [8*1024-1:0] path;
  initial if ($value$plusargs("waves=%s", path)) begin
    $dumpfile(path);
    $dumpvars(0, {top});
  end
endmodule
"""


def _build_verilator(
    work: Path, names: list[str], top: str, options: BuildOptions
) -> tuple[str, ...]:
    import cocotb_tools.config as cocotb_config

    tool, compiler = tools.find_verilator(), tools.find_compiler()
    libraries = _cocotb_libraries()
    main = options.main or str(
        Path(cocotb_config.share_dir) / "lib" / "verilator" / "verilator.cpp"
    )
    what = f"verilator: cannot build {top}"
    if options.waves == "fst":
        _check_fst(compiler.path)
    command = [str(tool.path), "--cc", "--exe", "--vpi", "-Mdir", "obj", "--prefix", "Vtop"]
    command += ["--top-module", top, "-o", "../sim", "-Wno-fatal", "--timescale", TIMESCALE]
    command += ["-CFLAGS", CXX_STANDARD]
    command += ["--public-depth", str(options.public_depth)] if options.public_depth else []
    command += [f"--trace-{options.waves}"] if options.waves else []
    command += ["-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"]
    command += [f"-D{key}={value}" for key, value in options.defines]
    command += [f"-G{key}={value}" for key, value in options.parameters]
    _call([*command, *options.verilator_flags, main, *names], work, tool.environment, what)
    runtime = _runtime_folder()
    _take_runtime(runtime, work / "obj")
    make = ["make", "-j", str(min(4, os.cpu_count() or 1)), "-C", "obj", "-f", "Vtop.mk"]
    # Verilator's makefile takes gcc for a compiler that reads a precompiled header by -include.
    make += ["CFG_CXXFLAGS_PCH_I=-include", f"PYTHON3={sys.executable}"]
    make += [f"CXX={compiler.path}", f"LINK={compiler.path}", f"OPT_FAST={options.cxx_flags}"]
    environment = {**tool.environment, "MAKEFLAGS": "", "MAKELEVEL": "0"}
    _call(make, work, environment, what)
    _give_runtime(runtime, work / "obj")
    return ("sim",)


def _check_fst(compiler: Path) -> None:
    """Verilator's FST writer wants two libraries that are not on every machine."""
    for header, package in (("zlib.h", "zlib1g-dev"), ("lz4.h", "liblz4-dev")):
        command = [str(compiler), "-E", "-x", "c++", "-include", header, "/dev/null"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise SimulatorError(
                f"fst waveform: {header} not found; install the package {package}, or write .vcd"
            )


def _runtime_folder() -> Path:
    """Folder of Verilator's own compiled sources, which are the same for every design."""
    parts = [tools.find_verilator().version, tools.find_compiler().version, CXX_STANDARD]
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return tools.cache_folder() / "runtime" / name


def _take_runtime(runtime: Path, objects: Path) -> None:
    """Put the objects where make finds them up to date (they are newer than the makefile)."""
    for source in runtime.glob("verilated*.o"):
        shutil.copyfile(source, objects / source.name)


def _give_runtime(runtime: Path, objects: Path) -> None:
    runtime.mkdir(parents=True, exist_ok=True)
    for source in objects.glob("verilated*.o"):
        target = runtime / source.name
        if not target.exists():
            part = target.with_suffix(f".{os.getpid()}")
            shutil.copyfile(source, part)
            part.replace(target)
