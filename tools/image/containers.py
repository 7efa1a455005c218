"""Containers of a real image, started by runc with a configuration of our own: for tests and measurements.

Each is what `restricted` asks for (nobody, no capability, no new privileges, read-only root, no network) but for what
its Setup changes. Needs root, and no container engine; images are folders (root_fs.py).
"""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.errors import ToolError

NOBODY = 65534
STARTED_S = 120.0
STOPPED_S = 60.0
"""Both are long: a machine may be busy, and what they guard against is a container that never starts or ends."""


class ContainerError(ToolError):
    """It does not run, or does not end."""


@dataclass(frozen=True, slots=True)
class Image:
    """What is needed of it."""

    root: Path
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    runc: Path

    @classmethod
    def of(cls, root: Path, config: Mapping[str, Any], runc: Path) -> Image:
        """From its own configuration."""
        told = config["config"]
        environ = dict(entry.partition("=")[::2] for entry in told["Env"])
        return cls(root, tuple(told["Entrypoint"]), environ, runc)


@dataclass(frozen=True, slots=True)
class Setup:
    """How a container is started; the defaults are those of a pod of ours."""

    arguments: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    binds: Mapping[str, Path] = field(default_factory=dict)
    """Folder in the container -> folder here, writable as its owner and rights allow."""
    user: int = NOBODY
    has_tmp: bool = True
    has_shm: bool = True
    memory_bytes: int | None = None
    cpus: frozenset[int] | None = None
    has_host_network: bool = False
    has_writable_root: bool = False
    """As containers have where nobody says otherwise; what is written stays in the image's folder."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A container that has ended by itself."""

    status: int
    output: str
    took_s: float

    @property
    def lines(self) -> list[str]:
        """What it said."""
        return [line for line in self.output.splitlines() if line.strip()]


@dataclass(slots=True)
class Running:
    """A container that runs."""

    image: Image
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def python(self, code: str) -> str:
        """Run Python in it; what it printed. ContainerError has all that was said instead."""
        argv = [*_runc(self.image), "exec", self.name, "python3", "-c", code]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=STARTED_S)
        if done.returncode:
            raise ContainerError(f"{done.stdout}{done.stderr}\n{self.output()}")
        return done.stdout

    def get(self, path: str) -> int:
        """The status that its server answers; 0 while nobody listens."""
        code = (
            "import urllib.request as r, urllib.error as e\n"
            f"try: print(r.urlopen('http://127.0.0.1:8000{path}', timeout=30).status)\n"
            "except e.HTTPError as x: print(x.code)\n"
            "except OSError: print(0)\n"
        )
        return int(self.python(code))

    def is_there(self) -> bool:
        """Whether the runtime has made it."""
        shown = subprocess.run([*_runc(self.image), "state", self.name], capture_output=True, text=True, check=False)
        return shown.returncode == 0 and json.loads(shown.stdout)["status"] == "running"

    def wait_until_live(self) -> None:
        """Until its health answers."""
        deadline = time.monotonic() + STARTED_S
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.is_there() and self.get("/health/live") == 200:
                return
            time.sleep(0.1)
        raise ContainerError(f"not live: {self.output()}")

    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")


def run(image: Image, setup: Setup, folder: Path, within_s: float = STARTED_S) -> Ended:
    """Start a container and wait for its end; one that still runs after `within_s` is a ContainerError."""
    with started(image, setup, folder) as container:
        begun_s = time.monotonic()
        try:
            status = container.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise ContainerError(f"still runs after {within_s:g} s:\n{container.output()}") from None
        return Ended(status, container.output(), time.monotonic() - begun_s)


@contextmanager
def started(image: Image, setup: Setup, folder: Path) -> Iterator[Running]:
    """A container that is ended and removed whatever happens."""
    with bundle(image, setup, folder) as name:
        log = folder / f"{name}.log"
        with log.open("wb") as sink:
            argv = run_argv(image, folder, name)
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
        try:
            yield Running(image, name, process, log)
        finally:
            _remove(image, name)
            process.wait(STOPPED_S)


@contextmanager
def bundle(image: Image, setup: Setup, folder: Path) -> Iterator[str]:
    """All that the runtime wants to know of a container, below `folder`; its name. At the end it is removed."""
    name = f"slipway-{uuid.uuid4().hex[:12]}"
    (folder / name).mkdir()
    (folder / name / "config.json").write_text(json.dumps(specification(image, setup, name)))
    try:
        yield name
    finally:
        _remove(image, name)


def _remove(image: Image, name: str) -> None:
    """Also one that runs, and one that is not there any more."""
    subprocess.run([*_runc(image), "delete", "--force", name], capture_output=True, check=False)


def run_argv(image: Image, folder: Path, name: str) -> tuple[str, ...]:
    """The command that starts it, and ends when it does."""
    return (*_runc(image), "run", "--bundle", str(folder / name), name)


def specification(image: Image, setup: Setup, name: str) -> dict[str, Any]:
    """The runtime's configuration."""
    environ = {**image.environ, **setup.environ}
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": setup.user, "gid": setup.user},
            "args": [*image.argv, *setup.arguments],
            "env": [f"{name}={value}" for name, value in environ.items()],
            "cwd": "/app",
            "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
            "noNewPrivileges": True,
        },
        "root": {"path": str(image.root), "readonly": not setup.has_writable_root},
        "hostname": "slipway",
        "mounts": list(_mounts(setup)),
        "linux": {
            "cgroupsPath": f"/slipway-images/{name}",
            "namespaces": list(_namespaces(setup)),
            "resources": _resources(setup),
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def _namespaces(setup: Setup) -> Iterator[dict[str, str]]:
    for kind in ("pid", "ipc", "uts", "mount"):
        yield {"type": kind}
    if not setup.has_host_network:
        yield {"type": "network"}  # with a loopback of its own, and no way out


def _mounts(setup: Setup) -> Iterator[dict[str, Any]]:
    plain = ["nosuid", "noexec", "nodev"]
    yield {"destination": "/proc", "type": "proc", "source": "proc"}
    yield _tmpfs("/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"])
    if setup.has_shm:
        yield _tmpfs("/dev/shm", [*plain, "mode=1777", "size=65536k"])  # noqa: S108, in the container
    yield {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*plain, "ro"]}
    yield {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [*plain, "ro"]}
    if setup.has_tmp:
        yield _tmpfs("/tmp", [*plain, "mode=1777", "size=65536k"])  # noqa: S108, in the container
    for inside, outside in setup.binds.items():
        yield {"destination": inside, "type": "bind", "source": str(outside), "options": ["bind", "rw", "nosuid"]}


def _tmpfs(path: str, options: list[str]) -> dict[str, Any]:
    return {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": options}


def _resources(setup: Setup) -> dict[str, Any]:
    found: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}]}
    if setup.memory_bytes:
        found["memory"] = {"limit": setup.memory_bytes, "swap": setup.memory_bytes}
    if setup.cpus:
        found["cpu"] = {"cpus": ",".join(map(str, sorted(setup.cpus)))}
    return found


def _runc(image: Image) -> list[str]:
    return [str(image.runc), "--root", "/run/slipway-images"]
