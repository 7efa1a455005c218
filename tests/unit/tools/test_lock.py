"""Two runs do not work on one cluster at the same time."""

from pathlib import Path

import pytest

from tools.cluster import lock
from tools.errors import ToolError


def test_a_second_run_fails_at_once_and_says_why(tmp_path: Path) -> None:
    """It must not start everything twice, nor wait in silence."""
    with (
        lock.hold(tmp_path / "state"),
        pytest.raises(ToolError, match="another run is at work"),
        lock.hold(tmp_path / "state"),
    ):
        pytest.fail("both runs got in")


def test_the_next_run_gets_in_after_a_failure(tmp_path: Path) -> None:
    """Whatever ended the first one, and nothing of the lock stays on the disk."""
    with pytest.raises(ValueError, match="broken"), lock.hold(tmp_path):
        raise ValueError("broken")
    with lock.hold(tmp_path):
        assert list(tmp_path.iterdir()) == []
