"""Tests of serve.__main__: what a person at the command line gets."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import elf

IMAGE = Path(__file__).parents[3] / "image"
SHA256 = hashlib.sha256(b"good").hexdigest()


def serve(*arguments: object, **environ: object) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE), **{k: str(v) for k, v in environ.items()}}
    command = [sys.executable, "-m", "serve", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A mounted image and a cache."""
    source, target = tmp_path / "image", tmp_path / "cache"
    source.mkdir()
    target.mkdir()
    (source / "m.gguf").write_bytes(b"good")
    return source, target


def test_fill_fills_and_ends_with_0(folders: tuple[Path, Path]) -> None:
    """As the cluster's job calls it."""
    source, target = folders
    done = serve("fill", "--from", source, "--to", target, "--file", "m.gguf", "--sha256", SHA256)
    assert done.returncode == 0, done.stderr
    assert (target / "m.gguf").read_bytes() == b"good"
    assert "is filled" in done.stderr


def test_a_wrong_sha256_is_one_clear_line_and_2(folders: tuple[Path, Path]) -> None:
    """The last line says it; no trace."""
    source, target = folders
    done = serve("fill", "--from", source, "--to", target, "--file", "m.gguf", "--sha256", "0" * 64)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (f"serve: {source}/m.gguf has the SHA-256 {SHA256}: {'0' * 64} is wanted")
    assert "Traceback" not in done.stderr


def test_what_is_no_sha256_is_refused_by_the_command_line(folders: tuple[Path, Path]) -> None:
    """Before anything is read."""
    source, target = folders
    done = serve("fill", "--from", source, "--to", target, "--file", "m.gguf", "--sha256", "abc")
    assert done.returncode == 2
    assert "'abc' is not a SHA-256: 64 lower-case hexadecimal digits are" in done.stderr


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A llama_cpp that is found, passes the look at the CPU, and is never loaded."""
    (tmp_path / "site" / "llama_cpp" / "lib").mkdir(parents=True)
    (tmp_path / "site" / "llama_cpp" / "__init__.py").touch()
    (tmp_path / "site" / "llama_cpp" / "lib" / "libggml-cpu-x64.so").write_bytes(elf.library())
    return tmp_path / "site"


def test_a_setting_that_is_wrong_is_one_line() -> None:
    """Variable, value, what is allowed."""
    done = serve(SLIPWAY_PORT="x")
    assert done.returncode == 2
    assert done.stderr.startswith("serve: SLIPWAY_PORT is 'x': input should be a valid integer")


def test_a_missing_models_file_is_one_line(library: Path) -> None:
    """With the setting that names it."""
    done = serve(
        PYTHONPATH=f"{IMAGE}:{library}", SLIPWAY_MODELS_FILE="/nowhere/models.json", SLIPWAY_MODELS_DIR=library
    )
    assert done.returncode == 2
    assert done.stderr == "serve: SLIPWAY_MODELS_FILE is /nowhere/models.json: No such file or directory\n"


def test_a_port_in_use_is_one_line(library: Path, tmp_path: Path) -> None:
    """Setting, port and address."""
    models = tmp_path / "models.json"
    models.write_text('{"models": [{"id": "m", "file": "m.gguf", "num_slots": 1, "context_tokens": 64}]}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve(
            PYTHONPATH=f"{IMAGE}:{library}",
            SLIPWAY_MODELS_FILE=models,
            SLIPWAY_MODELS_DIR=tmp_path,
            SLIPWAY_HOST="127.0.0.1",
            SLIPWAY_PORT=port,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"serve: SLIPWAY_PORT is {port}: 127.0.0.1 can't be listened on there: Address already in use\n"
    )


def test_without_the_library_the_server_says_so() -> None:
    """Instead of a model that never loads."""
    done = serve(SLIPWAY_HOST="127.0.0.1")
    assert done.returncode == 2
    assert "the package llama_cpp is not on the Python path" in done.stderr
