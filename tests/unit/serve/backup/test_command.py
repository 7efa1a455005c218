"""Tests of the commands `backup` and `restore` as a Job runs them."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serve.backup import command, history
from serve.backup.arguments import add_parsers
from serve.errors import SetupError
from tests.helpers import s3_stand_in

NOW = datetime(2027, 1, 10, 3, tzinfo=UTC)


def run(*arguments: object) -> str:
    """One command line."""
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(dest="command"))
    return command.run(parser.parse_args([str(each) for each in arguments]), NOW)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Configuration and weights, a mounted volume, and an empty cache."""
    source, volume, target = tmp_path / "source", tmp_path / "volume", tmp_path / "target"
    for folder in (source / "config", source / "model", volume, target):
        folder.mkdir(parents=True)
    (source / "config" / "models.json").write_text('{"models": []}')
    (source / "model" / "m.gguf").write_bytes(b"weights")
    return source, volume, target


def test_sets_go_to_a_volume_and_come_back(folders: tuple[Path, Path, Path]) -> None:
    """Each below its name, in a folder of the stack's own."""
    source, volume, target = folders
    sets = [f"--set=config={source}/config", f"--set=model-legal={source}/model"]
    assert run("backup", *sets, "--keep", 3, "--to", volume / "prod") == "all sets are backed up"
    assert sorted(path.name for path in (volume / "prod").iterdir()) == ["config", "model-legal"]
    done = run("restore", "--set", "model-legal", "--from", volume / "prod", "--to", target)
    assert done == "model-legal is as it was at 20270110T030000Z: 1 files, 0 were right already"
    assert (target / "m.gguf").read_bytes() == b"weights"


def test_sets_go_to_a_bucket_and_come_back(folders: tuple[Path, Path, Path]) -> None:
    """With credentials from a mounted Secret."""
    source, volume, target = folders
    key = s3_stand_in.CREDENTIALS
    (volume / "credentials").write_text(
        f"[default]\naws_access_key_id={key.key_id}\naws_secret_access_key={key.secret}\n"
    )
    with s3_stand_in.running() as bucket:
        at = ("--endpoint", bucket.url, "--region", s3_stand_in.REGION, "--credentials", volume / "credentials")
        run("backup", f"--set=model={source}/model", "--keep", 1, "--to", "s3://backups/prod", *at)
        run("restore", "--set", "model", "--from", "s3://backups/prod", "--to", target, *at)
    assert (target / "m.gguf").read_bytes() == b"weights"


def test_a_set_that_fails_does_not_keep_the_others_from_being_copied(folders: tuple[Path, Path, Path]) -> None:
    """And the Job fails with the reason."""
    source, volume, _ = folders
    with pytest.raises(SetupError, match=r"^gone: .*/nowhere is not a directory$"):
        run("backup", f"--set=gone={source}/nowhere", f"--set=ok={source}/model", "--keep", 1, "--to", volume / "p")
    assert [path.name for path in (volume / "p").iterdir()] == ["ok"]


def test_history_grows_by_the_days_that_are_missing(
    folders: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second backup on the same day asks for nothing."""
    _, volume, target = folders
    asked: list[str] = []

    def ask(url: str, query: dict[str, str]) -> Any:
        asked.append(query["start"])
        return {"data": {"result": []}}

    monkeypatch.setattr(history.write_days, "__defaults__", (ask,))
    for _ in range(2):
        run("backup", "--history-from", "http://p", "--history-query", "up", "--keep", 2, "--to", volume / "p")
    assert len(asked) == history.MISSED_DAYS
    run("restore", "--set", "history", "--from", volume / "p", "--to", target)
    assert len(list(target.iterdir())) == history.MISSED_DAYS


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://Bad_Bucket/x", "'s3://Bad_Bucket/x' is no bucket: s3://name/prefix is"),
        ("s3://good/x", "s3://good/x needs --credentials"),
        ("/nowhere/at/all", "/nowhere/at/all is below no directory"),
    ],
)
def test_a_place_that_is_none_is_refused(place: str, words: str) -> None:
    """Before anything is read."""
    with pytest.raises(SetupError, match=words):
        run("backup", "--set", "a=/tmp", "--keep", 1, "--to", place)


@pytest.mark.parametrize(
    "arguments", [("--set", "a"), ("--set", "../a=/tmp"), ("--set", "a="), ("--keep", "0"), ("--keep", "many")]
)
def test_words_that_mean_nothing_are_refused(arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """With what is allowed."""
    with pytest.raises(SystemExit):
        run("backup", "--to", "/tmp", *(("--keep", "1") if "--keep" not in arguments else ()), *arguments)
    assert " is" in capsys.readouterr().err.splitlines()[-1]
