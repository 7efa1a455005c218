"""Rights, owners and kinds of the files: nothing that gives rights, nothing to write to but where it is meant."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.image.layers import File

NOBODY = 65534
SETUID_SETGID = 0o6000
STICKY = 0o1000
CAPABILITY = "security.capability"
OWN = {"models": 0o770, "opt/slipway": 0o770}
"""The server's folders: nobody's, and nobody else's."""
SHARED = frozenset({"tmp", "var/tmp", "run/lock"})
"""May be everybody's where they are sticky; a container's root is read-only all the same."""
MADE_BY_RUNTIME = ("proc/", "dev/", "sys/", "run/")
"""Links into these lead somewhere only while a container runs."""
PEOPLE = frozenset({
    "sh", "bash", "dash", "ash", "zsh", "busybox", "perl", "gcc", "cc", "c++", "g++", "clang", "ld", "as", "make",
    "cmake", "apt", "apt-get", "dpkg", "apk", "pip", "pip3", "curl", "wget", "nc", "ssh", "su", "sudo", "mount",
    "nvcc", "gdb",
})  # fmt: skip
"""Programs that help who broke in; also as modules: a pip in site-packages."""
PROGRAM_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "venv/bin", "opt/slipway/bin")


@dataclass(frozen=True, slots=True)
class Expected:
    """What one variant may have."""

    has_own_folders: bool = True
    """/models and /opt/slipway."""
    is_for_people: bool = False
    """A shell and its like are what it is for."""


def findings(root: Mapping[str, File], expected: Expected) -> Iterator[str]:
    """Everything, file by file."""
    for file in root.values():
        yield from _rights(file)
    if expected.has_own_folders:
        yield from _own_folders(root)
    yield from dangling_links(root)
    if not expected.is_for_people:
        yield from _programs(root)


def _rights(file: File) -> Iterator[str]:
    shown = f"/{file.path}"
    if file.kind == "link":
        return
    if file.mode & SETUID_SETGID and file.kind != "folder":
        yield f"{shown}: setuid or setgid (mode {file.mode:04o})"
    if CAPABILITY in file.xattrs:
        yield f"{shown}: has file capabilities"
    if file.kind == "device":
        yield f"{shown}: neither a file nor a folder nor a link"
    if file.path not in OWN and can_nobody_write(file) and not (file.path in SHARED and file.mode & STICKY):
        yield f"{shown}: user {NOBODY} or everybody may write to it (mode {file.mode:04o}, owner {file.uid}:{file.gid})"
    if file.path not in OWN and (file.uid, file.gid) != (0, 0) and not _is_system_group(file):
        yield f"{shown}: belongs to {file.uid}:{file.gid}, not to root"


def can_nobody_write(file: File) -> bool:
    """Whether the server's user could write to it, were the file system not read-only."""
    return bool(
        file.mode & 0o002 or (file.gid == NOBODY and file.mode & 0o020) or (file.uid == NOBODY and file.mode & 0o200)
    )


def _is_system_group(file: File) -> bool:
    """Debian's /etc/shadow and /var/local have groups of their own; their rights are judged as all others."""
    return file.uid == 0 and 0 < file.gid < 100


def _own_folders(root: Mapping[str, File]) -> Iterator[str]:
    for path, mode in OWN.items():
        found = root.get(path)
        if found is None:
            yield f"/{path}: is not there"
        elif (found.mode, found.uid, found.gid) != (mode, NOBODY, NOBODY):
            owner = f"{found.uid}:{found.gid}"
            yield f"/{path}: has mode {found.mode:04o} and owner {owner}, must have {mode:04o} and {NOBODY}:{NOBODY}"


def dangling_links(root: Mapping[str, File]) -> Iterator[str]:
    """Links whose target is not in the image."""
    for file in root.values():
        if file.kind == "link":
            target = resolve(root, file.path)
            if target is None or (target and target not in root and not _is_implied(root, target)):
                yield f"/{file.path}: leads to {file.target}, which is not there"


def resolve(root: Mapping[str, File], path: str) -> str | None:
    """Where a path leads when all links are followed; None for a circle, the empty text for the runtime's folders."""
    for _ in range(40):
        if f"{path}/".startswith(MADE_BY_RUNTIME) and path not in root:
            return ""
        link = next((p for p in _parents_first(path) if p in root and root[p].kind == "link"), None)
        if link is None:
            return path
        target = root[link].target
        folder = posixpath.dirname(link)
        reached = posixpath.normpath(target if target.startswith("/") else f"/{folder}/{target}")
        path = (reached + path[len(link) :]).strip("/")
    return None


def _parents_first(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[: end + 1]) for end in range(len(parts)))


def _is_implied(root: Mapping[str, File], folder: str) -> bool:
    """A folder that no layer names, but that is there as something lies in it."""
    return any(path.startswith(f"{folder}/") for path in root)


def _programs(root: Mapping[str, File]) -> Iterator[str]:
    for path in root:
        folder, _, name = path.rpartition("/")
        if name in PEOPLE and folder in PROGRAM_FOLDERS:
            yield f"/{path}: a program that only people and intruders need"
        if name in ("pip", "setuptools", "ensurepip") and root[path].kind == "folder" and "python3" in path:
            yield f"/{path}: installs packages, which nothing in the image does"
