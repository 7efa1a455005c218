"""Where promtool comes from."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.errors import PrerequisiteMissing
from tools.progress import Step
from tools.toolchain import promtool


class World:
    """A machine that has some programs; Debian's package brings one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *programs: str, brings: str = promtool.NAME) -> None:
        self.brings = brings
        self.ran: list[str] = []
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name in programs else None)
        monkeypatch.setattr(promtool, "run", self._run)

    def _run(self, argv: list[str], cwd: Path | None = None, **_options: Any) -> str:
        self.ran.append(argv[1])
        if argv[1] == "download":
            assert cwd is not None
            (cwd / "prometheus_1_amd64.deb").touch()
        if argv[0] == "dpkg":
            unpacked = Path(argv[3]) / "usr/bin"
            unpacked.mkdir(parents=True)
            (unpacked / self.brings).write_text("a program")
        return ""


@pytest.fixture
def step() -> Step:
    """One that says nothing."""
    return Step(Console(quiet=True), "promtool")


def test_an_installed_one_is_taken(monkeypatch: pytest.MonkeyPatch, step: Step, tmp_path: Path) -> None:
    """Nothing is downloaded."""
    world = World(monkeypatch, promtool.NAME, "apt-get")
    assert promtool.ensure(tmp_path, step) == f"/usr/bin/{promtool.NAME}"
    assert world.ran == []


def test_without_one_debians_is_unpacked_once(monkeypatch: pytest.MonkeyPatch, step: Step, tmp_path: Path) -> None:
    """Nothing of it but the program stays."""
    world = World(monkeypatch, "apt-get")
    found = promtool.ensure(tmp_path, step)
    assert Path(found).read_text() == "a program"
    assert promtool.ensure(tmp_path, step) == found
    assert world.ran == ["update", "download", "-x"]
    assert [each.name for each in (tmp_path / "toolchain").rglob("*") if each.is_file()] == [promtool.NAME]


def test_without_debian_it_is_told(monkeypatch: pytest.MonkeyPatch, step: Step, tmp_path: Path) -> None:
    """And what to do."""
    World(monkeypatch)
    with pytest.raises(PrerequisiteMissing, match="install Prometheus"):
        promtool.ensure(tmp_path, step)


def test_a_package_that_brings_none_is_told(monkeypatch: pytest.MonkeyPatch, step: Step, tmp_path: Path) -> None:
    """Instead of a path that is not there."""
    World(monkeypatch, "apt-get", brings="prometheus")
    with pytest.raises(PrerequisiteMissing, match="has brought no promtool"):
        promtool.ensure(tmp_path, step)
