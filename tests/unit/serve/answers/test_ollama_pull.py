"""Tests of serve.answers.ollama_pull."""

from __future__ import annotations

import pytest

from serve.answers.ollama_pull import line_of
from serve.pulls.types import PullOrder, PullState, PullStatus

ORDER = PullOrder("org/repo", "a.gguf")


def status(state: PullState, order: PullOrder = ORDER) -> PullStatus:
    """A pull that is half way."""
    return PullStatus("id", order, state, 50, 100, 1.0, 50.0, "", (), 0.0)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PullState.STARTING, "pulling manifest"),
        (PullState.VERIFYING, "verifying sha256 digest"),
        (PullState.DISCOVERED, "writing manifest"),
    ],
)
def test_a_pull_is_told_in_ollamas_words(state: PullState, words: str) -> None:
    """Programs look for them."""
    assert line_of(status(state)) == {"status": words}


@pytest.mark.parametrize("state", [PullState.COMPLETE, PullState.FAILED, PullState.CANCELLED])
def test_its_end_is_told_by_who_knows_how_it_ended(state: PullState) -> None:
    """Here there is nothing to say."""
    assert line_of(status(state)) is None


def test_a_download_is_told_in_bytes() -> None:
    """Under the digest of the weights, where it is known."""
    line = line_of(status(PullState.DOWNLOADING, PullOrder("org/repo", "a.gguf", sha256="ab" * 32)))
    assert line == {"status": f"pulling {'ab' * 6}", "digest": f"sha256:{'ab' * 32}", "total": 100, "completed": 50}


def test_each_file_has_a_digest_of_its_own() -> None:
    """The same from line to line: a program draws one bar for it."""
    lines = [
        line_of(status(PullState.DOWNLOADING, PullOrder("org/repo", file))) for file in ("a.gguf", "a.gguf", "b.gguf")
    ]
    first, again, other = (line["digest"] for line in lines if line is not None)
    assert first == again != other
    assert len(first) == len("sha256:") + 64
