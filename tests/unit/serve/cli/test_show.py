"""Tests of serve.cli.show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.cli.show import clean, duration, size, table


@given(st.text())
def test_nothing_that_a_terminal_obeys_comes_through(text: str) -> None:
    """But line ends and tabs; the length stays, so that tables do."""
    shown = clean(text)
    assert len(shown) == len(text)
    assert not any((ord(each) < 32 and each not in "\n\t") or 127 <= ord(each) < 160 for each in shown)


def test_text_without_control_characters_is_left_alone() -> None:
    """Emoji and all."""
    assert clean("Grüße 👋\n\tdo") == "Grüße 👋\n\tdo"
    assert clean("\x1b[31mred\r") == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("num_bytes", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (483_116_416, "483 MB"), (999_600, "1.0 MB"), (12e9, "12 GB"),
     (1e18, "1000000 TB")],
)  # fmt: skip
def test_sizes(num_bytes: float, words: str) -> None:
    """By thousands, two digits where they say something."""
    assert size(num_bytes) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0012, "1.2 ms"), (0.25, "250 ms"), (1.25, "1.2 s"), (89, "89.0 s"), (600, "10 min"), (7200, "2.0 h")],
)
def test_durations(seconds: float, words: str) -> None:
    """From what a token takes to what a download takes."""
    assert duration(seconds) == words


def test_a_table_has_its_columns_under_each_other() -> None:
    """Numbers end together; nothing trails; a line end in a cell breaks no row."""
    assert table(("NAME", "N"), [("a", "1"), ("longer\nname", "20")], right=frozenset({"N"})) == (
        "NAME          N\na             1\nlonger name  20"
    )
