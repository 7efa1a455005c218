"""The image's own compiled `llama_cpp` package, on this machine, for tests of the engine.

It is the Dockerfile's stage `llama`, exported by the very builder that makes the image: what the tests load is what the
image runs, and it is compiled once for both.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from tools import cache
from tools.cluster import cluster, ready
from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.image import build
from tools.image.build import EPOCH, Builder, Order
from tools.progress import Progress
from tools.settings import ROOT, Settings
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS

IMAGE_DIR = ROOT / "image"
INPUTS = ("Dockerfile", "llama-requirements.txt", "build-requirements.txt")
"""All that the stage `llama` is made from."""
BUILD_ARGS = {"CPU_VARIANTS": "baseline", "SOURCE_DATE_EPOCH": EPOCH}
"""As the stack local builds it: with another time BuildKit would compile it once more."""


def ensure(settings: Settings, progress: Progress) -> Path:
    """A folder to put on PYTHONPATH; built when something that it is made from has changed."""
    target = settings.cache_dir / "llama" / key(IMAGE_DIR)
    if target.is_dir():
        progress.say("ok  compiled llama_cpp package of the image - already built")
        return target
    with cache.hold(settings.cache_dir), progress.step("compiled llama_cpp package of the image") as step:
        if target.is_dir():
            step.note = "built by another run"
            return target
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run(_build(settings, partial), on_line=lambda line: step.update(line[:100]))
        partial.rename(target)
    return target


def key(image_dir: Path) -> str:
    """Changes with everything that decides the content."""
    digest = hashlib.sha256(repr(sorted(BUILD_ARGS.items())).encode())
    for name in INPUTS:
        digest.update(hashlib.sha256((image_dir / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def _build(settings: Settings, output: Path) -> list[str]:
    endpoints = endpoints_file.load(settings.state_dir) or endpoints_file.without_cluster()
    socket = cluster.status(settings).layout.buildkit_socket
    if ready.accepts(socket)():
        buildctl = toolchain.existing(settings, [CONTAINERS])["buildctl"]
        return buildctl_argv(buildctl, socket, endpoints, output)
    if shutil.which("docker") and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return docker_argv(settings.ca_file, output)
    raise PrerequisiteMissing("no image builder runs", "start the local cluster with `make up`, or a Docker engine")


def buildctl_argv(buildctl: str, socket: Path, endpoints: Endpoints, output: Path) -> list[str]:
    """The same build as pulumi-docker-build asks for, but of the stage `llama` and to a folder."""
    builder = Builder(buildctl, f"unix://{socket}", endpoints.registry, endpoints.base_image, endpoints.ca_file)
    return build.argv(builder, Order(IMAGE_DIR, "llama", f"type=local,dest={output}", BUILD_ARGS))


def docker_argv(ca_file: Path | None, output: Path) -> list[str]:
    """The same with Docker's own builder."""
    argv = ["docker", "buildx", "build", "--target=llama", f"--output=type=local,dest={output}"]
    argv += [f"--build-arg={name}={value}" for name, value in BUILD_ARGS.items()]
    if ca_file:
        argv.append(f"--secret=id=ca,src={ca_file}")
    return [*argv, str(IMAGE_DIR)]
