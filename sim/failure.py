"""Why the device stopped an inference: which operator, where in its source, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from arch.decode import Decoder
from arch.errors import WeftError
from arch.isa import Cause, Command, Engine
from arch.op_interface import STATUS_TEXT, OpStatus
from compiler.program import Program
from firmware.backtrace import Frame, SourceMap
from firmware.image import FirmwareImage
from firmware.trap import describe_trap, read_log
from sim.job import ErrorReport, RunResult


class InferenceError(WeftError):
    """An inference that the device stopped: one line.

    Members
    -------
    report : the device's registers.
    backtrace : functions that were under way at an exception, innermost first.
    log : what operators had printed.
    """

    def __init__(
        self, text: str, report: ErrorReport, backtrace: Sequence[Frame] = (), log: str = ""
    ):
        super().__init__(text)
        self.report = report
        self.backtrace = list(backtrace)
        self.log = log


def inference_error(
    program: Program, image: FirmwareImage | None, result: RunResult, watchdog_cycles: int = 0
) -> InferenceError:
    """Explain the error of a run.

    Parameters
    ----------
    program : what ran.
    image : the core's software, if there is any.
    result : with an error.
    watchdog_cycles : the limit that was set.
    """
    report = result.error
    assert report is not None
    if report.engine is not Engine.CORE or image is None:
        return InferenceError(_place(program, report) + str(report.exception()), report)
    log = read_log(result.events.log)
    what, frames = _what_happened(image, report, result, watchdog_cycles)
    doing = _doing(program, image, report.command)
    text = f"{_place(program, report)}{doing}{what}"
    if frames:
        text += f", in {frames[0]}"
    return InferenceError(text, report, frames, log.text)


def _place(program: Program, report: ErrorReport) -> str:
    if report.engine is None:
        return f"{program.model}: "
    layers = program.command_layers[report.engine]
    if report.command >= len(layers):
        return f"{program.model}: "
    index = layers[report.command]
    layer = program.layers[index]
    return f"{program.model}: operator {index} ({layer.op} '{layer.name}'): "


def _core_command(program: Program, number: int) -> Command | None:
    """The core's command of that number, from 0."""
    commands = (c for e, c in Decoder().commands(program.commands) if e is Engine.CORE)
    return next((c for i, c in enumerate(commands) if i == number), None)


def _doing(program: Program, image: FirmwareImage, number: int) -> str:
    command = _core_command(program, number)
    if command is None or command.config["boot"]:
        return "start-up of the core: "
    return "init: " if command.config["function"] == image.prepare else ""


def _what_happened(
    image: FirmwareImage, report: ErrorReport, result: RunResult, watchdog_cycles: int
) -> tuple[str, list[Frame]]:
    if report.cause is Cause.OP_STATUS:
        known = report.info in list(OpStatus)
        text = f": {STATUS_TEXT[OpStatus(report.info)]}" if known else ""
        return f"returned status {report.info}{text}", []
    if report.cause is Cause.WATCHDOG:
        text = f"exceeded the watchdog's {watchdog_cycles:,} cycles, pc 0x{report.address:08X}"
        return text, SourceMap(image.elf).frames_at(report.address)
    if report.cause is not Cause.CORE_TRAP:
        return str(report.exception()), []
    sources = SourceMap(image.elf)
    trap = read_log(result.events.log).trap
    pc = f", pc 0x{report.address:08X}"
    if trap is None or trap.pc != report.address:
        return describe_trap(report.info) + pc, sources.frames_at(report.address)
    return f"{trap}{pc}", sources.backtrace(trap)
