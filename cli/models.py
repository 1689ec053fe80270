"""The networks of the MLPerf Tiny benchmark: where they come from, and finding them here."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from arch.errors import WeftError

FOLDER_VARIABLE = "WEFT_MODELS"
DOWNLOAD_TIMEOUT_SECONDS = 30
MAX_DOWNLOAD_BYTES = 1 << 24

_REPOSITORY = "https://raw.githubusercontent.com/mlcommons/tiny"
_COMMIT = "4addd0fa08d216e20637637874e084895f289da4"


class ModelFileError(WeftError):
    """A network that cannot be found or fetched; its text is one line."""


@dataclass(frozen=True)
class Source:
    """A published network: its file, its task, its public address and its SHA-256."""

    name: str
    task: str
    file_name: str
    url: str
    sha256: str


def _source(name: str, task: str, folder: str, file_name: str, sha256: str) -> Source:
    path = f"benchmark/training/{folder}/trained_models/{file_name}"
    return Source(name, task, file_name, f"{_REPOSITORY}/{_COMMIT}/{path}", sha256)


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        _source(
            "kws",
            "keyword spotting, DS-CNN",
            "keyword_spotting",
            "kws_ref_model.tflite",
            "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae",
        ),
        _source(
            "vww",
            "visual wake words, MobileNetV1 0.25",
            "visual_wake_words",
            "vww_96_int8.tflite",
            "597a384c8c2c8a1276f04702f25013b7838f2f814f1ca7c174d295b73e3d6b7b",
        ),
        _source(
            "ic",
            "image classification, ResNet8",
            "image_classification",
            "pretrainedResnet_quant.tflite",
            "3c002613d1b2475eb51dd78dfb85a546c8ae658dee71cf6ade43b022fe205415",
        ),
        _source(
            "ad",
            "anomaly detection, autoencoder",
            "anomaly_detection",
            "ad01_int8.tflite",
            "87cf24194ef93d1d9b11a591d805526b98008e351655d29883c825c9c106ba24",
        ),
    )
}


def cache_folder() -> Path:
    """Where fetched networks are kept: ``$XDG_CACHE_HOME`` or ``~/.cache``, weft/models."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "weft" / "models"


def locate(name: str) -> Path | None:
    """The file of a network that is already here, or None.

    Looks in the folder that ``WEFT_MODELS`` names, then in the cache. A file with another checksum
    than the published one is refused.

    Raises :class:`ModelFileError`.
    """
    source = _lookup(name)
    folders = [cache_folder()]
    if os.environ.get(FOLDER_VARIABLE):
        folders.insert(0, Path(os.environ[FOLDER_VARIABLE]))
    for folder in folders:
        path = folder / source.file_name
        if path.is_file():
            _check(source, _read(path), str(path), "remove it, so that it is fetched again")
            return path
    return None


def find(name: str) -> Path:
    """The file of a network (``kws``, ``vww``, ``ic`` or ``ad``), fetched if it is not here.

    Raises :class:`ModelFileError` with one line if that fails.
    """
    path = locate(name)
    return path if path is not None else _fetch(_lookup(name))


def _lookup(name: str) -> Source:
    if name not in SOURCES:
        raise ModelFileError(f"{name}: is not a known network; known are {', '.join(SOURCES)}")
    return SOURCES[name]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}; make it readable") from None


def _check(source: Source, data: bytes, where: str, remedy: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != source.sha256:
        raise ModelFileError(
            f"{where}: has SHA-256 {digest[:16]}..., but {source.name} is "
            f"{source.sha256[:16]}...; {remedy}"
        )


def _fetch(source: Source) -> Path:
    """Download into the cache; the file appears there whole or not at all."""
    remedy = f"put {source.file_name} into a folder and name it in {FOLDER_VARIABLE}"
    try:
        with urllib.request.urlopen(source.url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response:
            data = response.read(MAX_DOWNLOAD_BYTES)
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ModelFileError(
            f"{source.name}: cannot be fetched from {source.url}: {reason}; {remedy}"
        ) from None
    _check(source, data, source.url, remedy)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            part = Path(temporary) / source.file_name
            part.write_bytes(data)
            path = part.replace(folder / source.file_name)
    except OSError as error:
        raise ModelFileError(f"{folder}: {error.strerror or error}; {remedy}") from None
    return path
