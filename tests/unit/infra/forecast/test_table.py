"""The table of a stack as a file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import ConfigError
from infra.forecast import table
from infra.stack import Forecast

EVEN = Forecast("UTC", (1.0,) * 168)
GOOD = "time_zone: UTC\nmade_of: a.csv\nmodels:\n  legal:\n" + 7 * f"    - [{', '.join(24 * ['1'])}]\n"


def test_a_stack_without_a_table_has_no_forecast(tmp_path: Path) -> None:
    """It is no mistake as long as none is asked for."""
    assert table.load("prod", tmp_path) == {}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 999), min_size=168, max_size=168))
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, hours: list[int]) -> None:
    """All models of it."""
    folder = tmp_path_factory.mktemp("forecasts")
    saved = {"legal": Forecast("UTC", tuple(map(float, hours))), "risk": EVEN}
    table.save(table.path_of("prod", folder), saved, "a.csv")
    assert table.load("prod", folder) == saved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("UTC", "Mars"), 'time_zone: "Mars" is not allowed; allowed: a time zone'),
        (GOOD.replace("[1, ", "[", 1), "models.legal.0: "),
        (GOOD.replace("[1, ", "[-1, ", 1), "models.legal.0.0: -1 is not allowed; allowed: 0.0 or more"),
        (GOOD + f"    - [{', '.join(24 * ['1'])}]\n", "models.legal: has not seven lines"),
        (GOOD.replace("made_of", "of"), "unknown key; allowed: time_zone, made_of, models"),
        ("a: [", "is no YAML"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    """Its file, its key, its value."""
    path = table.path_of("prod", tmp_path)
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        table.load("prod", tmp_path)
    assert any(problem.startswith(str(path)) and expected in problem for problem in caught.value.problems)
