"""Finding and fetching the published networks."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import models
from tests.mlperf import MLPERF_NAMES, mlperf_model

CONTENT = b"not really a network"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serves a folder with one file."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "net.tflite").write_bytes(CONTENT)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str) -> models.Source:
    """A network "net" that the server has, and no others; an empty cache."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    net = models.Source("net", "task", "net.tflite", f"{server}/net.tflite", digest)
    monkeypatch.setattr(models, "SOURCES", {"net": net})
    monkeypatch.delenv(models.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return net


def replace(monkeypatch: pytest.MonkeyPatch, source: models.Source, **changes: str) -> None:
    monkeypatch.setattr(models, "SOURCES", {"net": dataclasses.replace(source, **changes)})


def test_a_network_is_fetched_once_and_then_found_in_the_cache(
    source: models.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert models.locate("net") is None
    path = models.find("net")
    assert path.read_bytes() == CONTENT
    assert [p.name for p in models.cache_folder().iterdir()] == ["net.tflite"]
    replace(monkeypatch, source, url="http://127.0.0.1:1/gone")
    assert models.find("net") == path == models.locate("net")


def test_the_folder_of_the_variable_comes_first(
    source: models.Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models.find("net")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.tflite").write_bytes(CONTENT)
    monkeypatch.setenv(models.FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert models.find("net") == tmp_path / "mine" / "net.tflite"
    monkeypatch.setenv(models.FOLDER_VARIABLE, str(tmp_path / "absent"))
    assert models.find("net") == models.cache_folder() / "net.tflite"


def test_a_file_with_another_checksum_is_refused(
    source: models.Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "net.tflite").write_bytes(b"other")
    monkeypatch.setenv(models.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(models.ModelFileError, match=r"net\.tflite: has SHA-256 .*; remove it"):
        models.find("net")
    monkeypatch.delenv(models.FOLDER_VARIABLE)
    replace(monkeypatch, source, sha256="0" * 64)
    with pytest.raises(models.ModelFileError, match="has SHA-256 .* but net is 0000"):
        models.find("net")
    assert not models.cache_folder().exists() or not list(models.cache_folder().iterdir())


def test_without_a_network_one_line_says_what_to_do(
    source: models.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, reason in (
        ("http://127.0.0.1:1/net.tflite", "Connection refused"),
        (f"{source.url}.gone", "Not Found|File not found"),
    ):
        replace(monkeypatch, source, url=url)
        with pytest.raises(models.ModelFileError, match=reason) as caught:
            models.find("net")
        message = str(caught.value)
        assert message.startswith(f"net: cannot be fetched from {url}: ")
        assert message.endswith("; put net.tflite into a folder and name it in WEFT_MODELS")
        assert "\n" not in message


def test_a_cache_that_cannot_be_written_is_named(
    source: models.Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(models.ModelFileError, match="Not a directory; put net.tflite"):
        models.find("net")


def test_unknown_names_are_listed() -> None:
    with pytest.raises(models.ModelFileError, match="bert: is not a known network; known are kws"):
        models.find("bert")


def test_addresses_are_pinned_to_a_commit() -> None:
    for name, source in models.SOURCES.items():
        assert source.name == name
        assert source.url.startswith("https://raw.githubusercontent.com/mlcommons/tiny/4addd0fa")
        assert source.url.endswith(f"/trained_models/{source.file_name}")
        assert len(source.sha256) == 64


@pytest.mark.parametrize("name", MLPERF_NAMES)
def test_checksums_are_those_of_the_files_at_hand(name: str) -> None:
    data = mlperf_model(name)
    assert hashlib.sha256(data).hexdigest() == models.SOURCES[name].sha256
