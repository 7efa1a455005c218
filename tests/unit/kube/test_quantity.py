"""Quantities in the whole grammar of the API, against numbers worked out by hand."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.quantity import parse
from kube.unknown import UNKNOWN

FACTORS: dict[str, Fraction | int] = {
    **{"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 10**3), "": Fraction(1)},
    **{"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18},
    **{"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60},
}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", Fraction(0)),
        ("1", Fraction(1)),
        (2, Fraction(2)),
        (0.5, Fraction(1, 2)),
        (1e16, Fraction(10**16)),
        ("1e22", Fraction(2**63 - 1)),
        ("-9E", Fraction(-9 * 10**18)),
        ("-10E", Fraction(1 - 2**63)),
        ("0." + "0" * 98 + "1", Fraction(1, 10**99)),
        ("0" * 98 + "1.", Fraction(1)),
        ("+1", Fraction(1)),
        ("-1", Fraction(-1)),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("100m", Fraction(1, 10)),
        ("1500m", Fraction(3, 2)),
        ("1n", Fraction(1, 10**9)),
        ("250u", Fraction(1, 4000)),
        ("1Ki", Fraction(1024)),
        ("2Gi", Fraction(2147483648)),
        ("1Ti", Fraction(2**40)),
        ("1Pi", Fraction(2**50)),
        ("1Ei", Fraction(2**60)),
        ("2G", Fraction(2000000000)),
        ("1.5Gi", Fraction(1610612736)),
        ("1E", Fraction(10**18)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("12e6", Fraction(12_000_000)),
        ("1e-3", Fraction(1, 1000)),
        ("1e+3", Fraction(1000)),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_a_quantity_is_the_exact_number_that_kubernetes_reads(text: Any, number: Fraction) -> None:
    """Nothing is rounded: 0.1 is a tenth. What has no place in 64 bits is as much as has."""
    assert parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "1 Gi",
            " 1",
            "1\n",
            "1K",
            "1ki",
            "1gi",
            "1mi",
            "1B",
            "1GiB",
            "1e",
            "1ee3",
            "1e3Gi",
            "1.2.3",
            "--1",
            ".",
        ),
        *(
            "." + "1" * 100,
            "1." + "1" * 100,
            "0x10",
            "1_000",
            "1,5",
            "Gi",
            "m",
            "nan",
            "inf",
            "\u0661",
            "1e1000",
            "1" * 100,
            None,
            True,
            False,
            [],
            {},
            float("nan"),
        ),
    ],
)
def test_what_is_no_quantity_reads_as_none(text: Any) -> None:
    """The API server refuses it, too."""
    assert parse(text) is None


def test_an_unknown_quantity_stays_unknown() -> None:
    """It may be anything once `up` knows it."""
    assert parse(UNKNOWN) is UNKNOWN


@given(st.integers(-(10**20), 10**20), st.sampled_from(sorted(FACTORS)))
def test_every_suffix_is_its_factor(number: int, suffix: str) -> None:
    """Decimal and binary ones."""
    most = 2**63 - 1
    assert parse(f"{number}{suffix}") == max(-most, min(number * FACTORS[suffix], most))


@given(st.text(max_size=20))
def test_no_text_makes_it_fail(text: str) -> None:
    """A number, or None."""
    assert isinstance(parse(text), Fraction | None)
