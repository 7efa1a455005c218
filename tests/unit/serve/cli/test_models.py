"""Tests of serve.cli.models."""

from __future__ import annotations

import json

import pytest

from serve.cli import models
from serve.cli.client import Server
from serve.errors import SetupError
from tests.unit.serve.cli.talking import model, ok, options, pull, talking


def test_the_table_tells_state_size_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a model; what is not known is a dash."""
    state = {
        "models": [
            model(aliases=["gpt-4o"]),
            model(id="big", state="loading", load_share=0.5, memory_bytes=0, is_pinned=True),
            model(id="gone", state="absent", size_bytes=0, memory_bytes=0, reason="the file is missing"),
        ],
        "pulls": [],
    }
    server, _ = talking({"GET /ui/state": ok(state)})
    assert models.run(options("models"), server) == 0
    assert capsys.readouterr().out.splitlines() == [
        "MODEL  STATE                  SIZE  MEMORY  CONTEXT  SLOTS  ALSO",
        "tiny   serving              1.2 GB  1.5 GB     4096    1/4  gpt-4o",
        "big    loading 50%, pinned  1.2 GB       -     4096    -/4",
        "gone   absent                    -       -     4096    -/4",
        "",
        "gone: the file is missing",
    ]


def test_pulls_that_run_or_failed_are_told_below(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that are complete are models now."""
    pulls = [pull(), pull(id="p2", state="complete"), pull(id="p3", state="failed", message="no room", total_bytes=0)]
    server, _ = talking({"GET /ui/state": ok({"models": [], "pulls": pulls})})
    models.run(options("models"), server)
    assert capsys.readouterr().out.splitlines() == [
        "there is no model yet",
        "",
        "PULL    STATE             DONE      OF  FROM",
        "m.gguf  downloading      250 B  1.0 kB  o/r",
        "m.gguf  failed: no room  250 B       -  o/r",
    ]


def test_programs_get_all_of_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """As the server tells it."""
    state = {"models": [model()], "pulls": []}
    server, _ = talking({"GET /ui/state": ok(state)})
    models.run(options("models", "--json"), server)
    assert json.loads(capsys.readouterr().out) == state


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"a": "ready_on_disk"}, "a"),
        ({"a": "ready_on_disk", "b": "serving"}, "b"),
    ],
)
def test_the_model_that_is_meant(states: dict[str, str], expected: str) -> None:
    """The only one, else the only one that serves."""
    assert models.choose(having(states), None) == expected


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"a": "serving", "b": "serving"}, "name a model: there is a, b"),
        ({}, "name a model: there is none; `pull` brings one"),
    ],
)
def test_else_the_person_must_say(states: dict[str, str], words: str) -> None:
    """With what there is."""
    with pytest.raises(SetupError, match=words):
        models.choose(having(states), None)


def having(states: dict[str, str]) -> Server:
    """A server with these models."""
    data = [{"id": name, "state": state} for name, state in states.items()]
    return talking({"GET /v1/models": ok({"data": data})})[0]


def test_a_named_model_is_taken_as_it_is() -> None:
    """The server knows aliases; nothing is asked here."""
    server, told = talking({})
    assert models.choose(server, "gpt-4o") == "gpt-4o"
    assert told.requests == []
