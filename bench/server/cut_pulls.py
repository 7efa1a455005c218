"""Pulls of real processes, cut and killed at random points: `python -m bench.server.cut_pulls [number] [seed]`.

Each pull runs in a process of its own (forked, so that a thousand take minutes), against a hub on this machine that
cuts connections and answers with errors. Some are killed by SIGKILL, several times, and started again. After each end
no file may have its name that is not whole; in the end the file is right and nothing lies beside it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIZES = {"small.gguf": 50_000, "m.gguf": 1_500_000, "large.gguf": 6_000_000}


def main(number: int, seed: int) -> None:
    """All of them; ends with a line of numbers, or with the first that is wrong."""
    from tests.helpers.hub_server import file_sha256, hub_server

    chance, counts, began = random.Random(seed), Counter[str](), time.monotonic()  # noqa: S311  (to be repeated)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for file, size in SIZES.items():
            (root / file).write_bytes(chance.randbytes(size))
        with (
            hub_server({f"org/m/{file}": root / file for file in SIZES}, has_sums=True) as hub,
            _Zygote(hub.url) as pulls,
        ):
            for index in range(number):
                folder = root / f"models-{index}"
                folder.mkdir()
                file = chance.choice(list(SIZES))
                hub.bytes_per_s = chance.choice([None, 20_000_000, 60_000_000])
                for _ in range(chance.randrange(4)):
                    _trouble(hub, chance, SIZES[file], counts)
                    kind = "killed" if pulls.run(folder, file, kill_after_s=chance.random() * 0.15) else "ended"
                    counts[kind] += 1
                    if (folder / file).exists():
                        assert file_sha256(folder / file) == hub.sums[f"org/m/{file}"], (index, "half a file")
                _trouble(hub, chance, SIZES[file], counts)
                assert not pulls.run(folder, file), (index, "the last one failed")
                assert file_sha256(folder / file) == hub.sums[f"org/m/{file}"], (index, "another file")
                left = [path.name for path in folder.iterdir() if path.suffix != ".lock"]
                assert left == [file], (index, left)
                counts["resumed requests"] += sum(asked[2] != "" for asked in hub.asked if "X-Sig" in asked[1])
                hub.asked.clear()
                shutil.rmtree(folder)
    print(f"{number} pulls right in {time.monotonic() - began:.0f} s: {dict(counts)}")  # noqa: T201


def _trouble(hub: object, chance: random.Random, size: int, counts: Counter[str]) -> None:
    cuts = [chance.randrange(size) for _ in range(chance.randrange(5))]
    troubles = [chance.choice([500, 503, 403, 429]) for _ in range(chance.randrange(2))]
    wrong = [chance.choice(["", "range", "length", "more", "encoding"]) for _ in range(chance.randrange(3))]
    vars(hub).update(cut_after=cuts, store_troubles=troubles, wrong=wrong)
    counts["cuts"] += len(cuts)
    counts["wrong answers"] += len(troubles) + sum(map(bool, wrong))


class _Zygote:
    """A process that has imported everything, and forks one that pulls for each line that it gets."""

    def __init__(self, endpoint: str) -> None:
        path = f"{ROOT / 'image'}:{ROOT}"
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HF_ENDPOINT": endpoint, "NO_PROXY": "*"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.server.cut_pulls", "zygote"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, folder: Path, file: str, kill_after_s: float | None = None) -> bool:
        """Pull; returns whether it was killed, or failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), file]) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            os.kill(pid, signal.SIGKILL)  # it stays a zombie until it is waited for, so this is never another's
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() != "0\n"


def zygote() -> None:
    """Reads a folder and a file, tells the process; after the next line, how that ended."""
    from serve.pulls.fetch import fetch
    from serve.pulls.huggingface import HuggingFace
    from serve.pulls.transfer import Transfer
    from serve.pulls.types import PullOrder

    while line := sys.stdin.readline():
        folder, file = json.loads(line)
        if not (pid := os.fork()):
            transfer = Transfer(HuggingFace(), lambda s: time.sleep(min(s, 0.01)), random.random)
            fetch(PullOrder("org/m", file), Path(folder), transfer, lambda _: None, may_replace=False)
            os._exit(0)
        print(pid, flush=True)  # noqa: T201
        sys.stdin.readline()
        print(os.waitpid(pid, 0)[1], flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:] == ["zygote"]:
        zygote()
    else:
        main(*map(int, sys.argv[1:3] + ["1000", "0"][len(sys.argv) - 1 :]))
