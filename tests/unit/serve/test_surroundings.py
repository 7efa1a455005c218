"""Tests of serve.surroundings: what a container lacks is one line and a non-zero exit, never a server that looks alive.

The library here is found and whole, and never loaded: nothing gets as far as a model.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.models import ModelEntry, Models, SourceEntry
from serve.surroundings import check_can_pull, check_libraries, check_memory, check_models_dir, check_writable
from tests.helpers import elf

IMAGE = Path(__file__).parents[3] / "image"
MIB = 1024 * 1024


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A llama_cpp that is found and looks whole."""
    folder = tmp_path / "site" / "llama_cpp" / "lib"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("libggml-cpu-x64.so", "libllama.so"):
        (folder / name).write_bytes(elf.library({".text": b"code"}))
    (tmp_path / "models").mkdir()
    return tmp_path / "site"


def start(site: Path, limit: Callable[[], None] | None = None, **changes: object) -> str:
    """Start a server that can't; returns what it says: one line, no trace, and it has ended with 2."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{IMAGE}:{site}",
        "SLIPWAY_HOST": "127.0.0.1",
        "SLIPWAY_MODELS_DIR": site.parent / "models",
        **changes,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "serve"],
        env={name: str(value) for name, value in environ.items()},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    errors = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert ended.returncode == 2, ended.stderr
    assert len(errors) == 1, ended.stderr
    return errors[0]


@pytest.mark.parametrize("name", ["libllama.so", "libggml-cpu-x64.so"])
def test_a_library_that_was_cut_is_named(site: Path, name: str) -> None:
    """The loader would die of it without a word, and so would every worker."""
    library = site / "llama_cpp" / "lib" / name
    whole = library.read_bytes()
    library.write_bytes(whole[:-100])
    assert start(site) == f"serve: {library} is cut: {len(whole) - 100} of its {len(whole)} bytes are there"


def test_a_cublas_that_was_cut_is_named(site: Path, tmp_path: Path) -> None:
    """Half of half a gigabyte, when a volume was full."""
    (tmp_path / "libcublasLt.so.13").write_bytes(elf.library({".text": b"x" * 100})[:120])
    assert "libcublasLt.so.13 is cut: 120 of its" in start(site, SLIPWAY_CUBLAS=tmp_path)


def test_a_cublas_that_the_user_may_not_look_for_is_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/opt/slipway is nobody's alone: another user is told about the models directory, and by no trace."""
    folder, glob = site / "llama_cpp" / "lib", Path.glob

    def refuse(self: Path, pattern: str) -> Iterator[Path]:
        if self == Path("/opt/slipway/cublas"):
            raise PermissionError(13, "Permission denied")
        return glob(self, pattern)

    monkeypatch.setattr(Path, "glob", refuse)
    check_libraries(folder, Path("/opt/slipway/cublas"))


def test_a_missing_models_directory_is_named(site: Path) -> None:
    """A mount that was forgotten."""
    assert start(site, SLIPWAY_MODELS_DIR="/nowhere") == (
        "serve: SLIPWAY_MODELS_DIR is /nowhere: there is no such folder"
    )


def test_a_gpu_that_is_required_is_missed(site: Path) -> None:
    """This library has no CUDA beside it."""
    said = start(site, SLIPWAY_GPU="required", SLIPWAY_PORT=_free(), SLIPWAY_METRICS_PORT=_free())
    assert said.startswith("serve: SLIPWAY_GPU is required, but no GPU can be used: this image has no CUDA library")


def test_too_little_memory_is_said_before_the_kernel_ends_it(site: Path) -> None:
    """64 MiB: Python alone has a third of it."""
    limit = 64 * MIB
    said = start(site, lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
    assert said.startswith("serve: this process may take 64 MiB of memory: the server needs 128 MiB")


def test_a_state_folder_that_can_not_be_made_is_named(site: Path) -> None:
    """Read-only everything, and a setting that wants to write."""
    assert start(site, SLIPWAY_STATE_DIR="/proc/state").startswith(
        "serve: SLIPWAY_STATE_DIR: /proc/state can't be made"
    )


@pytest.mark.parametrize(("limit", "is_enough"), [("67108864", False), ("134217728", True), ("max", True)])
def test_the_containers_limit_counts(tmp_path: Path, limit: str, is_enough: bool) -> None:
    """By its cgroup, as Docker and the kubelet set it."""
    folder = tmp_path / "sys/fs/cgroup"
    folder.mkdir(parents=True)
    for name, text in (("memory.max", limit), ("memory.current", "1"), ("memory.stat", "file 0\n")):
        (folder / name).write_text(text)
    if is_enough:
        check_memory(tmp_path)
    else:
        with pytest.raises(SetupError, match="64 MiB of memory"):
            check_memory(tmp_path)


def test_another_user_than_the_folders_is_told_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong UID, or a volume of root's: numbers, because a container has no names for them."""
    tmp_path.chmod(0o750)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    seen = tmp_path.stat()
    whose = f"it belongs to user {seen.st_uid}, group {seen.st_gid}, with mode 0750"
    with pytest.raises(SetupError) as told:
        check_models_dir(tmp_path)
    assert str(told.value) == f"SLIPWAY_MODELS_DIR is {tmp_path}: user 1000, group 1000 can't read it: {whose}"
    with pytest.raises(SetupError, match=r"SLIPWAY_STATE_DIR: .* can't be written to by user 1000"):
        check_writable("STATE_DIR", tmp_path)


def test_weights_that_are_to_be_pulled_need_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only directory is fine for what lies there already."""
    entry = ModelEntry(id="m", file="m.gguf", num_slots=1, context_tokens=64, source=SourceEntry("a/b"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SetupError, match="the model 'm' is to be pulled into it"):
        check_can_pull(Models((entry,)), tmp_path)
    (tmp_path / "m.gguf").touch()
    check_can_pull(Models((entry,)), tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Someone mounted the model itself."""
    (tmp_path / "m.gguf").touch()
    with pytest.raises(SetupError, match="that is no folder"):
        check_models_dir(tmp_path / "m.gguf")


def _free() -> int:
    from tests.helpers.running_server import free_port

    return free_port()
