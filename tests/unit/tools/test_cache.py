"""One writer at a time, and only what is ours is removed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import cache
from tools.errors import ToolError
from tools.settings import ROOT

HOLD = """
import pathlib, sys
from tools import cache
with cache.hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
"""


def test_a_second_run_says_that_it_waits_and_goes_on_when_the_first_has_ended(tmp_path: Path) -> None:
    """Two builds at once would remove each other's folders."""
    argv = [sys.executable, "-c", HOLD, str(tmp_path)]
    with cache.hold(tmp_path):
        second = subprocess.Popen(argv, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert second.stderr is not None
        assert second.stderr.readline() == f"... waiting: another run builds into {tmp_path}\n"
        assert second.poll() is None
    said, _ = second.communicate(timeout=20)
    assert said == "held\n"


def test_clean_removes_our_folders_and_nothing_else(tmp_path: Path) -> None:
    """SLIPWAY_CACHE_DIR may name a folder that holds other things too."""
    settings = support.settings(tmp_path)
    cache.clean(settings)  # nothing there: nothing to do
    for name in (*cache.FOLDERS, "photos"):
        (settings.cache_dir / name / "below").mkdir(parents=True)
    cache.clean(settings)
    assert sorted(p.name for p in settings.cache_dir.iterdir()) == [cache.LOCK, "photos"]


def test_clean_is_refused_while_a_cluster_was_made(tmp_path: Path) -> None:
    """Also while it is stopped: it will run on these programs again."""
    settings = support.settings(tmp_path)
    (settings.cache_dir / "toolchain").mkdir(parents=True)
    (settings.state_dir / "cluster").mkdir(parents=True)
    with pytest.raises(ToolError, match="`make down` first"):
        cache.clean(settings)
    assert (settings.cache_dir / "toolchain").exists()
