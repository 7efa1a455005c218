"""`python -m bench.server [NAME ...] [--quick] [--rounds N]`: measure, print a table, then JSON."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.engine import hardware
from bench.server import container, health, idle, pull, recovery, start
from bench.server.lab import Lab
from bench.server.report import Row, json_line, table
from tools import cache, llama, settings
from tools.command import interrupt_on_sigterm
from tools.errors import ToolError
from tools.progress import Progress
from tools.settings import Settings

MEASUREMENTS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "health": health.measure,
    "idle": idle.measure,
    "start": start.measure,
    "recovery": recovery.measure,
    "pull": pull.measure,
}
IN_CONTAINERS: dict[str, Callable[[Lab], Iterator[Row]]] = {"container": container.measure}
"""Need an image, and root: measured where --ref names one."""
ROUNDS, QUICK_ROUNDS = 5, 2


def main() -> None:
    """Read the command line, make models ready, measure."""
    interrupt_on_sigterm()
    options = _parser().parse_args()
    loaded, progress = settings.load(), Progress(stderr=True)
    try:
        lab = Lab(
            image=options.image.absolute(),
            llama=_llama(options, loaded, progress),
            cache_dir=loaded.cache_dir,
            progress=progress,
            num_rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
            is_quick=options.quick,
            num_threads=len(os.sched_getaffinity(0)),
            image_ref=options.ref,
        )
        container.check(lab, IN_CONTAINERS.keys() & options.names)
    except ToolError as error:
        sys.exit(str(error))
    with cache.hold(loaded.cache_dir / "bench", doing="measures with"):  # two at once would measure each other
        _measure(lab, options.names or [*MEASUREMENTS, *(IN_CONTAINERS if options.ref else ())])


def _llama(options: argparse.Namespace, loaded: Settings, progress: Progress) -> Path:
    """Containers have their own: where nothing else is measured, none is compiled."""
    named: Path | None = options.llama
    if named or (options.names and IN_CONTAINERS.keys() >= set(options.names)):
        return (named or Path()).absolute()
    return llama.ensure(loaded, progress)


def _measure(lab: Lab, names: list[str]) -> None:
    about, load = hardware.describe(), hardware.load()
    rows: list[Row] = []
    try:
        for name in names:
            for row in {**MEASUREMENTS, **IN_CONTAINERS}[name](lab):
                lab.say(f"{row.what}: {row.value:.3g} {row.unit}")
                rows.append(row)
    finally:  # an interruption or an error does not lose what is there already
        about |= {"threads": lab.num_threads, "load_at_start": load, "load_at_end": hardware.load()}
        sys.stdout.write(f"{table(rows)}\n{json_line(rows, about)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description="The server beside its engine.")
    names = [*MEASUREMENTS, *IN_CONTAINERS]
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME", help=", ".join(names))
    parser.add_argument("--ref", default="", metavar="HOST:PORT/REPOSITORY:TAG", help="an image, for `container`")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and a tiny model: in two minutes")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"of each measurement ({ROUNDS})")
    parser.add_argument("--image", type=Path, metavar="DIR", default=settings.ROOT / "image", help="another server")
    parser.add_argument("--llama", type=Path, metavar="DIR", help="a folder with the compiled llama_cpp package")
    return parser


if __name__ == "__main__":
    main()
