"""The command `slipway`: every part is mounted, and none is imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway import cli
from tests.unit.infra.recorder import ROOT


def imported_by(*arguments: str) -> set[str]:
    """All modules that a fresh interpreter has after a run of the command, wherever it was started."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from slipway.cli import main
try:
    main({list(arguments)!r})
finally:
    print(*sys.modules, file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-I", "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.split())


@pytest.mark.parametrize("part", cli.PARTS)
def test_every_part_has_commands(part: str) -> None:
    """And says what they do."""
    result = CliRunner().invoke(cli.app, [part, "--help"])
    assert (result.exit_code, "Usage:" in result.output) == (0, True)


def test_the_parts_are_listed() -> None:
    """With a line of help."""
    shown = CliRunner().invoke(cli.app, ["--help"])
    assert shown.exit_code == 0
    assert all(part in shown.output for part in cli.PARTS)
    assert "manifests" in shown.output


def test_a_part_that_is_not_there_is_told() -> None:
    """As any wrong command is."""
    result = CliRunner().invoke(cli.app, ["polcy"])
    assert (result.exit_code, "No such command" in result.output) == (2, True)


def test_the_policy_commands_never_reach_pulumi() -> None:
    """They judge files where no Pulumi is, and start in a moment."""
    modules = imported_by("policy", "rules")
    assert "policies.rules" in modules
    assert not {name for name in modules if name.split(".")[0] in {"pulumi", "pulumi_policy", "grpc", "infra.program"}}


def test_a_command_runs_from_any_folder(tmp_path: Path) -> None:
    """Files are looked for where the user is."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from slipway.cli import main; main()"
    command = [sys.executable, "-I", "-c", code, "policy", "check", "a.yaml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "error: a.yaml: no Kubernetes object to judge" in result.stderr
