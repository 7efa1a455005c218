"""The workflow of pull requests: every stack that costs is looked at, and forks get no more than they may have."""

from typing import Any

import pytest
import yaml

from tools.settings import ROOT

PATH = ROOT / ".github" / "workflows" / "pull-request.yml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))


def test_permissions_are_the_least() -> None:
    """Only the job that runs nothing of the stack may write comments."""
    permissions = {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()}
    assert permissions == {
        "check": {"contents": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
    }


@pytest.mark.parametrize("job", ["check", "comment"])
def test_every_stack_that_costs_is_looked_at(job: str) -> None:
    """Those that have a budget."""
    stacks = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml") if "budgets" in path.read_text()}
    assert set(WORKFLOW["jobs"][job]["strategy"]["matrix"]["stack"]) == stacks


def test_forks_get_no_comment() -> None:
    """Their token may not write; their report is the summary."""
    assert "head.repo.full_name == github.repository" in WORKFLOW["jobs"]["comment"]["if"]
    [summary] = [step for step in WORKFLOW["jobs"]["check"]["steps"] if step.get("name") == "Summary"]
    assert "PR_NUMBER" not in summary.get("env", {})
