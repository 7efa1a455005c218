"""Quantities, and which of them can't be meant."""

from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost import sizes
from infra.cost.sizes import Refused
from kube.unknown import UNKNOWN


@pytest.mark.parametrize(
    ("value", "milli"),
    [("250m", 250), ("2", 2000), (1, 1000), ("0.0001", 1), ("1e3", 1_000_000), (None, 0), (UNKNOWN, 0)],
)
def test_cpu_is_rounded_up_to_thousandths(value: Any, milli: int) -> None:
    """As the scheduler rounds; what is absent or not known counts nothing."""
    assert sizes.milli_cpu(value) == milli


@pytest.mark.parametrize(("value", "count"), [("4Gi", 4 * 2**30), ("1.5k", 1500), ("100m", 1), ("64Ti", 64 * 2**40)])
def test_bytes_are_whole(value: str, count: int) -> None:
    """A tenth of a byte is one byte."""
    assert sizes.num_bytes(value, "memory") == count


@pytest.mark.parametrize(
    ("read", "value", "text"),
    [
        (sizes.milli_cpu, "-1", "cpu: '-1' is negative"),
        (sizes.milli_cpu, "lots", "cpu: 'lots' is no quantity"),
        (sizes.milli_cpu, "5000", "more than 4,096 cores"),
        (sizes.milli_cpu, "1e999", "more than 4,096 cores"),
        (sizes.milli_cpu, [1], "is no quantity"),
        (lambda value: sizes.num_bytes(value, "memory"), "65Ti", "memory: '65Ti' is more than 64 TiB"),
        (sizes.num_gpus, Fraction(1, 2), "0.5 GPUs: there are only whole ones"),
        (sizes.num_gpus, Fraction(65), "more than 64"),
        (sizes.num_gpus, Fraction(-1), "is negative"),
        (lambda value: sizes.replicas(value, 1), -1, "replicas: -1 is negative"),
        (lambda value: sizes.replicas(value, 1), 10**9, "more than 20,000"),
        (lambda value: sizes.replicas(value, 1), 1.5, "is no whole number"),
        (sizes.milli_cpu, "x" * 1000, "xxx..."),
    ],
)
def test_what_nobody_can_mean_is_refused_with_its_field_and_value(read: Any, value: Any, text: str) -> None:
    """Negative, absurd, or no quantity at all; a long value is cut."""
    with pytest.raises(Refused) as refused:
        read(value)
    assert text in str(refused.value)
    assert len(str(refused.value)) < 200


def test_replicas_that_are_not_said_are_the_default() -> None:
    """Nor those that nobody knows yet."""
    assert sizes.replicas(None, 1) == 1
    assert sizes.replicas(UNKNOWN, 3) == 3
    assert sizes.replicas(0, 1) == 0


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.lists(st.integers())))
def test_any_value_is_a_size_or_refused(value: Any) -> None:
    """Nothing else is raised, nothing negative comes out."""
    with suppress(Refused):
        assert 0 <= sizes.milli_cpu(value) <= sizes.MAX_CPU_M
    with suppress(Refused):
        assert 0 <= sizes.num_bytes(value, "memory") <= sizes.MAX_MEMORY_BYTES
