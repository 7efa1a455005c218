"""What a cluster's state folder says about it, without starting anything."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.cluster import cluster, lock
from tools.cluster import layout as layouts
from tools.cluster.layout import Layout
from tools.errors import ToolError
from tools.progress import Progress
from tools.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return support.settings(tmp_path)


def made(settings: Settings) -> Layout:
    layout = layouts.of(settings)
    layouts.save(layout)
    return layout


def test_an_empty_state_folder_holds_no_cluster(settings: Settings) -> None:
    """Nor is a question a reason to make one."""
    found = cluster.status(settings)
    assert (found.exists, found.is_up, found.running, found.dead) == (False, False, (), ())
    assert not settings.state_dir.exists()


def test_a_stopped_cluster_exists(settings: Settings) -> None:
    """Its data and its ports are there: `make clean` must not take its programs away."""
    made(settings)
    found = cluster.status(settings)
    assert found.exists
    assert not found.is_up


def test_a_process_that_ended_is_told(settings: Settings) -> None:
    """As dead, not as running: `make up` starts it again."""
    layout = made(settings)
    layout.run.mkdir(parents=True)
    (layout.run / "etcd.pid").write_text(json.dumps({"pid": os.getpid(), "started": "another-boot/1"}))
    assert cluster.status(settings).dead == ("etcd",)


def test_the_store_is_stopped_last_and_what_starts_pods_first() -> None:
    """A kubelet that lives longer would start again what was stopped."""
    order = cluster._stop_order(["caddy", "etcd", "kube-apiserver", "kubelet"])
    assert order == [["kubelet"], ["caddy"], ["kube-apiserver"], ["etcd"]]


@pytest.mark.parametrize("work", [cluster.up, cluster.down, cluster.halt])
def test_nothing_is_done_while_another_run_is_at_work(
    work: Callable[[Settings, Progress], object], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two would start, or stop, everything twice."""
    monkeypatch.setattr(cluster, "need_root", lambda: None)
    made(settings)
    with lock.hold(settings.state_dir), pytest.raises(ToolError, match="another run is at work"):
        work(settings, Progress(quiet=True))
