"""The workflow of pull requests: pinned, with the least permissions, and with no text of strangers in a shell."""

import re
from typing import Any

import pytest
import yaml

from tools.settings import ROOT

PATH = ROOT / ".github" / "workflows" / "pull-request.yml"
TEXT = PATH.read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_every_action_is_pinned_by_commit_with_its_tag_beside_it() -> None:
    """A tag can be moved to other code."""
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == sum("uses" in step for step in STEPS) > 0
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_permissions_are_the_least() -> None:
    """Nothing by default; only the job that runs nothing of the stack may write comments. No secrets."""
    assert WORKFLOW["permissions"] == {}
    permissions = {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()}
    assert permissions == {
        "check": {"contents": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
    }
    assert "secrets." not in TEXT
    assert "pull_request_target" not in TEXT
    assert all(step["with"]["persist-credentials"] is False for step in STEPS if "checkout" in step.get("uses", ""))


def test_no_expression_stands_in_a_shell() -> None:
    """A branch or a title would be code there."""
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]


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
