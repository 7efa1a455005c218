"""`slipway policy` as a user meets it: exit status, output, errors without a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from policies import cli
from policies.rules import RULES
from tests.unit.infra.recorder import ROOT

RULE = "read-only-root-fs"
BAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec:\n  containers:\n    - {name: a, image: a}\n"
GOOD = BAD.replace("image: a}", "image: a, securityContext: {readOnlyRootFilesystem: true}}")
ONLY = ("--rule", RULE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a bad pod and a good one."""
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(BAD)
    Path("good.yaml").write_text(GOOD)
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Any:
    """A run; an exception that no user should see is raised."""
    return CliRunner().invoke(cli.app, arguments, input=stdin, catch_exceptions=False)


def test_a_file_that_holds_passes() -> None:
    """Status 0, and a sum."""
    result = run("check", "good.yaml", *ONLY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "1 object, 1 rule: 0 mandatory, 0 advisory, 0 unknown, 0 waived. Passed.\n"


def test_a_violation_is_shown_with_its_line_and_fails() -> None:
    """Status 1."""
    result = run("check", "bad.yaml", *ONLY)
    assert result.exit_code == 1
    path = "spec.containers[0].securityContext.readOnlyRootFilesystem"
    assert f"bad.yaml:1: Pod b/a\n  mandatory {RULE} line 6 {path}: must be true\n" in result.stdout


def test_standard_input_is_judged() -> None:
    """`kubectl get -o json | slipway policy check -`."""
    items = [yaml.safe_load(BAD), yaml.safe_load(GOOD)]
    result = run("check", "-", *ONLY, stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    assert (result.exit_code, result.stdout.count("mandatory read-only")) == (1, 1)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "advisory"), 1),
        (("--settings", "advisory.yaml"), 0),
        (("--settings", "advisory.yaml", "--fail-on", "advisory"), 1),
        (("--settings", "advisory.yaml", "--level", "mandatory", "--fail-on", "advisory"), 0),
        (("--settings", "waived.yaml", "--today", "2026-06-01"), 0),
        (("--settings", "waived.yaml", "--today", "2026-06-02"), 1),
    ],
)
def test_the_exit_status_follows_levels_and_waivers(options: tuple[str, ...], status: int) -> None:
    """Whatever is reported."""
    Path("advisory.yaml").write_text("levels: {all: advisory}\n")
    waiver = {"rule": RULE, "object": "Pod b/*", "owner": "ann", "reason": "moves soon", "expires": "2026-06-01"}
    Path("waived.yaml").write_text(json.dumps({"waivers": [waiver]}))
    assert run("check", "bad.yaml", *ONLY, *options).exit_code == status


def test_an_environment_has_its_levels() -> None:
    """What only production needs is told in others."""
    rule = next(rule for rule in RULES if rule.level["prod"] is not rule.level["dev"])
    Path("bad.yaml").write_text(rule.bad)
    Path("settings.yaml").write_text(yaml.safe_dump(dict(rule.example_settings or {})))
    options = ("bad.yaml", "--rule", rule.id, "--settings", "settings.yaml", "--environment")
    assert run("check", *options, "prod").exit_code == 1
    assert run("check", *options, "dev").exit_code == 0


def test_reports_for_programs_go_to_stdout_and_what_is_noted_to_stderr() -> None:
    """So that a pipe gets the report alone."""
    Path("bad.yaml").write_text(f"{BAD}---\nnothing\n")
    told = "note: bad.yaml:8: not judged: a document must be a mapping, this is text\n"
    for name in ("json", "sarif", "junit"):
        result = run("check", "bad.yaml", *ONLY, "--format", name)
        assert result.exit_code == 1
        assert result.stderr.startswith(told)
        parsed = ElementTree.fromstring(result.stdout) if name == "junit" else json.loads(result.stdout)
        assert parsed is not None


def test_a_report_may_go_to_a_file() -> None:
    """Any format; the sum is still told."""
    for name in ("text", "json", "sarif", "junit"):
        result = run("check", "bad.yaml", *ONLY, "--format", name, "--output", "report")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "1 mandatory" in result.stderr
        assert RULE in Path("report").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.yaml",), "error: none.yaml: can't be read: No such file or directory"),
        (("broken.yaml", "none.yaml"), "error: broken.yaml:2: the key 'a' is there twice\nerror: none.yaml: can't"),
        (
            ("bad.yaml", "--rule", "read-only"),
            "error: read-only: there is no such rule; did you mean read-only-root-fs",
        ),
        (("bad.yaml", "--rule", "\u00e9"), "there is no such rule; `slipway policy rules` lists them"),
        (("bad.yaml", "--stack", "prod"), "error: --stack prod: "),
        (("bad.yaml", "--settings", "none"), "error: none: can't be read"),
        (("bad.yaml", "--output", "none/report"), "error: none/report: can't be written: No such file or directory"),
        (("bad.yaml", "--output", "."), "error: .: can't be written: Is a directory"),
        (("bad.yaml", "--today", "tomorrow"), "tomorrow"),
        (("bad.yaml", "--format", "html"), "html"),
        ((), "FILE"),
    ],
)
def test_what_can_not_be_done_is_an_error_and_no_traceback(arguments: tuple[str, ...], words: str) -> None:
    """Status 2."""
    Path("broken.yaml").write_text("a: 1\na: 2\n")
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_no_report_shows_the_value_of_a_field() -> None:
    """Neither of environment variables nor of data, whatever rule looks at them."""
    secrets = {
        "PASSWORD": "hunter2hunter2",
        "TOKEN": "ghp_" + "a1B2" * 9,
        "AWS_SECRET_ACCESS_KEY": "wJalr" + "XUtn" * 9,
    }
    pod = yaml.safe_load(BAD)
    pod["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in secrets.items()]
    pod["spec"]["containers"][0]["args"] = ["--api-key", secrets["TOKEN"]]
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": secrets}
    Path("bad.yaml").write_text(yaml.safe_dump_all([pod, config]))
    for name in ("text", "json", "sarif", "junit"):
        result = run("check", "bad.yaml", "--format", name)
        assert result.exit_code == 1
        assert [value for value in secrets.values() if value in result.stdout + result.stderr] == []


def test_the_rules_are_listed() -> None:
    """One line each, or as JSON with all that is known of them."""
    lines = run("rules").stdout.splitlines()
    assert len(lines) == len(RULES)
    assert any(line.startswith(RULE) and "mandatory: " in line for line in lines)
    listed = {each["id"]: each for each in json.loads(run("rules", "--format", "json").stdout)}
    assert set(listed) == {rule.id for rule in RULES}
    assert listed[RULE]["levels"] == {"prod": "mandatory", "dev": "mandatory"}
    assert (listed[RULE]["scope"], listed[RULE]["remedy"], listed[RULE]["settings"]) == ("pod", False, [])


def test_a_rule_is_explained() -> None:
    """Why, source, level, and examples in block style."""
    shown = run("explain", RULE).stdout
    rule = next(rule for rule in RULES if rule.id == RULE)
    assert all(words in shown for words in (rule.why, rule.source, "level: mandatory"))
    assert "      readOnlyRootFilesystem: true\n" in shown
    assert run("explain", "no-such-rule").exit_code == 2


def test_what_a_terminal_is_shown_has_colours_and_a_pipe_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the environment asks for."""
    assert "\x1b[" not in run("check", "bad.yaml", *ONLY).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in run("check", "bad.yaml", *ONLY).stdout


def test_names_in_files_can_not_write_to_the_terminal() -> None:
    """Escape sequences come out as text."""
    pod = yaml.safe_load(BAD)
    pod["metadata"]["name"] = "\x1b]0;owned\x07"
    Path("bad.yaml").write_text(json.dumps(pod))
    result = run("check", "bad.yaml", *ONLY)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert r"Pod b/\x1b]0;owned\x07" in result.stdout
    Path("bad.yaml").rename("\x1b[2J.yaml")
    assert r"\x1b[2J.yaml:1: Pod" in run("check", "\x1b[2J.yaml", *ONLY).stdout
    assert r"error: \x1b[3J.yaml: can't be read" in run("check", "\x1b[3J.yaml", *ONLY).stderr


def test_an_output_that_can_not_be_written_is_an_error_and_no_traceback() -> None:
    """A full disk, a closed standard input."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from policies.cli import app; app()"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-I", "-c", code, "check", "bad.yaml"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.stderr.startswith("error: the output can't be written: No space left on device\n")
    assert ("Traceback" in result.stderr, result.returncode) == (False, 2)
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    assert subprocess.run(shell, capture_output=True, check=False).returncode == 1


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_no_file_makes_it_fail(content: bytes) -> None:
    """Any bytes: judged or refused."""
    Path("any.yaml").write_bytes(content)
    assert run("check", "any.yaml").exit_code in (0, 1, 2)
