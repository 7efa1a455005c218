"""Containers of the real image, started by runc with a configuration of our own: what a careless cluster would do.

Each is what `restricted` asks for (nobody, no capability, no new privileges, read-only root) but for what a test
changes.
Needs root, and no container engine.
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

NOBODY = 65534
STARTED_S = 30.0
STOPPED_S = 20.0


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
        """Run Python in it; what it printed, or an AssertionError with all."""
        argv = [*_runc(self.image), "exec", self.name, "python3", "-c", code]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=STARTED_S)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.output()}"
        return done.stdout

    def get(self, path: str) -> int:
        """The status that its server answers; 0 while nobody listens."""
        code = (
            "import urllib.request as r, urllib.error as e\n"
            f"try: print(r.urlopen('http://127.0.0.1:8000{path}', timeout=5).status)\n"
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
        raise AssertionError(f"not live: {self.output()}")

    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")


def run(image: Image, setup: Setup, folder: Path, within_s: float = STARTED_S) -> Ended:
    """Start a container and wait for its end; one that still runs after `within_s` is an AssertionError."""
    with started(image, setup, folder) as container:
        begun_s = time.monotonic()
        try:
            status = container.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {within_s:g} s:\n{container.output()}") from None
        return Ended(status, container.output(), time.monotonic() - begun_s)


@contextmanager
def started(image: Image, setup: Setup, folder: Path) -> Iterator[Running]:
    """A container that is ended and removed whatever happens."""
    name = f"slipway-test-{uuid.uuid4().hex[:12]}"
    bundle = folder / name
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(specification(image, setup, name)))
    log = bundle / "log"
    with log.open("wb") as sink:
        argv = [*_runc(image), "run", "--bundle", str(bundle), name]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
    try:
        yield Running(image, name, process, log)
    finally:
        subprocess.run([*_runc(image), "delete", "--force", name], capture_output=True, check=False)
        process.wait(STOPPED_S)


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
        "root": {"path": str(image.root), "readonly": True},
        "hostname": "slipway",
        "mounts": list(_mounts(setup)),
        "linux": {
            "cgroupsPath": f"/slipway-tests/{name}",
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
            "resources": _resources(setup),
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def _mounts(setup: Setup) -> Iterator[dict[str, Any]]:
    plain = ["nosuid", "noexec", "nodev"]
    yield {"destination": "/proc", "type": "proc", "source": "proc"}
    yield _tmpfs("/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"])
    if setup.has_shm:
        yield _tmpfs("/dev/shm", [*plain, "mode=1777", "size=65536k"])
    yield {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*plain, "ro"]}
    yield {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [*plain, "ro"]}
    if setup.has_tmp:
        yield _tmpfs("/tmp", [*plain, "mode=1777", "size=65536k"])
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
    return [str(image.runc), "--root", "/run/slipway-tests"]
