"""Tests of serve.cli.pull."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from serve.cli import pull
from serve.errors import SetupError
from tests.unit.serve.cli import talking
from tests.unit.serve.cli.talking import lines, ok, options, refused

PULL = "POST /v1/api/pull"


def line(status: str, done: int = 0, total: int = 0, **more: Any) -> dict[str, Any]:
    """As the server tells."""
    return {"status": status, "done_bytes": done, "total_bytes": total} | more


def test_a_pull_is_watched_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal: a line for each state and each tenth; the models that came of it on stdout."""
    told = [
        line("starting"),
        line("downloading", 0, 1000),
        line("downloading", 50, 1000),
        line("downloading", 500, 1000, bytes_per_s=100, eta_s=5),
        line("verifying", 1000, 1000),
        {"status": "complete", "models": ["m"], "size_mb": 0.0},
    ]
    server, asked = talking.talking({PULL: lines(*told)})
    assert pull.run(options("pull", "o/r", "m.gguf", "--revision", "v1"), server) == 0
    assert asked.requests == [("POST", "/v1/api/pull", {"model": "o/r", "filename": "m.gguf", "revision": "v1"})]
    printed = capsys.readouterr()
    assert printed.out == "m\n"
    assert printed.err.splitlines() == [
        "m.gguf starting",
        "m.gguf downloading 0 B of 1.0 kB",
        "m.gguf downloading 500 B of 1.0 kB 100 B/s, 5 s left",
        "m.gguf verifying 1.0 kB of 1.0 kB",
        "m.gguf complete 1.0 kB of 1.0 kB",
    ]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"status": "error", "error": "the disk has no room"}, "the pull failed: the disk has no room"),
        ({"status": "cancelled"}, "the pull was cancelled"),
        ({"error": {"message": "the hub answers 500"}}, "the pull failed: the hub answers 500"),
    ],
)
def test_a_pull_that_fails_is_one_line(last: dict[str, Any], words: str) -> None:
    """In the server's words."""
    server, _ = talking.talking({PULL: lines(line("starting"), last)})
    with pytest.raises(SetupError, match=f"^{words}$"):
        pull.run(options("pull", "o/r", "m.gguf"), server)


def test_a_stream_that_breaks_off_is_no_end_of_the_pull() -> None:
    """The pull is the server's."""
    server, _ = talking.talking({PULL: lines(line("downloading", 1, 2))})
    with pytest.raises(SetupError, match="broke off; the pull goes on"):
        pull.run(options("pull", "o/r", "m.gguf"), server)


def test_a_refusal_is_told() -> None:
    """Before any line."""
    server, _ = talking.talking({PULL: refused(403, "an admin key is needed")})
    with pytest.raises(SetupError, match=r"^an admin key is needed$"):
        pull.run(options("pull", "o/r", "m.gguf"), server)


def test_detached_it_ends_when_the_pull_has_begun(capsys: pytest.CaptureFixture[str]) -> None:
    """The rest of the stream is left alone."""
    server, _ = talking.talking({PULL: lines(line("starting"), {"status": "error"})})
    assert pull.run(options("pull", "o/r", "m.gguf", "--detach"), server) == 0
    assert "the pull has begun (starting)" in capsys.readouterr().err


def test_ctrl_c_leaves_the_pull_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """And says how to come back, and how to end it."""

    def interrupt(_: object) -> httpx2.Response:
        raise KeyboardInterrupt

    server, asked = talking.talking({PULL: interrupt})
    with pytest.raises(KeyboardInterrupt):
        pull.run(options("pull", "o/r", "m.gguf"), server)
    assert "the pull goes on: ask again to watch it, `pull --cancel o/r m.gguf` ends it" in capsys.readouterr().err
    assert len(asked.requests) == 1


def test_cancel_ends_the_pull_of_that_file() -> None:
    """The one that runs, not one that has ended, nor one of another file."""
    pulls = [talking.pull(id="old", state="failed"), talking.pull(id="other", file="x.gguf"), talking.pull(id="this")]
    answers = {"GET /ui/state": ok({"pulls": pulls}), "DELETE /v1/api/pulls/this": ok({})}
    server, asked = talking.talking(answers)
    assert pull.run(options("pull", "o/r", "m.gguf", "--cancel"), server) == 0
    assert asked.requests[-1][:2] == ("DELETE", "/v1/api/pulls/this")


def test_what_does_not_run_can_t_be_cancelled() -> None:
    """It is told so."""
    server, _ = talking.talking({"GET /ui/state": ok({"pulls": []})})
    with pytest.raises(SetupError, match=r"no pull of m\.gguf from o/r runs"):
        pull.run(options("pull", "o/r", "m.gguf", "--cancel"), server)
