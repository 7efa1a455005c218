"""The package is built anew when something that it is made from changes, and never twice for the same."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import llama
from tools.errors import PrerequisiteMissing
from tools.progress import Progress


@pytest.mark.parametrize("name", llama.INPUTS)
def test_the_key_changes_with_every_input(name: str, tmp_path: Path) -> None:
    """The Dockerfile, the pinned sources, the pinned compilers."""
    for each in llama.INPUTS:
        shutil.copy(llama.IMAGE_DIR / each, tmp_path)
    before = llama.key(tmp_path)
    assert before == llama.key(llama.IMAGE_DIR)
    with (tmp_path / name).open("a") as f:
        f.write("# changed\n")
    assert llama.key(tmp_path) != before


def test_the_key_changes_with_the_build_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another CPU variant is another package."""
    before = llama.key(llama.IMAGE_DIR)
    monkeypatch.setitem(llama.BUILD_ARGS, "CPU_VARIANTS", "all")
    assert llama.key(llama.IMAGE_DIR) != before


def test_every_file_that_the_stage_copies_is_an_input() -> None:
    """A new one in the Dockerfile must not be forgotten in the key."""
    stage = (llama.IMAGE_DIR / "Dockerfile").read_text().split(" AS llama")[0]
    copied = [word for line in stage.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert copied
    assert set(copied) <= set(llama.INPUTS)


def test_a_built_package_is_found(tmp_path: Path) -> None:
    """Without a builder, a cluster or a lock."""
    settings = support.settings(tmp_path)
    built = settings.cache_dir / "llama" / llama.key(llama.IMAGE_DIR)
    built.mkdir(parents=True)
    assert llama.ensure(settings, Progress(quiet=True)) == built


def test_without_a_builder_the_ways_out_are_named_also_where_a_port_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking for the builder plans no cluster."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        settings = support.settings(tmp_path, registry_port=s.getsockname()[1])
        with pytest.raises(PrerequisiteMissing, match="no image builder runs: start the local cluster"):
            llama.ensure(settings, Progress(quiet=True))


def test_docker_gets_the_company_certificates_too(tmp_path: Path) -> None:
    """As the other builder does."""
    assert f"--secret=id=ca,src={tmp_path}/ca" in llama.docker_argv(tmp_path / "ca", tmp_path)
    assert not [a for a in llama.docker_argv(None, tmp_path) if a.startswith("--secret")]
