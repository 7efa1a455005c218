"""Runs files of the suite against one server, and reads what came of each test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.conformance.llama_server import launch
from tests.conformance.llama_server.suite import TESTS
from tests.helpers.running_server import free_port
from tools.settings import ROOT

TEST_S = 60
"""For one test, start of its servers included."""


@dataclass(frozen=True, slots=True)
class Places:
    """What a run needs. `peer`: llama-server, if it is that which is tried."""

    tree: Path
    models: Path
    llama: Path
    peer: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one test."""

    file: str
    name: str
    word: str
    """passed, failed or skipped"""
    reason: str


def run_suite(places: Places, files: Sequence[str]) -> list[Outcome]:
    """In the order in which they ran."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        folder = Path(name)
        report = folder / "report.xml"
        argv = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", f"--timeout={TEST_S}", f"--junitxml={report}"]
        argv += ["-p", "no:cacheprovider", "-W", "ignore", *(f"unit/{file}" for file in files)]
        environ = {
            **os.environ,
            "TMPDIR": str(folder),  # what each start of a server leaves goes with it
            "PORT": str(free_port()),
            "LLAMA_SERVER_BIN_PATH": str(_script(folder)),
            "PYTHONPATH": str(Path(__file__).with_name("stand_ins")),
            "PYTHONDONTWRITEBYTECODE": "1",
            launch.MODELS: str(places.models),
            launch.LLAMA: str(places.llama),
            launch.PEER: "" if places.peer is None else str(places.peer),
        }
        done = subprocess.run(argv, cwd=places.tree / TESTS, env=environ, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"the suite did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return read_report(report.read_text())


def _script(folder: Path) -> Path:
    """One file that can be executed, as the suite wants it."""
    path = folder / "llama-server"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {launch.__name__} "$@"\n')
    path.chmod(0o755)
    return path


def read_report(xml: str) -> list[Outcome]:
    """Of pytest's own XML."""
    return [_outcome(case) for case in ElementTree.fromstring(xml).iter("testcase")]


def _outcome(case: ElementTree.Element) -> Outcome:
    file = f"{case.get('classname', '').rsplit('.', 1)[-1]}.py"
    for tag, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            lines = (found.get("message") or "").splitlines()
            return Outcome(file, case.get("name", ""), word, lines[0] if lines else tag)
    return Outcome(file, case.get("name", ""), "passed", "")
