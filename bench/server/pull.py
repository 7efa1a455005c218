"""How fast a pull is beside curl, from the same hub on this machine, and whether its memory stays what it is.

A pull is timed from the hub's first answer to the checked, flushed file under its name; curl's to the flushed file,
unchecked. In turns, on two links and without one. The start of the process is told beside it: it does not grow
with the file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.engine.report import at_least, at_most
from bench.server.lab import Lab
from bench.server.report import Row
from tests.helpers.hub_server import HubState, hub_server

MIB = 1024 * 1024
GIGABIT = 125_000_000
# Without a limit it is the CPUs that are compared: curl computes no SHA-256. It is told, not promised.
LINKS = {"a gigabit": GIGABIT, "2.5 gigabits": 5 * GIGABIT // 2, "no limit": None}
KEY = "org/m/m.gguf"


def measure(lab: Lab) -> Iterator[Row]:
    """Shares of curl's speed, and memory."""
    large, small = (256, 64) if lab.is_quick else (1024, 64)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, size in (("m.gguf", large), ("s.gguf", small)):
            _write(folder / file, size)
        with hub_server({KEY: folder / "m.gguf", "org/m/s.gguf": folder / "s.gguf"}, has_sums=True) as hub:
            for link, bytes_per_s in LINKS.items():
                hub.bytes_per_s = bytes_per_s
                pairs = [(_pull(lab, hub, folder), _curl(hub, folder)) for _ in lab.rounds(f"pull, {link}")]
                shares = tuple(curl_s / pull.transfer_s for pull, curl_s in pairs)
                mib_per_s = sorted(large / pull.transfer_s for pull, _ in pairs)[len(pairs) // 2]
                target = at_least(0.9) if bytes_per_s else None
                yield Row(f"pull/curl, {link}", "x", shares, target, f"{large} MiB at {mib_per_s:.0f} MiB/s")
            yield Row("pull, process start", "s", tuple(pull.start_s for pull, _ in pairs))
            least = _pull(lab, hub, folder, "s.gguf").peak_bytes
            grown = tuple((pull.peak_bytes - least) / MIB for pull, _ in pairs)
            yield Row(f"pull, memory of {large} over {small} MiB", "MiB", grown, at_most(8.0))


def _write(path: Path, size_mib: int) -> None:
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(size_mib):
            file.write(block)


class _Pull:
    """What one took."""

    def __init__(self, start_s: float, transfer_s: float, peak_bytes: int) -> None:
        self.start_s = start_s
        self.transfer_s = transfer_s
        self.peak_bytes = peak_bytes


def _pull(lab: Lab, hub: HubState, folder: Path, file: str = "m.gguf") -> _Pull:
    target = folder / "models"
    target.mkdir()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(lab.image), "HF_ENDPOINT": hub.url, "NO_PROXY": "*"}
    arguments = ("--repo=org/m", "--revision=main", f"--file={file}", f"--to={target}")
    peak, state = 0, ""
    began = first = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "serve", "pull", "--progress", *arguments],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            first = time.monotonic() if first == began else first
            peak = max(peak, _peak_bytes(process.pid))
            state = json.loads(line)["state"]
        ended = time.monotonic()
    assert state == "complete", state
    shutil.rmtree(target)
    return _Pull(first - began, ended - first, peak)


def _peak_bytes(pid: int) -> int:
    """Until now, of this program; what a process is told of its dead children is the most of its own, too."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0  # it ends right now


def _curl(hub: HubState, folder: Path) -> float:
    target = folder / "curl"
    url = f"{hub.url}/org/m/resolve/main/m.gguf"
    began = time.monotonic()
    subprocess.run(["curl", "--silent", "--fail", "--location", "--noproxy", "*", "-o", target, url], check=True)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    ended = time.monotonic()
    target.unlink()
    return ended - began
