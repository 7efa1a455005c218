"""Tests of serve.security.ring."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.security.ring import LOOK_S, MOST_BYTES, KeyRing, key_files
from tests.helpers.fakes import FakeClock

OLD, NEW, ADMIN = "sk-the-old-key-of-ours", "sk-the-new-key-of-ours", "sk-the-key-of-admins"


def names(ring: KeyRing, *keys: str) -> list[str | None]:
    """Whose these are."""
    return [found.name if (found := ring.find(key.encode())) else None for key in keys]


def test_keys_of_both_files_are_found_and_no_others(tmp_path: Path) -> None:
    """An admin's is known as one."""
    (tmp_path / "keys").write_text(f"{OLD} name=old\n")
    (tmp_path / "admin").write_text(f"{ADMIN} name=boss\n")
    ring = KeyRing(key_files(tmp_path / "keys", tmp_path / "admin"), FakeClock())
    assert names(ring, OLD, ADMIN, NEW, "", OLD + " ") == ["old", "boss", None, None, None]
    boss = ring.find(ADMIN.encode())
    assert boss is not None
    assert boss.is_admin
    assert ring.asks_for_keys
    assert ring.has_admin_keys


def test_without_files_nobody_is_asked() -> None:
    """As without settings."""
    ring = KeyRing(key_files(None, None), FakeClock())
    assert (ring.asks_for_keys, ring.has_admin_keys, ring.find(OLD.encode())) == (False, False, None)


def test_a_swapped_link_changes_the_keys_without_a_restart(tmp_path: Path) -> None:
    """As Kubernetes updates a mounted Secret: by one rename of a link that others lead through."""
    for version, key in (("1", OLD), ("2", NEW)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "keys").write_text(f"{key} name=letters\n")
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "keys").symlink_to("..data/keys")
    clock = FakeClock()
    ring = KeyRing(key_files(tmp_path / "keys", None), clock)
    (tmp_path / "next").symlink_to("2")
    (tmp_path / "next").replace(tmp_path / "..data")
    assert names(ring, OLD, NEW) == ["letters", None]  # it looks once a second
    clock.now += LOOK_S
    assert names(ring, OLD, NEW) == [None, "letters"]


@pytest.mark.parametrize("broken", ["", "short\n", f"{NEW}\n{NEW}\n", b"\xff\xfe" * 20, None])
def test_a_broken_file_leaves_the_keys_as_they_were(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str | bytes | None
) -> None:
    """It is told once, without what is in it; a good one counts again."""
    path, clock = tmp_path / "keys", FakeClock()
    path.write_text(f"{OLD}\n")
    ring = KeyRing(key_files(path, None), clock)
    if broken is None:
        path.unlink()
    else:
        path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            clock.now += LOOK_S
            assert ring.find(OLD.encode())
    assert len(caplog.records) == 1
    assert "API keys stay as they were: SLIPWAY_API_KEYS_FILE is " in caplog.text
    assert NEW not in caplog.text
    path.write_text(f"{NEW} name=good-again\n")
    clock.now += LOOK_S
    assert names(ring, OLD, NEW) == [None, "good-again"]


def test_at_the_start_a_file_that_cannot_be_used_is_the_end(tmp_path: Path) -> None:
    """Nothing is served that was meant to be closed."""
    path = tmp_path / "keys"
    with pytest.raises(SetupError, match=f"SLIPWAY_API_KEYS_FILE is {path}: it can't be read: No such file"):
        KeyRing(key_files(path, None), FakeClock())
    path.write_text("")
    with pytest.raises(SetupError, match=f"SLIPWAY_ADMIN_KEYS_FILE is {path}: it has no key"):
        KeyRing(key_files(None, path), FakeClock())
    path.write_text(f"{OLD}\n")
    with pytest.raises(SetupError, match=r"'key-[0-9a-f]{12}' and 'key-[0-9a-f]{12}' are the same key"):
        KeyRing(key_files(path, path), FakeClock())
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(SetupError, match=f"it has more than {MOST_BYTES} bytes"):
        KeyRing(key_files(path, None), FakeClock())


def test_a_key_in_the_place_of_its_file_is_not_told() -> None:
    """It is taken for a path, and would stand in a log."""
    with pytest.raises(SetupError) as raised:
        key_files(Path(OLD), None)
    assert OLD not in str(raised.value)
    assert "SLIPWAY_API_KEYS_FILE is not an absolute path" in str(raised.value)
