"""What is there is found, what is missing is compiled once, and a full disk is told before."""

from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import cache
from tools.errors import DiskFull
from tools.progress import Progress, Step
from tools.toolchain import gobuild, programs
from tools.toolchain.gobuild import GoBuild
from tools.toolchain.groups import CONTAINERS, KUBERNETES, KWOK, PULUMI, Group

ALL = [PULUMI, CONTAINERS, KUBERNETES]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the groups that were compiled."""
    names: list[str] = []

    def ensure(self: GoBuild, go: Path, step: Step) -> Path:
        names.append(self.group.name)
        self.bin_dir.mkdir(parents=True)
        return self.bin_dir

    monkeypatch.setattr(GoBuild, "ensure", ensure)
    monkeypatch.setattr(gobuild, "find_go", lambda venv_bin: Path("go"))
    monkeypatch.setattr(gobuild, "cache_dirs", lambda go: (tmp_path / "go",))
    return names


def free(monkeypatch: pytest.MonkeyPatch, gib: float, elsewhere_gib: float = 1000.0) -> None:
    """So much space for the programs, so much for Go's own caches."""

    def usage(path: Path) -> tuple[int, int, int]:
        return 2**50, 0, int((elsewhere_gib if path.name == "go" else gib) * 2**30)

    monkeypatch.setattr("shutil.disk_usage", usage)


def test_only_what_is_missing_is_compiled(built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing the second time."""
    free(monkeypatch, 1000)
    settings = support.settings(tmp_path)
    GoBuild(CONTAINERS, settings.cache_dir).bin_dir.mkdir(parents=True)
    for _ in range(2):
        found = programs.ensure(settings, ALL, Progress(quiet=True))
        assert built == ["pulumi", "kubernetes"]
        assert len(found.bin_dirs) == 3


@pytest.mark.parametrize(("groups", "need"), [(ALL, "12.0"), ([KWOK], "4.0")])
def test_a_first_run_needs_twelve_gib(
    groups: list[Group], need: str, built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there already needs no more space."""
    free(monkeypatch, 3.9)
    with pytest.raises(DiskFull, match=f"{need} GiB needed"):
        programs.ensure(support.settings(tmp_path), groups, Progress(quiet=True))
    assert built == []


def test_the_disk_that_gos_caches_are_on_is_looked_at_too(
    built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be in a small home directory while SLIPWAY's cache is elsewhere."""
    (tmp_path / "go").mkdir()
    free(monkeypatch, 1000, elsewhere_gib=1)
    with pytest.raises(DiskFull, match=f"{tmp_path}/go: 1.0 GiB free"):
        programs.ensure(support.settings(tmp_path), ALL, Progress(quiet=True))
    assert built == []


def test_what_another_run_has_built_meanwhile_is_taken(
    built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two runs waits for the lock and then finds the work done."""
    free(monkeypatch, 1000)
    settings = support.settings(tmp_path)
    hold = cache.hold

    def hold_after_the_other(folder: Path) -> object:
        GoBuild(KWOK, folder).bin_dir.mkdir(parents=True)
        return hold(folder)

    monkeypatch.setattr(cache, "hold", hold_after_the_other)
    programs.ensure(settings, [KWOK], Progress(quiet=True))
    assert built == []
