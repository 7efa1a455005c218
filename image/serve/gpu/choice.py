"""Whether models are computed on GPUs: what was wished for, and what a look has found.

The look is a child's, with a time limit: a driver in trouble hangs in any call. Its end, however it comes, is one clear
line here.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from serve.errors import SetupError
from serve.gpu.probe import LIBRARY
from serve.gpu.types import Device, Report, Wish

log = logging.getLogger(__name__)

PATIENCE_S = 60.0  # a machine with eight GPUs whose driver sleeps takes its time
_END_S = 2.0
_GIB = 2**30


def choose(wish: Wish, folder: Path, look: Callable[[Path], Report] | None = None) -> Report:
    """The GPUs to compute on; none: the CPU does. `folder` has llama.cpp's libraries. SetupError: one is required."""
    if wish == "off":
        log.info("no GPU is used: SLIPWAY_GPU is off")
        return Report(why="SLIPWAY_GPU is off")
    report = (look or probe_in_child)(folder) if (folder / LIBRARY).exists() else _none_here(folder)
    if not report.devices and wish == "required":
        raise SetupError(f"SLIPWAY_GPU is required, but no GPU can be used: {report.why}")
    for refused in report.refused if report.devices else ():
        log.warning("not used: %s", refused)
    if report.devices:
        log.info("models are computed on %s", "; ".join(_shown(device) for device in report.devices))
    else:
        level = logging.WARNING if (folder / LIBRARY).exists() else logging.INFO
        log.log(level, "no GPU is used, models are computed on the CPU: %s", report.why)
    return report


def worker_environ(environ: Mapping[str, str], report: Report) -> Mapping[str, str]:
    """What workers get: llama.cpp uses all that it sees, so those that can't be used are hidden from it."""
    if not (report.devices and report.refused):
        return environ
    return {**environ, "CUDA_VISIBLE_DEVICES": ",".join(device.uuid for device in report.devices)}


def probe_in_child(folder: Path, patience_s: float = PATIENCE_S) -> Report:
    """Look, in a process of its own."""
    command = [sys.executable, "-m", "serve.gpu.probe", str(folder)]
    try:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        return Report(why=f"nobody could look for one: {error.strerror}")
    try:
        said, complaint = child.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # in a dead system call it may never end
            child.communicate(timeout=_END_S)
        return Report(why=f"the NVIDIA driver did not answer for {patience_s:g} s")
    try:
        return Report.from_json(said.decode("utf-8", "replace"))
    except (ValueError, KeyError, TypeError):
        return Report(why=f"looking for one {_how(child.returncode)}{_last_words(complaint)}")


def _none_here(folder: Path) -> Report:
    return Report(why=f"this image has no CUDA library: there is no {folder / LIBRARY}")


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    return f"was killed by {signal.Signals(-code).name}"


def _last_words(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f": {said[-1][:300]}" if said else ""


def _shown(device: Device) -> str:
    major, minor = device.compute
    free, total = device.free_bytes / _GIB, device.total_bytes / _GIB
    return f"{device.name} (compute capability {major}.{minor}, {free:.1f} of {total:.1f} GiB free)"
