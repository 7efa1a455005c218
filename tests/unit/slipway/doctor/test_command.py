"""The command: options, where it looks, its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.errors import ClusterError
from slipway import cli
from slipway.doctor import command
from slipway.doctor.answers import Right


class Connection:
    """A server that has nothing; keeps what it was made with."""

    made: list[tuple[str, str]]
    server = "https://api"
    refuses = ""

    def __init__(self, path: str, context: str, environ: Any) -> None:
        type(self).made = [(path, context)]
        if self.refuses:
            raise ClusterError([self.refuses])

    def get(self, path: str) -> Any:
        return {"major": "1", "minor": "36"} if path == "/version" else None

    def may(self, right: Right) -> bool:
        return True


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Connection]:
    """In place of the real one; no local cluster is known."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(command, "Connection", Connection)
    monkeypatch.setattr(Connection, "refuses", "")
    return Connection


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["doctor", *arguments])
    return result.exit_code, result.output


def test_without_a_stack_a_bare_cluster_lacks_only_what_is_optional(connection: type[Connection]) -> None:
    """Of the current context."""
    status, text = run()
    assert status == 1
    assert "KEDA" in text
    assert connection.made == [("", "")]


def test_a_stack_is_looked_for_in_its_own_context(connection: type[Connection]) -> None:
    """And what it needs is told."""
    status, text = run("--stack", "prod", "--json")
    assert status == 2
    assert json.loads(text)["stack"] == "prod"
    assert connection.made == [("", "slipway-prod")]


def test_options_win_over_the_stack_file(connection: type[Connection]) -> None:
    """A rehearsal on another cluster."""
    run("--stack", "prod", "--context", "other", "--kubeconfig", "file")
    assert connection.made == [("file", "other")]


@pytest.mark.parametrize("arguments", [["--stack", "nope"], ["--wrong"], ["prod"]])
def test_what_can_not_be_read_has_a_status_of_its_own(connection: type[Connection], arguments: list[str]) -> None:
    """Two is a verdict here."""
    status, text = run(*arguments)
    assert status == 64
    assert "Traceback" not in text


def test_a_cluster_that_does_not_answer_is_told(connection: type[Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason."""
    monkeypatch.setattr(Connection, "refuses", "the API server https://api does not answer")
    status, text = run()
    assert (status, "does not answer" in text) == (64, True)
