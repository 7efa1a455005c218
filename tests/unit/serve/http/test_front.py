"""Where the server keeps what users say, by its settings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.history.types import Owner, Turn
from serve.http.front import HISTORY_NAME, make_history
from serve.settings import Settings


def keep(settings: Settings, num_turns: int = 1) -> int:
    """Keep some turns by these settings; how many are left."""
    history, owner = make_history(settings), Owner("", "anna")

    async def story() -> int:
        for number in range(num_turns):
            assert await history.append(owner, Turn(str(number), "a", "m", 1.0))
        return len(await history.turns(owner))

    try:
        return asyncio.run(story())
    finally:
        history.close()


def test_a_history_has_its_file_or_one_beside_other_state(tmp_path: Path) -> None:
    """The setting of its own wins."""
    assert keep(Settings(state_dir=tmp_path / "state")) == 1
    assert keep(Settings(state_dir=tmp_path / "state", history_file=tmp_path / "h")) == 1
    assert (tmp_path / "state" / HISTORY_NAME).exists()
    assert (tmp_path / "h").exists()


def test_without_a_place_it_is_in_memory_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """It ends with the server."""
    caplog.set_level("INFO")
    assert keep(Settings()) == 1
    assert keep(Settings()) == 1
    assert "SLIPWAY_HISTORY_FILE names a file" in caplog.text


def test_only_a_place_that_somebody_named_must_be_a_good_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A state directory is there for other things, too: without it the server serves."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't be kept in"):
        make_history(Settings(history_file=tmp_path / "file" / "h"))
    assert keep(Settings(state_dir=tmp_path / "file")) == 1
    assert "can't be kept in" in caplog.text


def test_the_bounds_are_the_settings() -> None:
    """Turns of a user, here."""
    assert keep(Settings(history_turns=3), num_turns=5) == 3
