"""What a pull request is told: files, one comment, and whether it passes."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest

from policies import checking
from policies.checking import Options
from policies.rules import RULES
from tests.unit.tools import support
from tools import pr_check
from tools.errors import CommandFailed, ToolError
from tools.progress import Progress
from tools.pulumi import Pulumi

NOW = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
FILES = {"preview.json", "policies.sarif", "cost.json", "infracost.json", "cost.html", "comment.md"}


def preview(*objects: dict[str, Any]) -> str:
    """A preview that creates these objects."""
    steps = []
    for index, data in enumerate(objects):
        version = data["apiVersion"]
        kind = f"kubernetes:{version if '/' in version else f'core/{version}'}:{data['kind']}"
        urn = f"urn:pulumi:prod::slipway::{kind}::{index}"
        state = {"urn": urn, "custom": True, "type": kind, "inputs": data}
        steps.append({"op": "create", "urn": urn, "newState": state})
    return json.dumps({"steps": steps, "changeSummary": {"create": len(steps)}, "duration": 1})


def web(replicas: int) -> dict[str, Any]:
    """A Deployment that breaks many rules."""
    containers = [{"name": "web", "image": "web", "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
    }


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the check on a text instead of a preview."""

    def run(text: str, stack: str = "prod") -> bool:
        monkeypatch.setattr(pr_check, "_preview", lambda *_arguments: text)
        return pr_check.run(support.settings(tmp_path), stack, tmp_path / "out", Progress(quiet=True), NOW)

    return run


def test_all_files_are_written_and_the_comment_tells_both(check: Any, tmp_path: Path) -> None:
    """Cost and policies; what breaks a mandatory rule fails, one by one."""
    assert check(preview(web(2))) is False
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    comment = (tmp_path / "out" / "comment.md").read_text()
    assert comment.startswith("<!-- slipway-cost: prod -->\n")
    assert "### ❌ Policies: " in comment
    assert "| mandatory | `memory-limit-set` | `Deployment shop/web` |" in comment
    assert json.loads((tmp_path / "out" / "cost.json").read_text())["after"]["cost"]["typicalCents"] > 0


def test_a_budget_that_is_exceeded_fails(check: Any, tmp_path: Path) -> None:
    """Ten thousand replicas are more than prod's budget."""
    assert check(preview(web(9000))) is False
    assert json.loads((tmp_path / "out" / "cost.json").read_text())["gate"] == "exceeded"


def test_advice_is_told_by_rule_with_how_often(tmp_path: Path) -> None:
    """And fails nothing."""
    path = tmp_path / "preview.json"
    path.write_text(preview(web(1), {**web(2), "metadata": {"name": "other", "namespace": "shop"}}))
    rules = [rule for rule in RULES if rule.id == "priority-class-set"]
    found = checking.check([str(path)], io.BytesIO(), Options(rules=rules, today=NOW.date()))
    section = pr_check.policies_section(found)
    assert section.startswith("### ✅ Policies: 0 mandatory, 2 advisory\n\n1 rules asked;")
    assert "| advisory | `priority-class-set` | 2 |" in section


def test_of_many_violations_some_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    """Thirty Deployments without a memory limit: 25 rows."""
    path = tmp_path / "preview.json"
    path.write_text(preview(*({**web(1), "metadata": {"name": f"web-{i}", "namespace": "shop"}} for i in range(30))))
    rules = [rule for rule in RULES if rule.id == "memory-limit-set"]
    section = pr_check.policies_section(
        checking.check([str(path)], io.BytesIO(), Options(rules=rules, today=NOW.date()))
    )
    assert section.startswith("### ❌ Policies: 30 mandatory, 0 advisory")
    assert section.count("| mandatory |") == 25
    assert "and 5 more, in the SARIF file" in section


def test_a_preview_that_failed_fails(check: Any, tmp_path: Path) -> None:
    """Even if no rule and no budget has anything against what it shows."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
    failed = json.loads(preview(config)) | {"diagnostics": [{"severity": "error", "message": "no such image"}]}
    assert check(json.dumps(failed)) is False
    assert "no such image" in (tmp_path / "out" / "comment.md").read_text()


@pytest.mark.parametrize("text", ["", "{", "nothing", '{"steps": ['])
def test_a_preview_that_is_none_is_told_in_the_comment(check: Any, tmp_path: Path, text: str) -> None:
    """Under the stack's marker: the old figures must not stay there."""
    with pytest.raises(ToolError):
        check(text)
    comment = (tmp_path / "out" / "comment.md").read_text()
    assert comment.startswith("<!-- slipway-cost: prod -->\n## ❌ Stack `prod`")


def program(folder: Path, script: str) -> Pulumi:
    """A CLI that does what the script says."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Pulumi(str(path), {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"})


def test_a_preview_that_fails_says_why_in_its_json(tmp_path: Path) -> None:
    """Its warnings are no part of it, and it is asked for one document, not for events."""
    cli = program(tmp_path, 'echo warning >&2; echo "{\\"a\\": \\"$PULUMI_ENABLE_STREAMING_JSON_PREVIEW\\"}"; exit 255')
    assert json.loads(pr_check._json(cli, "preview")) == {"a": ""}


def test_a_command_that_says_no_json_has_failed(tmp_path: Path) -> None:
    """And is shown."""
    with pytest.raises(CommandFailed, match="access denied"):
        pr_check._json(program(tmp_path, "echo access denied >&2; exit 255"), "preview")
