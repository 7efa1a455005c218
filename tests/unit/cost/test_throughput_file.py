"""The throughput table: reading, joining measured entries, writing them."""

import datetime
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.errors import ThroughputError
from infra.cost.throughput_file import CPU, Entry, Table, load, merge, parse, text

ENTRY = Entry(
    model="legal",
    hardware="NVIDIA-L4",
    count=Fraction(1),
    engine="llama.cpp",
    quantisation="Q4_K_M",
    context_tokens=4096,
    slots=4,
    single_tokens_s=Fraction(50),
    origin="published",
    source="a page",
    date=datetime.date(2026, 6, 7),
)
MEASURED = replace(ENTRY, origin="measured", single_tokens_s=Fraction(40), date=datetime.date(2026, 1, 1))


def test_the_measured_one_wins_whatever_its_date() -> None:
    """In whichever order they come."""
    assert merge(Table({}, {}, (ENTRY,)), [MEASURED]).entries == (MEASURED,)
    assert merge(Table({}, {}, (MEASURED,)), [ENTRY]).entries == (MEASURED,)


def test_of_two_alike_the_newer_one_wins() -> None:
    """In whichever order they come; on the same day the one that is added."""
    newer = replace(MEASURED, date=datetime.date(2026, 2, 1), single_tokens_s=Fraction(41))
    assert merge(Table({}, {}, (MEASURED,)), [newer]).entries == (newer,)
    assert merge(Table({}, {}, (newer,)), [MEASURED]).entries == (newer,)
    again = replace(newer, single_tokens_s=Fraction(42))
    assert merge(Table({}, {}, (newer,)), [again]).entries == (again,)


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, model="risk"),
        replace(ENTRY, hardware="NVIDIA-A10G"),
        replace(ENTRY, count=Fraction(2)),
        replace(ENTRY, engine="vllm"),
        replace(ENTRY, quantisation="F16"),
        replace(ENTRY, context_tokens=8192),
        replace(ENTRY, slots=8),
    ],
    ids=["model", "hardware", "count", "engine", "quantisation", "context", "slots"],
)
def test_entries_of_other_cases_stay_beside_each_other(other: Entry) -> None:
    """A case is everything that decides the speed."""
    assert merge(Table({}, {}, (ENTRY,)), [other]).entries == (ENTRY, other)


speeds = st.decimals(min_value="0.001", max_value=100_000, places=3).map(Fraction)


@given(
    count=st.decimals(min_value="0.25", max_value=64, places=2).map(Fraction),
    single=speeds,
    both=st.tuples(st.none() | speeds, st.none() | speeds),
    source=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
    date=st.dates(),
)
def test_what_is_written_is_read_back(
    count: Fraction, single: Fraction, both: tuple[Fraction | None, Fraction | None], source: str, date: datetime.date
) -> None:
    """To the last digit that a measurement has."""
    entry = replace(ENTRY, count=count, single_tokens_s=single, source=source, date=date)
    entry = replace(entry, tokens_s=both[0], prompt_tokens_s=both[1])
    assert parse(text([entry, MEASURED])).entries == (entry, MEASURED)


def test_speeds_that_never_end_are_written_to_six_decimals() -> None:
    """A third is 0.333333."""
    [entry] = parse(text([replace(ENTRY, single_tokens_s=Fraction(1, 3))])).entries
    assert entry.single_tokens_s == Fraction(333333, 10**6)


def test_all_problems_of_a_table_are_told_together() -> None:
    """With the file, the place and what is allowed."""
    wrong = """
hardware: {X: {gb_s: 0, efficiency: "1", prompt_tera: "1", batch_gain: "x"}}
weights: {a.gguf: {active: 0}}
entries:
  - {model: a, hardware: X, count: 1, engine: e, quantisation: q, context_tokens: 1, slots: 0, single_tokens_s: 1,
     origin: guessed, source: s, date: yesterday, colour: red}
"""
    with pytest.raises(ThroughputError) as raised:
        parse(wrong, "mine.yaml")
    places = [problem.split(": ")[1] for problem in raised.value.problems]
    assert all(problem.startswith("mine.yaml: ") for problem in raised.value.problems)
    assert sorted(places) == [
        "entries.0.colour",
        "entries.0.date",
        "entries.0.origin",
        "entries.0.slots",
        "hardware.X.batch_gain",
        "hardware.X.gb_s",
        "weights.a.gguf.active",
    ]


@pytest.mark.parametrize("wrong", ["{", "[]", "3", "a: 2026-99-99"])
def test_a_file_that_is_no_table_is_refused(wrong: str) -> None:
    """Never a traceback."""
    with pytest.raises(ThroughputError):
        parse(wrong)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(ThroughputError, match=r"none\.yaml: can't be read"):
        load(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """With the byte."""
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"ab\xff")
    with pytest.raises(ThroughputError, match=r"binary\.yaml: not text: byte 2 is no UTF-8"):
        load(path)


def test_the_own_table_has_each_case_once_with_source_and_a_day_that_has_come() -> None:
    """Nothing is measured in the future, and nothing wins by chance."""
    table = load()
    assert len({entry.case for entry in table.entries}) == len(table.entries)
    assert all(entry.source and entry.date <= datetime.date(2026, 11, 21) for entry in table.entries)
    assert CPU in table.hardware


def test_no_gpu_of_the_own_table_is_faster_than_its_memory() -> None:
    """The published speeds read the whole file for each token: at most the bandwidth."""
    table = load()
    for entry in table.entries:
        speed = table.hardware.get(entry.hardware)
        if entry.model == "llama-3-70b" and speed is not None:
            assert entry.single_tokens_s * Fraction("42.52") <= speed.gb_s
