"""The life of the local cluster: up, status, down.

`up` is idempotent: it makes what is missing, starts what does not run, and leaves the rest alone, so it also repairs a
cluster after a reboot or an interruption. `down` undoes all of it, also a half-made one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from tools.cluster import addons, buildx, configs, images, network, pki, processes
from tools.cluster import layout as layouts
from tools.cluster.daemon import Daemon, Daemons
from tools.cluster.layout import BUILDER, INGRESS_CLASS, NAME, NODE_IP, STORAGE_CLASSES, Layout
from tools.command import run
from tools.errors import PrerequisiteMissing, ToolError
from tools.progress import Progress
from tools.settings import Settings
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS, KUBERNETES
from tools.toolchain.programs import Programs

STATE_NEED_BYTES = 4 * 2**30
"""Images in the registry, in containerd, and volumes."""
NODE_READY_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True)
class Status:
    """Which processes of the cluster run."""

    layout: Layout
    running: tuple[str, ...]
    dead: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether a cluster was made here and not taken down."""
        return bool(self.running or self.dead)

    @property
    def is_up(self) -> bool:
        """Whether all of it runs."""
        return bool(self.running) and not self.dead


def status(settings: Settings) -> Status:
    """Look at the processes; starts nothing."""
    layout = layouts.of(settings) if (settings.state_dir / "cluster" / "ports.json").exists() else None
    if layout is None:
        return Status(Layout(settings.state_dir / "cluster", _NO_PORTS, settings.cache_dir), (), ())
    daemons = Daemons(layout)
    names = daemons.names()
    running = tuple(n for n in names if daemons.is_running(n))
    return Status(layout, running, tuple(n for n in names if n not in running))


_NO_PORTS = layouts.Ports(*[0] * len(layouts.Ports.__dataclass_fields__))


def up(settings: Settings, progress: Progress) -> Endpoints:
    """Make or repair the cluster; returns where everything is."""
    need_root()
    need_room(settings)
    programs = toolchain.ensure(settings, [CONTAINERS, KUBERNETES], progress, with_debian=True)
    layout = layouts.of(settings)
    with progress.step("local cluster: certificates, network, settings"):
        _prepare(layout, programs)
    daemons = Daemons(layout)
    with progress.step("local cluster: registry and image builder") as step:
        _start(daemons, processes.images(layout, programs), step.update)
        buildx.write_instance(layout)
    with progress.step(f"base image {images.PUBLIC_BASE}") as step:
        base_image = _base_image(layout, programs, settings, step)
    with progress.step("local cluster: control plane and node") as step:
        _start(daemons, processes.control_plane(layout, programs), step.update)
        addons.apply(layout, programs)
        _start(daemons, processes.node(layout, programs), step.update)
        images.import_pause(layout, programs)
        _wait_for_node(layout, programs)
        _start(daemons, processes.addons(layout, programs), step.update)
    endpoints = _endpoints(layout, settings, base_image)
    endpoints_file.save(endpoints, settings.state_dir)
    return endpoints


def down(settings: Settings, progress: Progress) -> None:
    """Stop and remove everything that `up` made, except what the cache keeps."""
    home = settings.state_dir / "cluster"
    if not home.exists():
        progress.say("no local cluster here")
        return
    halt(settings, progress)
    (settings.state_dir / endpoints_file.FILE_NAME).unlink(missing_ok=True)
    shutil.rmtree(home)


def halt(settings: Settings, progress: Progress) -> None:
    """Stop all processes and undo the network, but keep the data: the next `up` goes on with it."""
    need_root()
    layout = layouts.of(settings)
    daemons = Daemons(layout)
    with progress.step("stopping the local cluster") as step:
        for names in _stop_order(daemons.names()):
            step.update(", ".join(names))
            daemons.stop(names)
        step.update("pods")
        _kill_pods(layout)
        step.update("mounts and network")
        _unmount_below(layout.dir)
        if not network.other_owner(layout):
            _clean_kube_proxy_rules(settings)
            network.remove(layout)
        _remove_pod_cgroups()


def need_root() -> None:
    """Pods, bridges and mounts need root."""
    if os.geteuid() != 0:
        raise PrerequisiteMissing(
            "the local cluster needs root", "run `sudo make up`, or name a cluster of your own with KUBECONFIG=<file>"
        )


def need_room(settings: Settings) -> None:
    """A cluster that is still to be made needs its two fixed ports and disk space."""
    if not status(settings).exists:
        layouts.of(settings)
        toolchain.need_free_disk(settings.state_dir, STATE_NEED_BYTES)


def _prepare(layout: Layout, programs: Programs) -> None:
    layout.dir.mkdir(parents=True, exist_ok=True, mode=0o711)
    layouts.save(layout)
    pki.ensure(layout)
    for name, content in configs.render(layout, programs).items():
        path = layout.conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    network.ensure(layout)


def _start(daemons: Daemons, wanted: list[Daemon], update: object) -> None:
    for daemon in wanted:
        if callable(update):
            update(daemon.name)
        daemons.start(daemon)


def _base_image(layout: Layout, programs: Programs, settings: Settings, step: object) -> str | None:
    """Asked once a cluster: the answer is kept with it."""
    answer = layout.dir / "base-image"
    if not answer.exists():
        made = images.ensure_base(layout, programs, settings.cache_dir, step)  # type: ignore[arg-type]
        answer.write_text(made or "")
    return answer.read_text() or None


def _wait_for_node(layout: Layout, programs: Programs) -> None:
    kubectl = [programs["kubectl"], f"--kubeconfig={layout.kubeconfig}"]
    timeout = f"--timeout={NODE_READY_TIMEOUT_S:.0f}s"
    run([*kubectl, "wait", "--for=create", f"node/{NAME}", timeout])
    run([*kubectl, "wait", "--for=condition=Ready", f"node/{NAME}", timeout])


def _endpoints(layout: Layout, settings: Settings, base_image: str | None) -> Endpoints:
    return Endpoints(
        kubeconfig=str(layout.kubeconfig),
        context=NAME,
        registry=layout.registry_address,
        builder=BUILDER,
        base_image=base_image,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        ingress_class=INGRESS_CLASS,
        ingress_url=layout.ingress_url,
        ingress_source_cidrs=(f"{NODE_IP}/32",),
        storage_classes=STORAGE_CLASSES,
    )


def _stop_order(names: list[str]) -> list[list[str]]:
    """First what would start others again; the store last."""
    first, last = ["kubelet", "controllers", "kube-proxy"], ["kube-apiserver", "etcd"]
    groups = [first, [n for n in names if n not in first + last], ["kube-apiserver"], ["etcd"]]
    return [[n for n in group if n in names] for group in groups]


def _kill_pods(layout: Layout) -> None:
    """End the shims of our containerd and what runs under them; they outlive containerd on purpose."""
    ours = str(layout.containerd_socket)
    doomed = []
    for proc in psutil.process_iter(["cmdline"]):
        argv = proc.info["cmdline"] or []
        if argv and argv[0].endswith("containerd-shim-runc-v2") and ours in argv:
            doomed += [*proc.children(recursive=True), proc]
    for proc in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            proc.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(doomed, timeout=10)
    if alive:
        raise ToolError(f"processes of pods do not end: {[p.pid for p in alive]}; try `make down` again")


def _unmount_below(home: Path) -> None:
    """Innermost first."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    ours = [m.replace("\\040", " ") for m in mounts if m.startswith(f"{home}/")]
    for mount in sorted(ours, key=len, reverse=True):
        run(["umount", "--lazy", mount])


def _clean_kube_proxy_rules(settings: Settings) -> None:
    """kube-proxy leaves its rules when it stops; it knows how to remove them itself."""
    with contextlib.suppress(KeyError):
        program = toolchain.existing(settings, [KUBERNETES])["kube-proxy"]
        subprocess.run([program, "--cleanup"], capture_output=True, check=False, timeout=60)


def _remove_pod_cgroups() -> None:
    """The kubelet's control groups: empty ones only can be removed, so nothing alive is touched."""
    roots = [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]
    deadline = time.monotonic() + 5
    for root in (r for r in roots if r.is_dir()):
        folders = [root, *(p for p in root.rglob("*") if p.is_dir())]
        for folder in sorted(folders, key=lambda p: len(p.parts), reverse=True):
            while time.monotonic() < deadline:
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
