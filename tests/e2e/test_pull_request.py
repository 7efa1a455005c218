"""The workflow of pull requests, as far as it can run here: it is well formed, and its own shell lines work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.cost.reports import json_report
from tests.helpers.fake_github import TOKEN, github
from tests.integration.plugins.control_plane import Binaries
from tools.settings import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

PATH = ROOT / ".github" / "workflows" / "pull-request.yml"
JOBS: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))["jobs"]


def step(job: str, name: str) -> str:
    """The shell line of a step."""
    [found] = [each["run"] for each in JOBS[job]["steps"] if each.get("name") == name]
    return str(found)


def run(line: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """As a runner runs it: bash that stops at the first failure."""
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line]
    return subprocess.run(argv, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=False)


def test_the_workflow_is_well_formed() -> None:
    """actionlint knows every key, expression and permission."""
    done = subprocess.run(
        [Binaries.read(os.environ).path("actionlint"), str(PATH)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_its_steps_write_the_report_and_one_comment(tmp_path: Path) -> None:
    """The real preview of prod, its policies and its cost; then the comment, twice: made, and edited."""
    checked = run(step("check", "Preview, policies, cost"), ROOT, STACK="prod")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    folder = ROOT / ".slipway" / "pr-check" / "prod"
    schema = json.loads((Path(json_report.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    cost = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(cost)
    assert cost["gate"] != "exceeded"
    assert [each["id"] for each in cost["after"]["unpriced"] if each["isTotalWrong"]] == []
    assert json.loads((folder / "policies.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"

    summary = tmp_path / "summary.md"
    assert run(step("check", "Summary"), ROOT, STACK="prod", GITHUB_STEP_SUMMARY=str(summary)).returncode == 0
    comment = (folder / "comment.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8").startswith(comment)

    # The job that comments has nothing but one file of the repository, and the artefact.
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "pr_comment.py", tmp_path / "tools")
    shutil.copytree(folder, tmp_path / "report")
    with github() as hub:
        job = {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": TOKEN, "PR_NUMBER": "7"}
        for _ in range(2):
            done = run(step("comment", "Comment"), tmp_path, **job)
            assert done.returncode == 0, done.stderr
        assert [each["body"] for each in hub.comments] == [comment]
        assert [method for method, _ in hub.asked] == ["GET", "POST", "GET", "PATCH"]
