"""The files of `slipway render` before a real API server: what kubectl and GitOps would apply."""

from __future__ import annotations

import pytest
import yaml

from infra.outputs import kubernetes
from tests.integration.platform import stacks
from tests.integration.platform.judge import Judge
from tests.unit.infra.outputs.samples import references

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_the_api_server_takes_every_file(judge: Judge, stack: str) -> None:
    """Read back from the text, by strict field validation, in a namespace that admits `restricted` only."""
    plan = stacks.plan(stack, f"rendered-{stack}")
    files = kubernetes.files(plan, references(plan))
    objects = [yaml.safe_load(text) for text in files.values()]
    assert len(objects) == len(files)
    assert [str(finding) for finding in judge.judge(objects)] == []
