"""The comparison itself, and the newest standards in full."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.pss import KINDS, Fixture, all_differences, differences, fixtures, wrapped

NEWEST_SINCE = (1, 34)
"""1.34, 1.35 and 1.37 change verdicts. `make conformance-pss` judges by all versions."""


def fixture(folder: Path, *, name: str = "hostports0", passes: bool, **container: Any) -> Fixture:
    """A Pod with one container, and what is to come of it at baseline."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"kind": "Pod", "metadata": {}, "spec": {"containers": [container]}}))
    return Fixture(file, "baseline", (1, 36), passes)


def test_equal_verdicts_are_no_differences(tmp_path: Path) -> None:
    """A pod that is to pass passes, one that is to be refused is."""
    assert differences(fixture(tmp_path, passes=True)) == []
    assert differences(fixture(tmp_path, passes=False, ports=[{"hostPort": 80}])) == []


def test_a_difference_is_told_for_each_kind(tmp_path: Path) -> None:
    """Whichever way the verdict is wrong."""
    assert len(differences(fixture(tmp_path, passes=False))) == len(KINDS)
    assert len(differences(fixture(tmp_path, passes=True, ports=[{"hostPort": 80}]))) == len(KINDS)


def test_a_refusal_by_another_rule_is_a_difference(tmp_path: Path) -> None:
    """Two wrongs must not look right."""
    found = differences(fixture(tmp_path, name="sysctls0", passes=False, ports=[{"hostPort": 80}]))
    assert len(found) == len(KINDS)
    assert "safe-sysctls-only, not by ('no-host-port',)" in found[0]


def test_a_pod_is_judged_in_every_kind() -> None:
    """With the pod's own metadata and spec as the template."""
    pod = {"kind": "Pod", "metadata": {"annotations": {"a": "b"}}, "spec": {"hostPID": True}}
    objects = wrapped(pod)
    assert [each["kind"] for each in objects] == list(KINDS)
    assert objects[-1]["spec"]["jobTemplate"]["spec"]["template"]["metadata"] == {"annotations": {"a": "b"}}


@pytest.mark.plane
@pytest.mark.timeout(600)
def test_the_newest_standards_give_the_verdicts_of_kubernetes() -> None:
    """Every fixture of 1.34 and later, in every kind."""
    chosen = [each for each in fixtures(print) if each.version >= NEWEST_SINCE]
    assert {each.version for each in chosen} == {(1, 34), (1, 35), (1, 36), (1, 37)}
    assert all_differences(chosen) == []
