"""`slipway cost` as a user meets it: exit status, JSON alone on standard output, errors without a traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from infra.cost import assess
from infra.cost.reports import json_report
from slipway import cli
from tests.unit.infra.recorder import ROOT

STACK = """
config:
  slipway:cost:
    provider: aws
    region: us-east-1
    pools: [{name: general, types: [m7i.xlarge]}]
    control_plane: false
    budgets: {typical: LIMIT}
    assumptions: {stale_warning_days: 1000, stale_failure_days: 1000}
"""
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: COUNT
  template:
    metadata: {labels: {slipway.dev/model: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: "3", memory: 1Gi}}}]}
"""
DAY = ("--as-of", "2026-11-21")
MONTH_OF_ONE = 14717
"""730 hours of one m7i.xlarge at 0.2016: 147.168, in cents."""
OPENCOST = {
    "code": 200,
    "data": [
        {
            "web": {
                "name": "web",
                "window": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-11T00:00:00Z"},
                "properties": {"namespace": "shop", "controller": "web", "labels": {"slipway_dev_model": "web"}},
                "cpuCost": 40.0,
                "ramCost": 8.0,
            }
        }
    ],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with stacks whose budgets stand at every verdict, and manifests of one and of two replicas."""
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.yaml").write_text("name: slipway\n")
    for name, limit in (("pass", 1000), ("warning", 170), ("critical", 150), ("exceeded", 100)):
        Path(f"Pulumi.{name}.yaml").write_text(STACK.replace("LIMIT", str(limit)))
    Path("one.yaml").write_text(POD.replace("COUNT", "1"))
    Path("two.yaml").write_text(POD.replace("COUNT", "2"))
    Path("opencost.json").write_text(json.dumps(OPENCOST))
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Any:
    """A run; an exception that no user should see is raised."""
    return CliRunner().invoke(cli.app, ["cost", *arguments], input=stdin, catch_exceptions=False)


@pytest.mark.parametrize(("stack", "status"), [("pass", 0), ("warning", 1), ("critical", 2), ("exceeded", 3)])
def test_the_exit_status_is_the_verdict(stack: str, status: int) -> None:
    """147.17 of 1,000, 170, 150 and 100 dollars: 15, 87, 98 and 147 %."""
    result = run("--stack", stack, "one.yaml", *DAY)
    assert result.exit_code == status, result.output
    assert "$147" in result.stdout


def test_json_is_alone_on_standard_output() -> None:
    """Held to its schema; what a person wants to know is said beside it."""
    result = run("--stack", "exceeded", "one.yaml", "--json", *DAY)
    data = json.loads(result.stdout)
    schema = Path(json_report.__file__).parent / "schema.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(data)
    assert data["after"]["cost"]["typicalCents"] == MONTH_OF_ONE
    assert (data["exitCode"], result.exit_code) == (3, 3)
    assert "exceeded: exceeded: before not known, after $147" in result.stderr


@pytest.mark.parametrize(
    ("format_", "begins"),
    [
        ("table", "Cost of stack pass"),
        ("markdown", "<!-- slipway-cost: pass -->"),
        ("json", "{"),
        ("infracost", '{\n  "version": "0.2"'),
        ("csv", "stack,state,namespace"),
        ("html", "<!doctype html>"),
    ],
)
def test_every_format_goes_to_a_file_or_to_standard_output(format_: str, begins: str) -> None:
    """With the same content."""
    shown = run("--stack", "pass", "one.yaml", "--format", format_, *DAY)
    saved = run("--stack", "pass", "one.yaml", "--format", format_, "--output", "report", *DAY)
    assert (shown.exit_code, saved.exit_code, saved.stdout) == (0, 0, "")
    assert shown.stdout.startswith(begins)
    assert Path("report").read_text() == shown.stdout
    assert "pass: OK: " in saved.stderr


def test_the_name_of_the_command_may_be_left_out() -> None:
    """Files, options and - may come first."""
    whole = run("report", "one.yaml", "--stack", "pass", *DAY)
    assert run("one.yaml", "--stack", "pass", *DAY).stdout == whole.stdout
    assert run("--stack", "pass", *DAY, "-", stdin=Path("one.yaml").read_text()).stdout == whole.stdout


def test_settings_may_be_in_a_file_of_their_own() -> None:
    """For who has no Pulumi project."""
    Path("mine.yaml").write_text(yaml.safe_dump(yaml.safe_load(STACK)["config"]["slipway:cost"] | {"budgets": {}}))
    result = run("one.yaml", "--settings", "mine.yaml", *DAY)
    assert result.exit_code == 0
    assert "Cost of stack unnamed" in result.stdout


def test_diff_tells_what_changed_and_why() -> None:
    """One replica more is one node more: each has 3 of its 4 CPUs taken."""
    result = run("diff", "one.yaml", "two.yaml", "--stack", "pass", "--json", *DAY)
    data = json.loads(result.stdout)
    assert data["before"]["cost"]["typicalCents"] == MONTH_OF_ONE
    assert data["difference"]["typicalCents"] == sum(each["cost"]["typicalCents"] for each in data["changes"])
    assert {each["subject"] for each in data["changes"]} == {"shop/web"}
    assert data["difference"]["typicalCents"] == 14717  # 294.34 less 147.17


def test_explain_shows_each_line_of_a_model() -> None:
    """With quantity, price and what moves it."""
    result = run("explain", "web", "one.yaml", "--stack", "pass", *DAY)
    assert result.exit_code == 0
    assert "m7i.xlarge in general" in result.stdout
    assert "$0.2016" in result.stdout
    assert "list price" in result.stdout


def test_what_if_compares_with_what_is_set() -> None:
    """Each option has its part of the difference."""
    result = run("what-if", "one.yaml", "--stack", "pass", "--replicas", "web=2", "--spot", "100", "--json", *DAY)
    data = json.loads(result.stdout)
    assert data["before"]["cost"]["typicalCents"] == MONTH_OF_ONE
    assert [(each["subject"], each["field"], each["after"]) for each in data["changes"]] == [
        ("web", "replicas", "2 to 2"),
        ("all pools", "spot", "100%"),
    ]
    assert data["difference"]["typicalCents"] == sum(each["cost"]["typicalCents"] for each in data["changes"])
    assert data["changes"][0]["cost"]["typicalCents"] > 0 > data["changes"][1]["cost"]["typicalCents"]


def test_optimise_says_what_is_cheaper_and_still_fits() -> None:
    """For people in words, for programs in cents; proven by packing."""
    shown = run("optimise", "one.yaml", "--stack", "pass")
    assert shown.exit_code == 0
    assert "sets of node types were packed" in shown.stdout
    data = json.loads(run("optimise", "one.yaml", "--stack", "pass", "--json").stdout)
    assert data["now"]["pools"] == {"general": ["m7i.xlarge"]}
    assert data["now"]["typicalCents"] - data["best"]["typicalCents"] == data["savingTypicalCents"] > 0
    assert data["best"]["unplacedPods"] == 0


def test_reconcile_prints_the_error_of_the_estimate() -> None:
    """48 dollars in 10 days are 146 a month: 147.17 was 0.8 % too much."""
    shown = run("reconcile", "opencost.json", "one.yaml", "--stack", "pass", *DAY)
    assert shown.exit_code == 0
    assert "+0.8 %" in shown.stdout
    data = json.loads(run("reconcile", "opencost.json", "one.yaml", "--stack", "pass", "--json", *DAY).stdout)
    assert data["rows"][-1]["measuredCents"] == 14600
    assert data["rows"][-1]["errorPercent"] == "0.8"


def test_a_stack_without_a_file_is_priced_by_its_plan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own: no Pulumi, no network; twice the same."""
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    first, second = (run("--stack", "prod", "--format", "csv", *DAY) for _ in range(2))
    assert first.stdout == second.stdout
    assert "prod,after,slipway,llama-3-70b," in first.stdout


BAD = {
    "no file": ("missing.yaml", "--stack", "pass"),
    "no settings and no stack": ("one.yaml",),
    "no such stack": ("one.yaml", "--stack", "prd"),
    "no file and no stack": ("--settings", "one.yaml"),
    "not a preview": ("broken.json", "--stack", "pass"),
    "no objects": ("nothing.yaml", "--stack", "pass"),
    "no such option": ("one.yaml", "--stack", "pass", "--fast"),
    "no such format": ("one.yaml", "--stack", "pass", "--format", "pdf"),
    "no such day": ("one.yaml", "--stack", "pass", "--as-of", "tomorrow"),
    "an option without its value": ("--stack",),
    "a folder that is not there": ("one.yaml", "--stack", "pass", "--output", "nowhere/report"),
    "diff of one": ("diff", "one.yaml"),
    "diff of standard input with itself": ("diff", "-", "-", "--stack", "pass"),
    "explain of nothing": ("explain", "wbe", "one.yaml", "--stack", "pass"),
    "what-if of nothing": ("what-if", "one.yaml", "--stack", "pass"),
    "what-if of no number": ("what-if", "one.yaml", "--stack", "pass", "--replicas", "web=many"),
    "reconcile with no allocations": ("reconcile", "one.yaml", "one.yaml", "--stack", "pass"),
    "wrong settings": ("one.yaml", "--settings", "wrong.yaml"),
    "settings that are no YAML": ("one.yaml", "--settings", "broken.json"),
    "nothing at all": (),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_has_a_status_of_its_own(arguments: tuple[str, ...]) -> None:
    """64: never to be mistaken for a verdict; and no report."""
    Path("broken.json").write_text('{"steps": [')
    Path("nothing.yaml").write_text("a: 1\n")
    Path("wrong.yaml").write_text("provider: aws\nregion: us-east-1\npools: [{name: a, types: [m99.xlarge]}]\n")
    result = run(*arguments)
    assert result.exit_code == 64, result.output
    assert "Cost of stack" not in result.output
    assert "Traceback" not in result.output


def test_a_near_name_is_proposed() -> None:
    """Of models as of settings."""
    assert "did you mean web?" in run("explain", "wbe", "one.yaml", "--stack", "pass").stderr


def test_a_bug_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own status for a crash, 1, would pass for a warning."""

    def crash(*_arguments: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(assess, "assess", crash)
    result = run("one.yaml", "--stack", "pass")
    assert result.exit_code == 70
    assert "KeyError" in result.stderr


def test_who_reads_only_the_beginning_is_not_told_of_errors() -> None:
    """`slipway cost ... | head -1` ends quietly."""
    command = (
        f"{sys.executable} -c 'import sys; sys.path.insert(0, {str(ROOT)!r}); from slipway.cli import main; main()'"
    )
    line = f"set -o pipefail; {command} cost one.yaml --stack pass --format csv | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_help_lists_the_commands() -> None:
    """Each with a sentence."""
    result = run("--help")
    assert result.exit_code == 0
    for command in ("report", "diff", "explain", "what-if", "optimise", "reconcile"):
        assert command in result.stdout
