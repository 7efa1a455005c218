"""The Pod Security rules on the test data of Kubernetes' own admission controller: each verdict must be equal.

    make conformance-pss                                          everything
    .venv/bin/python -m tests.conformance.pss --since 1.34        only the standards of these versions

Each fixture is a Pod whose folder says at which level and version it passes or fails, and whose name says which check
it is about. It is judged as it is and in every kind that holds a pod template. A verdict is equal if the same pods pass
and those that fail are refused by the rule for that check (by others, too, where the pod breaks more than one).

v0.36.2 has fixtures up to 1.35, whose checks are those of 1.36: they are judged as 1.36, too. The fixtures that
Kubernetes itself made for 1.36 and 1.37 came with v0.37.2.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from kube.objects import Object
from policies.pod_security import PodSecurityLevel, verdict
from tools.toolchain import go_module
from tools.toolchain.go_module import GoModule
from tools.toolchain.programs import ensure_go

Version = tuple[int, int]

MODULE = "k8s.io/pod-security-admission"
STABLE = GoModule(MODULE, "v0.36.2", "h1:mJ/3k6w8A01k/m9MRN6DPT8ldaDmkzMfzfrOquNDwUs=")
NUM_STABLE_PODS = 4241
NEWER = GoModule(MODULE, "v0.37.2", "h1:mnfCR7fUzsvtiSiYZD9HTcTJ9cpJDMnQn++9Rq1mlrc=")
NEWER_SINCE = (1, 36)
NUM_NEWER_PODS = 296

RULES_OF_CHECKS: Mapping[str, frozenset[str]] = {
    "allowprivilegeescalation": frozenset({"no-privilege-escalation"}),
    "apparmorprofile": frozenset({"apparmor-not-unconfined"}),
    "capabilities_baseline": frozenset({"no-extra-capabilities", "drop-all-capabilities"}),
    "capabilities_restricted": frozenset({"drop-all-capabilities"}),
    "hostnamespaces": frozenset({"no-host-namespaces"}),
    "hostpathvolumes": frozenset({"no-host-path", "restricted-volume-types"}),
    "hostports": frozenset({"no-host-port"}),
    "hostprobesandhostlifecycle": frozenset({"no-host-probe-host"}),
    "privileged": frozenset({"no-privileged-container"}),
    "procmount": frozenset({"proc-mount-default"}),
    "procmount_restricted": frozenset({"proc-mount-default"}),
    "restrictedvolumes": frozenset({"restricted-volume-types"}),
    "runasnonroot": frozenset({"run-as-non-root"}),
    "runasuser": frozenset({"no-run-as-uid-zero"}),
    "seccompprofile_baseline": frozenset({"seccomp-runtime-default"}),
    "seccompprofile_restricted": frozenset({"seccomp-runtime-default"}),
    "selinuxoptions": frozenset({"selinux-allowed-types"}),
    "sysctls": frozenset({"safe-sysctls-only"}),
    "windowshostprocess": frozenset({"no-windows-host-process"}),
}
"""By the name of a fixture. Two where a stricter rule stands in at `restricted`."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """One Pod, the standard by which it is judged, and what is to come of it."""

    file: Path
    level: PodSecurityLevel
    version: Version
    passes: bool

    @property
    def rules(self) -> frozenset[str]:
        """One of these refuses it if it fails."""
        return RULES_OF_CHECKS[self.file.stem.rstrip("0123456789")]

    def __str__(self) -> str:
        return f"{self.file} as {self.version[0]}.{self.version[1]}"


def fixtures(tell: Callable[[str], None]) -> list[Fixture]:
    """All of them; downloads what is missing."""
    go = ensure_go(tell)
    stable = list(_fixtures(go_module.folder(STABLE, go)))
    newer = [each for each in _fixtures(go_module.folder(NEWER, go)) if each.version >= NEWER_SINCE]
    again = [Fixture(f.file, f.level, (1, 36), f.passes) for f in stable if f.version == (1, 35)]
    tell(f"{STABLE.path} {STABLE.version}: {len(stable)} Pods, {_versions(stable)}")
    tell(f"{NEWER.path} {NEWER.version}: {len(newer)} Pods, {_versions(newer)}")
    tell(f"{len(again)} Pods of 1.35 once more as 1.36")
    assert (len(stable), len(newer)) == (NUM_STABLE_PODS, NUM_NEWER_PODS), "files are missing"
    return stable + newer + again


def _fixtures(module: Path) -> Iterator[Fixture]:
    testdata = module / "test" / "testdata"
    for file in sorted(testdata.rglob("*.yaml")):
        level, version, outcome, _ = file.relative_to(testdata).parts
        major, minor = version.removeprefix("v").split(".")
        yield Fixture(
            file, cast(PodSecurityLevel, level), (int(major), int(minor)), {"pass": True, "fail": False}[outcome]
        )


def _versions(found: Iterable[Fixture]) -> str:
    versions = [each.version for each in found]
    return " to ".join(f"{major}.{minor}" for major, minor in (min(versions), max(versions)))


def differences(fixture: Fixture) -> list[str]:
    """What is not as it should be, one line for each kind of object; none where all verdicts are equal."""
    pod = yaml.load(fixture.file.read_bytes(), _Loader)
    return [f"{fixture}, {each['kind']}: {text}" for each in wrapped(pod) if (text := _difference(fixture, each))]


def _difference(fixture: Fixture, target: dict[str, Any]) -> str:
    admission = verdict(Object(target), fixture.level, fixture.version)
    if fixture.passes:
        return "" if admission.is_allowed else f"is to pass, but {admission}"
    if fixture.rules.isdisjoint(admission.refused_by):
        return f"is to be refused by {' or '.join(sorted(fixture.rules))}, not by {admission.refused_by or 'none'}"
    return ""


KINDS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def wrapped(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The pod itself, and an object of each other kind that makes such pods."""
    template = {"metadata": pod["metadata"], "spec": pod["spec"]}
    job = {"spec": {"template": template}}
    objects = [{"apiVersion": "apps/v1", "kind": kind, "spec": {"template": template}} for kind in KINDS[1:4]]
    objects.append({"apiVersion": "batch/v1", "kind": "Job", **job})
    objects.append({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": job}})
    return [pod, *objects]


def all_differences(chosen: list[Fixture]) -> list[str]:
    """What is not as it should be, over all fixtures; on every core."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return [line for lines in pool.imap(differences, chosen, chunksize=100) for line in lines]


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, which is ten times as fast, where PyYAML was built with it."""


def main() -> int:
    """Prints each difference, then `N passed, M failed`."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.pss", description=__doc__)
    parser.add_argument("--since", default="1.0", help="the oldest version of the standards, such as 1.34")
    major, minor = parser.parse_args().since.split(".")
    started = time.monotonic()
    chosen = [each for each in fixtures(print) if each.version >= (int(major), int(minor))]
    found = all_differences(chosen)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(chosen)} Pods in {len(KINDS)} kinds each: {time.monotonic() - started:.1f} s")
    print(f"{len(chosen) * len(KINDS) - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
