"""Tests of serve.cli.bench: the arithmetic, and what is asked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.cli import bench
from serve.cli.bench import Run, Times, ask, measure, summary, times
from serve.errors import SetupError
from tests.unit.serve.cli.talking import ONE_MODEL, USAGE, events, ok, options, refused, talking

COMPLETE = "POST /v1/completions"
TEXT = [{"choices": [{"text": "a"}]}, {"choices": [{"text": "b"}]}]


def answers(answer: Any) -> dict[str, Any]:
    """A server with one model."""
    tokens = ok({"tokens": list(range(20))})
    return {"GET /v1/models": ONE_MODEL, "POST /tokenize": tokens, COMPLETE: answer}


def test_times_are_counted_from_the_request() -> None:
    """One clock, read at the start, at each piece and at the end."""
    server, _ = talking(answers(events(*TEXT, USAGE)))
    clock = itertools.count(10.0, 0.5)
    assert ask(server, {}, lambda: next(clock)) == Run((0.5, 1.0), 1.5, num_prompt=3, num_written=2)


def test_an_answer_without_tokens_is_an_error() -> None:
    """Nothing could be measured of it."""
    server, _ = talking(answers(events(USAGE)))
    with pytest.raises(SetupError, match="no tokens"):
        ask(server, {})


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_values_that_were_measured(values: list[float]) -> None:
    """In order, the longest last; at least half, and 95 of 100, are not longer."""
    found = times(values)
    assert {found.p50_s, found.p95_s, found.max_s} <= set(values)
    assert found.p50_s <= found.p95_s <= found.max_s == max(values)
    for percent, value in ((50, found.p50_s), (95, found.p95_s)):
        assert sum(each <= value for each in values) * 100 >= percent * len(values)
        assert sum(each < value for each in values) * 100 < percent * len(values)


def test_the_summary_adds_up() -> None:
    """Gaps are those inside an answer; tokens a second are all tokens over the whole time."""
    runs = [Run((1.0, 1.5, 3.0), 3.5, 10, 3), Run((2.0,), 2.0, 10, 1)]
    result = summary(runs, num_failed=1, concurrency=2, duration_s=4.0)
    assert result.first_token == Times(1.0, 2.0, 2.0)
    assert result.between_tokens == Times(0.5, 1.5, 1.5)
    assert (result.num_requests, result.num_failed) == (3, 1)
    assert (result.written_tokens_per_s, result.prompt_tokens_per_s, result.requests_per_s) == (1.0, 5.0, 0.5)


def test_those_that_fail_do_not_end_the_measurement() -> None:
    """Their words are kept."""
    outcomes: Iterator[Run | SetupError] = iter([Run((1.0,), 1.0, 1, 1), SetupError("full"), Run((2.0,), 2.0, 1, 1)])

    def one() -> Run:
        outcome = next(outcomes)
        if isinstance(outcome, SetupError):
            raise outcome
        return outcome

    runs, errors = measure(one, 3, 1)
    assert (len(runs), errors) == (2, ["full"])


def test_all_requests_have_the_length_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """As many tokens, in an order of their own; answers do not end early; one more request to begin with."""
    server, told = talking(answers(lambda _: events(*TEXT, USAGE)))
    arguments = ("bench", "-n", "3", "-c", "2", "--prompt-tokens", "50", "--max-tokens", "7", "--json")
    assert bench.run(options(*arguments), server) == 0
    bodies = [body for _, path, body in told.requests if path == "/v1/completions"]
    assert len(bodies) == 4
    assert {len(body["prompt"]) for body in bodies} == {50}
    assert len({tuple(body["prompt"]) for body in bodies}) == 4
    assert {(body["max_tokens"], body["ignore_eos"], body["model"]) for body in bodies} == {(7, True, "tiny")}
    result = json.loads(capsys.readouterr().out)
    assert (result["model"], result["num_requests"], result["written_tokens"]) == ("tiny", 3, 6)


def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With what they wait for."""
    server, _ = talking(answers(lambda _: events(*TEXT, USAGE)))
    bench.run(options("bench", "-n", "2"), server)
    printed = capsys.readouterr().out
    assert "tiny: 2 requests, 4 at a time" in printed
    assert all(word in printed for word in ("first token", "between tokens", "p50", "p95", "tokens written a second"))


def test_some_that_failed_make_the_end_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind is told once, with how many."""
    turn = itertools.count()

    def answer(_: object) -> Any:
        return events(*TEXT, USAGE) if next(turn) < 2 else refused(429, "the queue is full")

    server, _ = talking(answers(answer))
    assert bench.run(options("bench", "-n", "3", "-c", "1"), server) == 1
    assert "serve: 2 of 3 requests failed: the queue is full" in capsys.readouterr().err


def test_when_none_can_be_measured_it_is_one_line() -> None:
    """The first error."""
    turn = itertools.count()

    def answer(_: object) -> Any:
        return events(*TEXT, USAGE) if next(turn) < 1 else refused(429, "the queue is full")

    server, _ = talking(answers(answer))
    with pytest.raises(SetupError, match="all 2 requests failed, the first so: the queue is full"):
        bench.run(options("bench", "-n", "2", "-c", "1"), server)
