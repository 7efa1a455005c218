"""What `make setup` makes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from compose import setup
from serve.security.keys import digest_of, parse_keys
from tests.unit.compose import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As it is in a fresh checkout."""
    shutil.copy(files.FOLDER / ".env.example", tmp_path)
    return tmp_path


def test_the_key_that_is_shown_is_the_one_that_the_server_takes(folder: Path) -> None:
    """Its file has only the hash."""
    shown = re.findall(r"sk-\S+", "\n".join(setup.main(folder, 4)))
    text = (folder / "secrets/api-keys").read_text()
    (key,) = parse_keys(text, is_admin=False)
    assert [digest_of(each.encode()) for each in shown] == [key.digest]
    assert shown[0] not in text


def test_every_secret_of_the_files_is_there_for_nobody_to_read(folder: Path) -> None:
    """User 65534 reads them through a mount of the file; other users of the machine can't get into the folder."""
    setup.main(folder, 4)
    found = {path.name: path.stat().st_mode & 0o777 for path in (folder / "secrets").iterdir()}
    assert found == dict.fromkeys(files.read("shared.yml")["secrets"], 0o444)
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700


def test_settings_are_the_examples_with_the_cores_of_the_machine(folder: Path) -> None:
    """Docker refuses more cores than there are."""
    setup.main(folder, 7)
    example = (folder / ".env.example").read_text()
    assert (folder / ".env").read_text() == example.replace("SLIPWAY_CPUS=2", "SLIPWAY_CPUS=7")
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays(folder: Path) -> None:
    """Keys that are in use, and settings that somebody has changed."""
    setup.main(folder, 4)
    (folder / ".env").write_text("CHAT_PORT=1\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert setup.main(folder, 4) == ["everything is there already"]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
