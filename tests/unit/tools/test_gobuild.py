"""Programs are built once per content of their module, and a broken build leaves nothing that looks finished."""

import dataclasses
from pathlib import Path

import pytest

from tools.errors import CommandFailed, PrerequisiteMissing
from tools.progress import Progress
from tools.toolchain import gobuild
from tools.toolchain.gobuild import GoBuild
from tools.toolchain.groups import GROUPS, Group, Program

GROUP = Group("g", (Program("./one", "one"), Program("example.com/two/v3", "two")), "-s -w", 1.0)

FAKE_GO = """#!/bin/sh
case "$1" in
list) printf 'xx'; exit 0;;
install) echo "$@" >> "$LOG"; for n in one two; do echo "pkg/$n"; touch "$GOBIN/$n"; done; exit ${FAIL:-0};;
esac
"""


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    go = tmp_path / "go"
    go.write_text(FAKE_GO)
    go.chmod(0o755)
    module = tmp_path / "modules" / "g"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module g\n")
    monkeypatch.setattr(gobuild, "GO_MODULES", module.parent)
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    return go


def ensure(build: GoBuild, go: Path) -> Path:
    with Progress(quiet=True).step("build") as step:
        return build.ensure(go, step)


def test_a_second_call_builds_nothing(fake_go: Path, tmp_path: Path) -> None:
    """The folder's name carries all that decides its content."""
    build = GoBuild(GROUP, tmp_path / "cache")
    folder = ensure(build, fake_go)
    assert sorted(p.name for p in folder.iterdir()) == ["one", "two"]
    ensure(build, fake_go)
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_a_changed_module_is_built_anew_beside_the_old_one(fake_go: Path, tmp_path: Path) -> None:
    """Two checkouts with different pins share one cache."""
    build = GoBuild(GROUP, tmp_path / "cache")
    first = ensure(build, fake_go)
    (build.module_dir / "go.sum").write_text("changed\n")
    assert ensure(build, fake_go) != first
    assert first.is_dir()


def test_a_failed_build_is_not_done_and_the_next_one_goes_on(
    fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a whole build gets its final name."""
    build = GoBuild(GROUP, tmp_path / "cache")
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(CommandFailed, match="status 1"):
        ensure(build, fake_go)
    assert not build.is_done()
    monkeypatch.setenv("FAIL", "0")
    ensure(build, fake_go)
    assert build.is_done()


def test_another_estimate_of_its_minutes_builds_nothing_anew(fake_go: Path, tmp_path: Path) -> None:
    """Only what decides the programs is in the folder's name."""
    slower = dataclasses.replace(GROUP, minutes=9.0)
    other = dataclasses.replace(GROUP, ldflags="-s")
    folder = GoBuild(GROUP, tmp_path).bin_dir
    assert GoBuild(slower, tmp_path).bin_dir == folder
    assert GoBuild(other, tmp_path).bin_dir != folder


def test_gos_caches_are_where_go_says_unless_our_cache_has_a_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named cache folder is named for its size, and Go's caches are the largest part."""
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\necho "${GOCACHE:-/default/build}"; echo "${GOMODCACHE:-/default/mod}"\n')
    go.chmod(0o755)
    for name in ("GOCACHE", "GOMODCACHE", "SLIPWAY_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert gobuild.cache_dirs(go) == (Path("/default/build"), Path("/default/mod"))
    monkeypatch.setenv("SLIPWAY_CACHE_DIR", "/big")
    assert gobuild.cache_dirs(go) == (Path("/big/go/build"), Path("/big/go/modules"))


def test_every_group_has_a_module_whose_go_mod_names_its_programs() -> None:
    """Data and modules agree."""
    for group in GROUPS.values():
        text = (gobuild.GO_MODULES / group.name / "go.mod").read_text()
        local = gobuild.GO_MODULES / group.name
        for program in group.programs:
            known = (
                program.package in text
                or (local / program.package).is_dir()
                or program.package.rsplit("/", 1)[0] in text
            )
            assert known, program


def test_an_old_go_or_none_is_a_missing_prerequisite_that_names_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12 ships 1.19, which does not know GOTOOLCHAIN; the virtual environment's own is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    venv_bin = tmp_path / "venv"
    venv_bin.mkdir()
    with pytest.raises(PrerequisiteMissing, match=r"Go 1.21 or newer"):
        gobuild.find_go(venv_bin)
    for folder, version in ((tmp_path, "go1.19.8"), (venv_bin, "go1.27.3")):
        (folder / "go").write_text(f"#!/bin/sh\necho {version}\n")
        (folder / "go").chmod(0o755)
    assert gobuild.find_go(venv_bin) == venv_bin / "go"
