"""The files of `slipway render` before a real API server: what kubectl and GitOps would apply."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from infra.outputs import kubernetes
from tests.integration.platform import stacks
from tests.integration.platform.judge import Judge
from tests.integration.plugins.control_plane import ControlPlane
from tests.unit.infra.outputs.samples import references

pytestmark = [pytest.mark.plane, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def judge(platform_plane: ControlPlane) -> Iterator[Judge]:
    """Takes away what it was given, when all is judged."""
    judge = Judge(platform_plane.http)
    yield judge
    judge.remove()


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_the_api_server_takes_every_file(judge: Judge, stack: str) -> None:
    """Read back from the text, by strict field validation, in a namespace that admits `restricted` only."""
    plan = stacks.plan(stack, f"rendered-{stack}")
    files = kubernetes.files(plan, references(plan))
    objects = [yaml.safe_load(text) for text in files.values()]
    assert len(objects) == len(files)
    assert [str(finding) for finding in judge.judge(objects)] == []
