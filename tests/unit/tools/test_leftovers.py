"""Only what is ours is removed from the machine's own folders. A folder stands for the machine."""

import json
from pathlib import Path

from tests.unit.tools import support
from tools.cluster import leftovers

OURS, THEIRS = "a" * 64, "b" * 64


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_mounts_are_found_through_links_and_with_spaces(tmp_path: Path) -> None:
    """The kernel shows the real path, with a space as \\040."""
    real = tmp_path / "my state"
    real.mkdir()
    link = tmp_path / "state"
    link.symlink_to(real)
    shown = str(real).replace(" ", "\\040")
    mounts = f"tmpfs {shown}/kubelet/v tmpfs rw 0 0\ntmpfs {shown}-other/v tmpfs rw 0 0\nproc /proc proc rw 0 0\n"
    assert leftovers.mounts_below(link, mounts) == [f"{real}/kubelet/v"]


def test_log_links_of_our_pods_go_and_those_of_others_stay(tmp_path: Path) -> None:
    """The folder is shared with every kubelet that the machine ever had."""
    layout, logs = support.layout(tmp_path), tmp_path / "root/var/log/containers"
    logs.mkdir(parents=True)
    (logs / "ours.log").symlink_to(layout.dir / "pod-logs/pod/0.log")
    (logs / "theirs.log").symlink_to("/var/log/pods/pod/0.log")
    leftovers.remove_files(layout, tmp_path / "root")
    assert [p.name for p in logs.iterdir()] == ["theirs.log"]


def test_network_records_of_our_pods_go_and_those_of_others_stay(tmp_path: Path) -> None:
    """Records of the loopback plugin carry no name of ours: the pod's id tells."""
    results = tmp_path / "root/var/lib/cni/results"
    for name in (
        f"slipway-{OURS}-eth0",
        f"cni-loopback-{OURS}-lo",
        f"cni-loopback-{THEIRS}-lo",
        f"other-{THEIRS}-eth0",
    ):
        touch(results / name)
    leftovers.remove_files(support.layout(tmp_path), tmp_path / "root")
    assert sorted(p.name for p in results.iterdir()) == [f"cni-loopback-{THEIRS}-lo", f"other-{THEIRS}-eth0"]


def test_sockets_of_our_shims_go_and_those_of_others_stay(tmp_path: Path) -> None:
    """Killed shims leave them; Docker's lie in the same folder."""
    layout, sockets = support.layout(tmp_path), tmp_path / "root/run/containerd/s"
    for name in (OURS, THEIRS):
        touch(sockets / name)
    task = touch(layout.run / f"containerd/io.containerd.runtime.v2.task/k8s.io/{OURS}/bootstrap.json")
    task.write_text(json.dumps({"version": 3, "address": f"unix:///run/containerd/s/{OURS}", "protocol": "ttrpc"}))
    leftovers.remove_files(layout, tmp_path / "root")
    assert [p.name for p in sockets.iterdir()] == [THEIRS]


def test_folders_that_are_empty_then_go_too(tmp_path: Path) -> None:
    """The machine looks as before; a second time there is nothing to do."""
    root = tmp_path / "root"
    touch(root / "var/lib/kubelet/device-plugins/kubelet.sock")
    (root / "run/containerd/s").mkdir(parents=True)
    for _ in range(2):
        leftovers.remove_files(support.layout(tmp_path), root)
        assert [p for p in root.rglob("*") if not p.is_dir()] == []
        assert not (root / "run/containerd").exists()
        assert not (root / "var/lib/kubelet").exists()
