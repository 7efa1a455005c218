"""Images that are needed before anything is built: the pause image, and a base where no public one can be pulled."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from pathlib import Path

from tools import cache
from tools.cluster.configs import PAUSE_IMAGE
from tools.cluster.layout import Layout
from tools.command import run
from tools.errors import CommandFailed
from tools.progress import Step
from tools.toolchain.programs import Programs

PUBLIC_BASE = "debian:bookworm-slim"
"""As the Dockerfiles name it."""
SUITE = "bookworm"
UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/lib/apt/lists",
    "var/cache/apt",
)


def import_pause(layout: Layout, programs: Programs) -> None:
    """Give containerd the image that holds pods' namespaces."""
    ctr = [programs["ctr"], "-a", str(layout.containerd_socket), "-n", "k8s.io", "images"]
    if PAUSE_IMAGE in run([*ctr, "ls", "-q"]).split():
        return
    with tempfile.TemporaryDirectory(dir=layout.dir) as tmp:
        archive = Path(tmp) / "pause.tar"
        archive.write_bytes(docker_archive(Path(programs["pause"]), PAUSE_IMAGE))
        run([*ctr, "import", "--digests=false", str(archive)])


def docker_archive(program: Path, tag: str) -> bytes:
    """A `docker save` archive with one layer that holds one program. Byte for byte the same for the same input."""
    layer = _tar({f"{program.name}": (program.read_bytes(), 0o755)})
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": [f"/{program.name}"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    return _tar({"config.json": (config, 0o644), "layer.tar": (layer, 0o644), "manifest.json": (manifest, 0o644)})


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (content, mode) in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def ensure_base(layout: Layout, programs: Programs, cache_dir: Path, step: Step) -> str | None:
    """The address of a base image in the local registry; None where the public one can be pulled."""
    if can_pull_base(layout, programs):
        step.note = "the public one can be pulled"
        return None
    rootfs = cache_dir / "base" / f"{SUITE}.tar"
    with cache.hold(cache_dir):
        if not rootfs.exists():
            _debootstrap(rootfs, step)
    step.update("pushing to the local registry")
    with tempfile.TemporaryDirectory(dir=layout.dir) as tmp:
        Path(tmp, "Dockerfile").write_text('FROM scratch\nADD rootfs.tar /\nCMD ["bash"]\n')
        Path(tmp, "rootfs.tar").hardlink_to(rootfs) if _same_disk(rootfs, Path(tmp)) else shutil.copy(rootfs, tmp)
        output = f"type=image,name={layout.base_image},push=true"
        run([*_buildctl(layout, programs), *_local_context(tmp), "--output", output])
    step.note = "made with debootstrap: the public one can't be pulled"
    return layout.base_image


def can_pull_base(layout: Layout, programs: Programs) -> bool:
    """Whether the builder can resolve and fetch the public base image."""
    with tempfile.TemporaryDirectory(dir=layout.dir) as tmp:
        Path(tmp, "Dockerfile").write_text(f"FROM {PUBLIC_BASE}\n")
        try:
            run([*_buildctl(layout, programs), *_local_context(tmp)])
        except CommandFailed:
            return False
    return True


def _buildctl(layout: Layout, programs: Programs) -> list[str]:
    return [programs["buildctl"], "--addr", f"unix://{layout.buildkit_socket}", "build", "--frontend=dockerfile.v0"]


def _local_context(folder: str) -> list[str]:
    return ["--local", f"context={folder}", "--local", f"dockerfile={folder}", "--progress=plain"]


def _same_disk(a: Path, b: Path) -> bool:
    return a.stat().st_dev == b.stat().st_dev


def _debootstrap(rootfs: Path, step: Step) -> None:
    """A minimal Debian as one tar, without what no container reads; security updates are named as sources."""
    work = rootfs.parent / "rootfs.partial"
    shutil.rmtree(work, ignore_errors=True)
    rootfs.parent.mkdir(parents=True, exist_ok=True)
    step.update("debootstrap")
    run(["debootstrap", "--variant=minbase", SUITE, str(work)], on_line=step.update)
    sources = work / "etc/apt/sources.list"
    main = sources.read_text().split()
    url, suite = main[1], main[2]
    security = url.rstrip("/").removesuffix("debian") + "debian-security"
    sources.write_text(
        f"deb {url} {suite} main\ndeb {url} {suite}-updates main\ndeb {security} {suite}-security main\n"
    )
    for folder in UNNEEDED:
        for path in (work / folder).glob("*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    partial = rootfs.with_suffix(".partial")
    run(["tar", "--sort=name", "--numeric-owner", "--mtime=@0", "-C", str(work), "-cf", str(partial), "."])
    partial.rename(rootfs)
    shutil.rmtree(work)
