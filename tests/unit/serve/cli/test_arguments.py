"""Tests of serve.cli.arguments: which commands are a person's, and what they take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serve.cli.arguments import is_for_people, parser

IMAGE = Path(__file__).parents[4] / "image"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("models", True),
        ("chat tiny", True),
        ("bench --json", True),
        ("rm a b", True),
        ("pull o/r f.gguf", True),
        ("pull --help", True),
        ("pull --repo o/r --revision main --file f.gguf --to /models", False),
        ("pull --repo o/r --revision main --file f.gguf --to=/models", False),
        ("fill --from /a --to /b", False),
        ("worker 3 tiny", False),
        ("", False),
    ],
)
def test_a_pull_with_a_folder_is_not_for_a_server(line: str, expected: bool) -> None:
    """Jobs name a folder with --to; people name a repository and a file."""
    assert is_for_people(line.split()) is expected


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"SLIPWAY_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"SLIPWAY_URL": "https://models.example.com", "SLIPWAY_PORT": "9000"}, "https://models.example.com"),
        ({"SLIPWAY_URL": ""}, "http://127.0.0.1:8000"),
    ],
)
def test_which_server_is_asked(environ: dict[str, str], url: str) -> None:
    """The environment says it; in the server's own container that is itself."""
    assert parser(environ).parse_args(["models"]).url == url
    assert parser(environ).parse_args(["models", "--url", "http://other"]).url == "http://other"


@pytest.mark.parametrize("line", ["bench -n 0", "bench -c x", "chat tiny --max-tokens -1", "pull o/r", "rm"])
def test_what_makes_no_sense_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command line, with 2."""
    with pytest.raises(SystemExit) as ended:
        parser({}).parse_args(line.split())
    assert ended.value.code == 2
    assert "usage: python -m serve" in capsys.readouterr().err


def test_the_server_and_its_workers_import_no_client() -> None:
    """They start without what only people's commands need: each process pays for what it imports."""
    code = (
        "import sys, serve.__main__; print(sorted({'httpx2', 'click', 'tqdm', 'serve.cli.client'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=IMAGE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
