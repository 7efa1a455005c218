"""`python -m bench.gpu --cuda DIR [--without-gpu]`: one line a check, one line of JSON, 1 where one does not hold."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.engine import hardware, peers
from bench.engine.servers import ServerDied
from bench.gpu import with_gpu, without
from bench.gpu.lab import LIBRARY, Lab, assemble, assemble_bench
from bench.gpu.report import Check, json_line
from serve.gpu.choice import probe_in_child
from tools import llama, settings
from tools.command import interrupt_on_sigterm
from tools.errors import ToolError
from tools.progress import Progress

CUDA_MAJOR = 13


def main() -> None:
    """Read the command line, put the libraries together, check."""
    interrupt_on_sigterm()
    options = _parser().parse_args()
    if not options.without_gpu and (why := why_no_gpu()):
        sys.exit(f"gpu-check: there is no GPU that can be used here: {why}")
    if options.cuda is None or not (options.cuda / LIBRARY).is_file():
        sys.exit(
            f"gpu-check: --cuda is {options.cuda}: it must name a folder with {LIBRARY}, libcudart.so.13 and "
            "libcublas.so.13: docker buildx build --target=cuda-libraries --output=type=local,dest=DIR image"
        )
    try:
        with tempfile.TemporaryDirectory(prefix="gpu-check-") as scratch:
            _check(options, Path(scratch))
    except ToolError as error:
        sys.exit(str(error))


LOOK = f"""
from serve.gpu.driver import Driver, NoGpuError
try:
    seen = list(Driver({CUDA_MAJOR}).devices())
except NoGpuError as error:
    print(error)
else:
    print("" if any(not each.why_not for each in seen) else "; ".join(each.why_not for each in seen))
"""


def why_no_gpu() -> str:
    """Asked of the driver before anything is built or compiled; in a child, since that can't be undone."""
    environ = {**os.environ, "PYTHONPATH": str(settings.ROOT / "image")}
    done = subprocess.run([sys.executable, "-c", LOOK], env=environ, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else f"the driver ended the look at it ({done.returncode})"


def _check(options: argparse.Namespace, scratch: Path) -> None:
    loaded, progress = settings.load(), Progress(stderr=True)
    package = options.llama or llama.ensure(loaded, progress)
    folder = assemble(scratch / "llama", package, options.cuda)
    os.environ["PYTHONPATH"] = str(settings.ROOT / "image")  # of the child that looks
    report = probe_in_child(folder / "llama_cpp" / "lib")
    if not report.devices and not options.without_gpu:
        sys.exit(f"gpu-check: there is no GPU that can be used here: {report.why}")
    bench = None
    if not options.without_gpu:
        programs = options.peers or peers.ensure(loaded.cache_dir, progress).folder / "bin"
        bench = assemble_bench(scratch / "bench", programs, options.cuda)
    models = loaded.cache_dir / "models"
    models.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder, models, len(os.sched_getaffinity(0)), options.cublas, bench)
    found = without.checks(lab, scratch) if options.without_gpu else with_gpu.checks(lab, report.devices)
    done = list(_told(found))
    about = {**hardware.describe(), "gpus": [each.name for each in report.devices], "why_none": report.why}
    sys.stdout.write(f"{json_line(done, about)}\n")
    if not all(check.holds for check in done):
        sys.exit(1)


def _told(checks: Iterator[Check]) -> Iterator[Check]:
    try:
        for check in checks:
            sys.stdout.write(f"{check}\n")
            sys.stdout.flush()
            yield check
    except (ServerDied, RuntimeError, OSError, subprocess.SubprocessError) as error:  # what follows can't be checked
        ended = Check("the check itself", holds=False, seen=" ".join(str(error).split())[-600:])
        sys.stdout.write(f"{ended}\n")
        yield ended


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description="Prove the CUDA image on a GPU.")
    parser.add_argument("--cuda", type=Path, metavar="DIR", help="the image's build stage `cuda-libraries`")
    parser.add_argument("--llama", type=Path, metavar="DIR", help="the stage `llama`; by default built once")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="with llama-batched-bench; by default compiled once")
    parser.add_argument(
        "--cublas", type=Path, metavar="DIR", help="with NVIDIA's libcublas.so.13 and libcublasLt.so.13"
    )
    parser.add_argument("--without-gpu", action="store_true", help="what can be proven of the libraries without one")
    return parser


if __name__ == "__main__":
    main()
