"""The comment on a pull request: its marker, its size, and that no name does anything in it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.money import Range
from infra.cost.report import Change
from infra.cost.reports import markdown
from tests.unit.cost import samples

GOLDEN = Path(__file__).parent / "golden" / "report.md"
GITHUB_LIMIT = 65_536


def test_the_comment_is_the_golden_one() -> None:
    """UPDATE_GOLDEN=1 writes it anew; the difference is what a reviewer should look at."""
    text = markdown.render(samples.report())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_first_line_is_the_marker_of_the_stack() -> None:
    """By it the comment is found again; another stack has another one."""
    first = markdown.render(samples.report()).splitlines()[0]
    assert first == "<!-- slipway-cost: prod -->" == markdown.marker("prod")
    assert markdown.marker("staging") != first


def test_a_stack_with_nothing_wrong_is_short() -> None:
    """No table without rows, no sentence that says nothing."""
    text = markdown.render(samples.plain())
    assert "✅ Cost of stack `prod`: OK" in text
    assert "| not known | $781 | - |" in text
    for absent in ("Why it changed", "Budgets", "Not priced", "Warnings", "### Spot", "Schedules save"):
        assert absent not in text


def test_what_another_check_says_is_added() -> None:
    """Before the foot."""
    text = markdown.render(samples.plain(), more="### Policies\n\nNothing is refused.")
    assert text.index("### Policies") < text.index("<sub>")


@pytest.mark.parametrize("number", [10, 200, 1000, 20_000])
def test_a_comment_is_never_larger_than_github_takes(number: int) -> None:
    """However many models and changes there are; what is left out is counted."""
    models = tuple(samples.row(f"model-{index}-{'x' * 240}", (1, 2, 3)) for index in range(number))
    changes = tuple(
        Change(f"slipway/{'y' * 200}{index}", "added", "", "z" * 300, Range(1, 1, 1)) for index in range(number)
    )
    text = markdown.render(samples.report(models=models, changes=changes))
    assert len(text.encode()) <= GITHUB_LIMIT
    assert text.startswith("<!-- slipway-cost: prod -->\n## ")
    shown = len(re.findall(r"^\| `model-\d+", text, re.MULTILINE))
    assert shown >= 1
    left_out = re.search(r"and ([\d,]+) more rows?: `slipway cost` shows all", text)
    assert shown == number or (left_out and int(left_out[1].replace(",", "")) == number - shown)


def test_even_one_row_of_each_table_may_be_too_much() -> None:
    """Then the head line stands alone."""
    text = markdown.render(samples.report(), max_bytes=100)
    assert "The tables are too large for a comment." in text
    assert "| $323 | $781 |" in text


def test_names_in_a_comment_are_only_names() -> None:
    """No HTML, no mention, no link, no cell too many, no end of the marker, no control characters."""
    text = markdown.render(samples.evil())
    outside_of_code = re.sub(r"`[^`\n]*`", "", text)
    assert "<script" not in outside_of_code
    assert "@admin" not in outside_of_code
    assert not re.search(r"(?<!\\)\]\(http", outside_of_code)
    assert "\x1b" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert len(set(rows)) == 1, block
    assert re.fullmatch(r"<!-- slipway-cost: [\w./-]+ -->", text.splitlines()[0])


@given(st.text())
def test_no_text_ends_its_cell(text: str) -> None:
    """Whatever is in it."""
    for shown in (markdown.code(text), markdown.sentence(text)):
        assert "\n" not in shown
        assert not re.search(r"(?<!\\)\|", shown)
        assert "-->" not in shown or shown.startswith("`")


def test_the_tables_names_and_the_models_before() -> None:
    """A model that was not there before changed by all that it costs."""
    gemma = replace(samples.report().models[1], before=None)
    text = markdown.render(samples.report(models=(gemma,)))
    [line] = [line for line in text.splitlines() if line.startswith("| `gemma`")]
    assert line.endswith("| $8.00 | $8.00 | - | +$8.00 |")
