"""All workflows and actions of ours: pinned, with the least permissions, and with no text of strangers in a shell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.settings import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
OURS = re.compile(r"\./\.github/actions/[\w-]+")
PINNED = re.compile(r"[\w-]+/[\w-]+(?:/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+")
by_name = pytest.mark.parametrize(
    "path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT / ".github"))
)
of_workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[Any, Any]:
    """As GitHub reads it; `on` is YAML's True."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    """Of all jobs, or of the action."""
    content = read(path)
    return [step for job in content.get("jobs", {"": content.get("runs")}).values() for step in job["steps"]]


@by_name
def test_every_action_is_pinned_by_commit_with_its_tag_beside_it(path: Path) -> None:
    """A tag can be moved to other code. Our own are of this very commit."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert len(used) == sum("uses" in step for step in steps(path))
    assert [each for each in used if not PINNED.fullmatch(each) and not OURS.fullmatch(each)] == []


def test_an_action_has_one_version_everywhere() -> None:
    """A later one is chosen once, for all."""
    found: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, *ACTIONS):
        for name, version in re.findall(r"uses: ([^@\s]+)@(.*)", path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}


@by_name
def test_no_expression_stands_in_a_shell(path: Path) -> None:
    """A branch or a title would be code there."""
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@of_workflows
def test_nothing_is_allowed_but_what_a_job_names(path: Path) -> None:
    """No default, no secret, no token left in a checkout, no trigger that gives a fork our rights."""
    workflow, text = read(path), path.read_text(encoding="utf-8")
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert "workflow_run" not in text
    checkouts = [step for step in steps(path) if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@of_workflows
def test_every_job_ends(path: Path) -> None:
    """GitHub's own limit is six hours."""
    workflow = read(path)
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert "concurrency" in workflow


@by_name
def test_no_registry_is_named(path: Path) -> None:
    """Whoever has a copy of this repository pushes to their own."""
    assert (
        re.findall(r"\b[\w-]+\.(?:io|com|dev|us)/", re.sub(r"https://\S+", "", path.read_text(encoding="utf-8"))) == []
    )


def test_what_is_pinned_is_also_renewed() -> None:
    """Our own actions lie elsewhere than where Dependabot looks by itself."""
    [update] = read(ROOT / ".github" / "dependabot.yml")["updates"]
    assert update["package-ecosystem"] == "github-actions"
    assert update["directories"] == ["/", "/.github/actions/*"]
