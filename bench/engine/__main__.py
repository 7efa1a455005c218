"""`python -m bench.engine [NAME ...] [--quick] [--rounds N] [--soak SECONDS]`: measure, print a table, then JSON."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.engine import (
    decode,
    hardware,
    in_process,
    memory,
    mixed,
    peers,
    prefix,
    python_peers,
    soak,
    start,
    wire,
)
from bench.engine.lab import Lab
from bench.engine.report import Row, json_line, table
from tools import cache, settings
from tools.command import interrupt_on_sigterm
from tools.errors import ToolError
from tools.progress import Progress

MEASUREMENTS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "decode": decode.measure,
    "in-process": in_process.measure,
    "prefix": prefix.measure,
    "mixed": mixed.measure,
    "wire": wire.measure,
    "memory": memory.measure,
    "start": start.measure,
    "python-peers": python_peers.measure,
    "soak": soak.measure,
}
ROUNDS, QUICK_ROUNDS = 5, 2
SOAK_S, QUICK_SOAK_S = 600.0, 45.0


def main() -> None:
    """Read the command line, make the peers and models ready, measure."""
    interrupt_on_sigterm()
    options = _parser().parse_args()
    loaded, progress = settings.load(), Progress(stderr=True)
    try:
        lab = Lab(
            peers=peers.ensure(loaded.cache_dir, progress),
            image=options.image.absolute(),
            cache_dir=loaded.cache_dir,
            progress=progress,
            num_rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
            is_quick=options.quick,
            soak_s=options.soak or (QUICK_SOAK_S if options.quick else SOAK_S),
            num_threads=options.threads or len(os.sched_getaffinity(0)),
        )
    except ToolError as error:
        sys.exit(str(error))
    with cache.hold(loaded.cache_dir / "bench", doing="measures with"):  # two at once would measure each other
        _measure(lab, options.names or list(MEASUREMENTS))


def _measure(lab: Lab, names: list[str]) -> None:
    about, load = hardware.describe(), hardware.load()
    rows: list[Row] = []
    try:
        for name in names:
            for row in MEASUREMENTS[name](lab):
                lab.say(f"{row.what}: {row.ratio.median:.3f} x {row.peer}")
                rows.append(row)
    finally:  # what is there already took minutes: an interruption or an error does not lose it
        about |= {"threads": lab.num_threads, "load_at_start": load, "load_at_end": hardware.load()}
        sys.stdout.write(f"{table(rows)}\n{json_line(rows, about)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description="The engine beside its peers.")
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and cases: in some minutes, with less weight"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help=f"pairs of each measurement ({ROUNDS})")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help=f"how long the soak takes ({SOAK_S:.0f})")
    parser.add_argument("--image", type=Path, metavar="DIR", default=settings.ROOT / "image", help="another server")
    parser.add_argument("--threads", type=int, metavar="N", help="that compute, on both sides (one for each core)")
    return parser


if __name__ == "__main__":
    main()
