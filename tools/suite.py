"""Run the tests that need real parts: on the cluster that runs already, else on one of their own.

A cluster of their own lives in a temporary state folder with ports from the system, and is removed afterwards, however
the run ends; one that was there before is left as it was.

Two parts run at a time, one that mostly waits beside one that mostly computes: `make up` and `make down` beside what
stands up a control plane for itself, then the stack on the cluster beside the engine. What failed in any of them is
said once more at the end.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import llama, local, pulumi, target, verdict
from tools.cluster import cluster, fleet
from tools.command import attend, attend_both, interrupt_on_sigterm
from tools.progress import Progress
from tools.settings import ROOT, Settings
from tools.toolchain import browser, crds, promtool
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import ACTIONLINT, COMPOSE, CONTAINERS, KUBERNETES, KWOK, PULUMI

LIFECYCLE = "lifecycle"
"""Tests that start and remove the local cluster themselves: only where none is."""
PLANE = "plane"
CLUSTER = "e2e"
ENGINE = "engine"
WHERE = {
    LIFECYCLE: ["tests/e2e"],
    PLANE: ["tests/integration", "tests/conformance"],
    CLUSTER: ["tests/e2e"],
    ENGINE: ["tests/integration", "tests/unit/infra/fit"],
}
"""Folders of each part's tests: to look for them among all tests takes half a minute of a core each time."""
GUARD_S = 300
"""For each test that has no limit of its own: a guard against hanging, for parts that run beside each other."""
NO_TESTS = 5
"""pytest's exit status when nothing was selected, e.g. by a path on the command line."""
GROUPS = [PULUMI, CONTAINERS, KUBERNETES, KWOK, ACTIONLINT, COMPOSE]


@dataclass(frozen=True, slots=True)
class Runs:
    """How pytest is called for a part, and where it reports."""

    pytest_args: list[str]
    reports: Path

    def of(self, marker: str) -> list[str]:
        """Its command."""
        report = self.reports / f"{marker}.xml"
        argv = [sys.executable, "-m", "pytest", "-m", marker, f"--timeout={GUARD_S}", *verdict.options(report)]
        return [*argv, *self.pytest_args, *(() if _name_tests(self.pytest_args) else WHERE[marker])]


def run(settings: Settings, progress: Progress, pytest_args: list[str]) -> int:
    """Returns pytest's worst exit status. What the tests are told is all environment, so one can be run by hand."""
    interrupt_on_sigterm()
    # A cluster of the tests' own has ports of its own: the fixed ones may be taken.
    target.check(dataclasses.replace(settings, registry_port=0, ingress_port=0))
    local.announce(local.estimate_minutes_of(GROUPS, settings, os.cpu_count() or 2), progress)
    programs = toolchain.ensure(settings, GROUPS, progress)
    with progress.step("a browser for the tests of pages") as step:
        browser_path = browser.ensure(step)
    with progress.step("promtool, for the tests of metrics") as step:
        promtool_path = promtool.ensure(settings.cache_dir, step)
    with progress.step("what tests read of other projects' sources") as step:
        # Else a test fetches it in its own time, and waits for the cache while another part builds into it.
        toolchain.ensure_go(step.update)
        crds.ensure(settings, step.update)
        fleet.stages()
    pulumi.assemble(settings, programs)  # the plugins are tested also where an installed CLI is used otherwise
    told = {
        "SLIPWAY_TOOLCHAIN_BIN": os.pathsep.join(map(str, [*programs.bin_dirs, settings.clone_dir / "bin"])),
        "SLIPWAY_BROWSER": browser_path,
        "SLIPWAY_PROMTOOL": promtool_path,
    }
    with _told_at_the_end(progress) as reports:
        return worst(_run_all(settings, progress, Runs(pytest_args, reports), told))


def _run_all(settings: Settings, progress: Progress, runs: Runs, told: Mapping[str, str]) -> list[int]:
    statuses = _run_without_cluster(settings, progress, runs, told)
    with _cluster(settings, progress) as used:
        cli = pulumi.for_local(pulumi.ensure(used, progress), used)  # the builder, too
        env = {**cli.env, **told} | {
            "SLIPWAY_STATE_DIR": str(used.state_dir),
            "SLIPWAY_LLAMA_PATH": str(llama.ensure(used, progress)),
            "SLIPWAY_PULUMI": cli.program,
        }  # fmt: skip
        return statuses + attend_both(runs.of(CLUSTER), runs.of(ENGINE), cwd=ROOT, env=env)


def _run_without_cluster(settings: Settings, progress: Progress, runs: Runs, told: Mapping[str, str]) -> list[int]:
    plane, env = runs.of(PLANE), {**os.environ, **told}
    if settings.kubeconfig or cluster.status(settings).exists:
        progress.say("the tests of `make up` and `make down` need a machine without a cluster: left out here")
        return [attend(plane, cwd=ROOT, env=env)]
    return attend_both(plane, runs.of(LIFECYCLE), cwd=ROOT, env=env)


def _name_tests(pytest_args: list[str]) -> bool:
    return any((ROOT / argument.split("::")[0]).exists() for argument in pytest_args)


def worst(statuses: list[int]) -> int:
    """Of several runs of pytest: that one selects nothing is no failure, unless none does."""
    return max((status for status in statuses if status != NO_TESTS), default=NO_TESTS)


@contextmanager
def _told_at_the_end(progress: Progress) -> Iterator[Path]:
    """A folder for reports. What failed is the last that is printed, even where what comes between raises."""
    with tempfile.TemporaryDirectory(prefix="slipway-reports-") as folder:
        try:
            yield Path(folder)
        finally:
            reports = sorted(Path(folder).glob("*.xml"))
            if words := verdict.told([failure for report in reports for failure in verdict.failures(report)]):
                progress.say(words)


@contextmanager
def _cluster(settings: Settings, progress: Progress) -> Iterator[Settings]:
    found = cluster.status(settings)
    if settings.kubeconfig or found.exists:
        target.ensure(settings, progress)
        try:
            yield settings
        finally:
            if settings.kubeconfig is None and not found.running:
                cluster.halt(settings, progress)  # it was there, but stopped
        return
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        own = dataclasses.replace(settings, state_dir=Path(folder), registry_port=0, ingress_port=0)
        try:
            target.ensure(own, progress)
            yield own
        finally:
            cluster.down(own, progress)
