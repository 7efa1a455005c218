"""Every error that the command line shows as one line.

::

    ToolError                  base: the command line prints it and exits 1
     +-- PrerequisiteMissing   something must be installed or started first; says how
     +-- CommandFailed         a program that we ran ended with an error; says which, and shows its last lines
     +-- ProcessDied           a part of the cluster ended or never became ready; names its log
     +-- PortInUse             a port that was asked for is taken; names the setting that changes it
     +-- ClusterUnreachable    a kubeconfig that answers nothing
     +-- DiskFull              less free space than the next step needs
"""

from __future__ import annotations

from pathlib import Path


class ToolError(Exception):
    """Something the user can act on; the text says what and how."""


class PrerequisiteMissing(ToolError):
    """A program, a right or a kernel feature is missing."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}: {fix}")


class CommandFailed(ToolError):
    """A program ended with an error."""

    def __init__(self, argv: list[str], returncode: int, tail: str, log: Path | None = None) -> None:
        where = f" (all of it: {log})" if log else ""
        super().__init__(f"`{' '.join(argv[:6])}` ended with status {returncode}{where}\n{tail}".rstrip())


class ProcessDied(ToolError):
    """A daemon of the local cluster is not there or not ready."""

    def __init__(self, name: str, what: str, log: Path, tail: str = "") -> None:
        super().__init__(f"{name} {what}; its log: {log}\n{tail}".rstrip())


class PortInUse(ToolError):
    """A fixed port is taken."""

    def __init__(self, port: int, setting: str) -> None:
        super().__init__(
            f"{setting}={port}: the port is in use; free it or set {setting} to another one (0 = any free one)"
        )


class ClusterUnreachable(ToolError):
    """The API server of a named kubeconfig does not answer."""


class DiskFull(ToolError):
    """Not enough free space for the next step."""

    def __init__(self, path: Path, free_bytes: int, need_bytes: int) -> None:
        super().__init__(
            f"{path}: {free_bytes / 2**30:.1f} GiB free, {need_bytes / 2**30:.1f} GiB needed; "
            "free some space, or put SLIPWAY_CACHE_DIR and SLIPWAY_STATE_DIR on a larger disk"
        )
