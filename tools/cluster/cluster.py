"""The life of the local cluster: up, status, down.

`up` is idempotent: it makes what is missing, starts what does not run, and leaves the rest alone, so it also repairs a
cluster after a reboot or an interruption. `down` undoes all of it, also a half-made one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from infra import endpoints as endpoints_file
from infra import whole_file
from infra.endpoints import Endpoints
from tools.cluster import addons, buildx, configs, images, kinds, leftovers, lock, network, pki, processes
from tools.cluster import layout as layouts
from tools.cluster.daemon import Daemon, Daemons
from tools.cluster.kube import Kube
from tools.cluster.layout import BUILDER, INGRESS_CLASS, NAME, NODE_IP, STORAGE_CLASSES, Layout
from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Progress, Step
from tools.settings import Settings
from tools.toolchain import crds
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS, KUBERNETES
from tools.toolchain.programs import Programs

STATE_NEED_BYTES = 4 * 2**30
"""Images in the registry, in containerd, and volumes."""
NODE_READY_TIMEOUT_S = 300.0
"""Long, for a machine that is busy: what it guards against is a node that never comes."""


@dataclass(frozen=True, slots=True)
class Status:
    """Which processes of the cluster run."""

    layout: Layout
    made: bool
    running: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether a cluster was made here and not taken down; it may be stopped."""
        return self.made or bool(self.running or self.dead)

    @property
    def is_up(self) -> bool:
        """Whether all of it runs."""
        return bool(self.running) and not self.dead


def status(settings: Settings) -> Status:
    """Look at the processes; starts nothing."""
    if not layouts.is_made(settings):
        return Status(Layout(settings.state_dir / "cluster", _NO_PORTS, settings.cache_dir), made=False)
    layout = layouts.of(settings)
    daemons = Daemons(layout)
    names = daemons.names()
    running = tuple(n for n in names if daemons.is_running(n))
    return Status(layout, made=True, running=running, dead=tuple(n for n in names if n not in running))


_NO_PORTS = layouts.Ports(*[0] * len(layouts.Ports.__dataclass_fields__))


def up(settings: Settings, progress: Progress) -> Endpoints:
    """Make or repair the cluster; returns where everything is."""
    need_root()
    with lock.hold(settings.state_dir):
        need_room(settings)
        return _up(settings, progress)


def _up(settings: Settings, progress: Progress) -> Endpoints:
    programs = toolchain.ensure(settings, [CONTAINERS, KUBERNETES], progress, with_debian=True)
    definitions = _definitions(settings, progress)
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
        kube = Kube(layout.kubeconfig)
        kinds.apply(kube.http, definitions)
        _start(daemons, processes.node(layout, programs), step.update)
        images.import_pause(layout, programs)
        _wait_for_node(layout, programs)
        kinds.wait(kube.http, definitions)
        _start(daemons, processes.addons(layout, programs), step.update)
    daemons.forget_dead(_wanted(layout, programs))
    endpoints = _endpoints(layout, settings, base_image)
    endpoints_file.save(endpoints, settings.state_dir)
    return endpoints


def down(settings: Settings, progress: Progress) -> None:
    """Stop and remove everything that `up` made, except what the cache keeps."""
    home = settings.state_dir / "cluster"
    if not home.exists():
        progress.say("no local cluster here")
        return
    need_root()
    with lock.hold(settings.state_dir):
        _halt(settings, progress)
        (settings.state_dir / endpoints_file.FILE_NAME).unlink(missing_ok=True)
        shutil.rmtree(home)


def halt(settings: Settings, progress: Progress) -> None:
    """Stop all processes and undo the network, but keep the data: the next `up` goes on with it."""
    need_root()
    with lock.hold(settings.state_dir):
        _halt(settings, progress)


def _halt(settings: Settings, progress: Progress) -> None:
    layout = layouts.of(settings)
    daemons = Daemons(layout)
    with progress.step("stopping the local cluster") as step:
        for names in _stop_order(daemons.names()):
            step.update(", ".join(names))
            daemons.stop(names)
        step.update("pods")
        leftovers.kill_pods(layout)
        step.update("mounts and network")
        leftovers.unmount(layout)
        if not network.other_owner(layout):
            network.remove(layout)
            leftovers.remove_cgroups()
            leftovers.remove_files(layout)


def need_root() -> None:
    """Pods, bridges and mounts need root."""
    if os.geteuid() != 0:
        raise PrerequisiteMissing(
            "the local cluster needs root", "run `sudo make up`, or name a cluster of your own with KUBECONFIG=<file>"
        )


def need_room(settings: Settings) -> None:
    """The two fixed ports must be free, and there must be disk space for a cluster that is still to be made."""
    layouts.check_length(settings.state_dir)
    found = status(settings)
    if found.exists:
        layouts.check_ports(settings, found.layout, found.running)
    else:
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


def _definitions(settings: Settings, progress: Progress) -> list[crds.Crd]:
    """Of the kinds that the program makes and that Kubernetes alone has not: so that the API server judges them."""
    with progress.step("kinds of cert-manager, KEDA, Gateway API, external-secrets and prometheus-operator") as step:
        if crds.is_done(settings):
            step.note = "already there"
        return crds.ensure(settings, step.update)


def _start(daemons: Daemons, wanted: list[Daemon], update: Callable[[str], None]) -> None:
    for daemon in wanted:
        update(daemon.name)
        daemons.start(daemon)


def _wanted(layout: Layout, programs: Programs) -> list[str]:
    """What `up` starts. The simulated fleet is not in it: it is started on demand, and stays away when it ended."""
    stages = (processes.images, processes.control_plane, processes.node, processes.addons)
    return [daemon.name for stage in stages for daemon in stage(layout, programs)]


def _base_image(layout: Layout, programs: Programs, settings: Settings, step: Step) -> str | None:
    """Asked once a cluster: the answer is kept with it."""
    answer = layout.dir / "base-image"
    if not answer.exists():
        made = images.ensure_base(layout, programs, settings.cache_dir, step)
        whole_file.write(answer, made or "")
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
