"""Which browser is taken, and when one is installed."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.errors import PrerequisiteMissing
from tools.progress import Step
from tools.toolchain import browser


class World:
    """A machine that has some programs; apt-get brings the package's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *programs: str, brings: str = browser.PACKAGE) -> None:
        self.programs = set(programs)
        self.brings = brings
        self.ran: list[str] = []
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name in self.programs else None)
        monkeypatch.setattr(browser, "run", self._run)

    def _run(self, argv: list[str], **_options: Any) -> str:
        self.ran.append(argv[1])
        if argv[1] == "install":
            self.programs.add(self.brings)
        return ""


@pytest.fixture
def step() -> Step:
    """One that says nothing."""
    return Step(Console(quiet=True), "a browser")


def test_an_installed_browser_is_taken(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """Whatever it is called; nothing is installed."""
    world = World(monkeypatch, "google-chrome", "apt-get")
    assert Path(browser.ensure(step)).name == "google-chrome"
    assert world.ran == []


def test_without_one_debians_is_installed(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """After its lists are read."""
    world = World(monkeypatch, "apt-get")
    assert Path(browser.ensure(step)).name == browser.PACKAGE
    assert world.ran == ["update", "install"]


def test_without_debian_it_is_told(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """And what to do."""
    World(monkeypatch)
    with pytest.raises(PrerequisiteMissing, match="install Chromium"):
        browser.ensure(step)


def test_a_package_that_brings_none_is_told(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """Instead of a path that is not there."""
    World(monkeypatch, "apt-get", brings="something")
    with pytest.raises(PrerequisiteMissing, match="has brought no browser"):
        browser.ensure(step)
