"""What the cluster's programs leave on the machine beside their own processes and files; and its removal.

Pods outlive containerd, mounts outlive the kubelet, and a few paths are fixed in their programs. Only what leads to
our state folder, or is empty, is touched.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from tools.cluster.layout import CNI_NETWORK, Layout
from tools.command import run
from tools.errors import ToolError

KILL_TIMEOUT_S = 60.0
CGROUPS_TIMEOUT_S = 20.0


def kill_pods(layout: Layout) -> None:
    """End the shims of our containerd and what runs under them; they outlive containerd on purpose."""
    doomed = list(_pod_processes(str(layout.containerd_socket)))
    for proc in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            proc.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(doomed, timeout=KILL_TIMEOUT_S)
    if alive:
        raise ToolError(f"processes of pods do not end: {[p.pid for p in alive]}; try `make down` again")


def _pod_processes(socket: str) -> Iterator[psutil.Process]:
    for proc in psutil.process_iter(["cmdline"]):
        argv = proc.info["cmdline"] or []
        if argv and argv[0].endswith("containerd-shim-runc-v2") and socket in argv:
            with contextlib.suppress(psutil.NoSuchProcess):
                yield from proc.children(recursive=True)
            yield proc


def unmount(layout: Layout, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Innermost first."""
    for mount in sorted(mounts_below(layout.dir, mounts.read_text()), key=len, reverse=True):
        # One may go by itself, with what it was mounted for.
        if mount in mounts_below(layout.dir, mounts.read_text()):
            run(["umount", "--lazy", mount])


def mounts_below(home: Path, mounts: str) -> list[str]:
    """Mount points in `home`; the kernel shows them without symbolic links, and white space as octal numbers."""
    paths = [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), line.split()[1]) for line in mounts.splitlines()]
    return [p for p in paths if p.startswith(f"{home.resolve()}/")]


def remove_cgroups() -> None:
    """The kubelet's control groups: empty ones only can be removed, so nothing alive is touched."""
    roots = [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]
    deadline = time.monotonic() + CGROUPS_TIMEOUT_S
    for root in (r for r in roots if r.is_dir()):
        folders = [root, *(p for p in root.rglob("*") if p.is_dir())]
        for folder in sorted(folders, key=lambda p: len(p.parts), reverse=True):
            while time.monotonic() < deadline:
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)


def remove_files(layout: Layout, root: Path = Path("/")) -> None:
    """Sockets, links and records at paths that no setting moves; then the folders, if nobody else uses them."""
    _remove_shim_sockets(layout, root)
    _remove_network_records(root)
    logs = root / "var/log/containers"
    for link in (p for p in _entries(logs) if p.is_symlink()):
        if link.readlink().is_relative_to(layout.dir):
            link.unlink()
    (root / "var/lib/kubelet/device-plugins/kubelet.sock").unlink(missing_ok=True)
    for folder in ("run/containerd/s", "run/containerd", "var/lib/cni/results", "var/lib/cni", "var/log/containers",
                   "var/lib/kubelet/device-plugins", "var/lib/kubelet"):  # fmt: skip
        with contextlib.suppress(OSError):
            (root / folder).rmdir()


def _remove_shim_sockets(layout: Layout, root: Path) -> None:
    """containerd keeps them short, outside of its state folder; each task's folder names its own."""
    for record in (layout.run / "containerd").glob("io.containerd.runtime.v2.task/*/*/bootstrap.json"):
        address = json.loads(record.read_text())["address"].removeprefix("unix://")
        (root / address.lstrip("/")).unlink(missing_ok=True)


def _remove_network_records(root: Path) -> None:
    """The last answer of the network plugin for each pod, and of the loopback plugin for the same pods."""
    results = root / "var/lib/cni/results"
    for record in _entries(results):
        if match := re.fullmatch(rf"{CNI_NETWORK}-([0-9a-f]{{64}})-eth0", record.name):
            record.unlink()
            (results / f"cni-loopback-{match[1]}-lo").unlink(missing_ok=True)


def _entries(folder: Path) -> Iterable[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
