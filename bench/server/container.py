"""From the start of a container of the image to its first answer, on one core.

runc starts it, as containerd does on a node, with the rights of a pod. What a node does before (pull, unpack) and
around it (network, volumes) is not in here.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil

from bench.engine import servers
from bench.engine.report import at_most
from bench.engine.servers import Program
from bench.server.lab import LIVE, Lab
from bench.server.report import Row
from tools import settings
from tools.errors import PrerequisiteMissing
from tools.image import containers, root_fs
from tools.image.containers import Image, Setup
from tools.toolchain import debian

TARGET = at_most(1.0)


def check(lab: Lab, wanted: Collection[str]) -> None:
    """Raise what is missing before anything is measured."""
    if wanted and not lab.image_ref:
        raise PrerequisiteMissing("`container` measures an image", "name one in a registry with --ref")
    if lab.image_ref and os.geteuid() != 0:
        raise PrerequisiteMissing("containers need root", "run it with sudo")


def measure(lab: Lab) -> Iterator[Row]:
    """Two rows, as `start` has them: the clock's time and the processor's, of all processes of the container."""
    core = frozenset({min(os.sched_getaffinity(0))})
    found, computed = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        image = unpack(lab, Path(folder))
        for _ in lab.rounds("container"):
            port, metrics_port = servers.free_port(), servers.free_port()
            environ = {"SLIPWAY_PORT": str(port), "SLIPWAY_METRICS_PORT": str(metrics_port)}
            setup = Setup(environ=environ, cpus=core, has_host_network=True)
            with containers.bundle(image, setup, Path(folder)) as name:
                program = Program("container", containers.run_argv(image, Path(folder), name), {}, LIVE, {})
                with servers.running(program, port) as server:
                    found.append(time.monotonic() - server.started_s)
                    computed.append(sum(map(_cpu_s, server.processes())))
    yield Row("start of a container to the first answer, one core", "s", tuple(found), TARGET)
    yield Row("processor time of that, the runtime's included", "s", tuple(computed))


def unpack(lab: Lab, folder: Path) -> Image:
    """The image as a folder, once for all rounds: its pages are in the cache, as on a node that has just pulled."""
    with lab.progress.step(f"unpacking {lab.image_ref}") as step:
        programs = debian.ensure(settings.load().cache_dir, step)
        root = folder / "root"
        root.mkdir()
        return Image.of(root, root_fs.unpack(lab.image_ref, root), programs.runc)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
