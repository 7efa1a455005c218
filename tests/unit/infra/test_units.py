"""Quantities: text to numbers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512Mi", 536870912), ("20Gi", 21474836480), ("1Ti", 2**40), ("1G", 10**9), ("1.5Gi", 1610612736), ("7", 7)],
)
def test_sizes_are_read_as_kubernetes_reads_them(text: str, expected: int) -> None:
    """Binary and decimal suffixes, fractions and plain bytes."""
    assert units.parse_bytes(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("2", 2000), ("0.5", 500), ("250m", 250), ("1.125", 1125)])
def test_cores_are_read_as_kubernetes_reads_them(text: str, expected: int) -> None:
    """Whole cores, fractions and millicores."""
    assert units.parse_cpu(text) == expected


@pytest.mark.parametrize("text", ["", "20GB", "-1Gi", "1 Gi", "Gi", "1e3", "ten"])
def test_a_size_that_is_not_one_is_refused_with_examples(text: str) -> None:
    """The message shows what a size looks like."""
    with pytest.raises(ValueError, match="512Mi, 20Gi or 1Ti"):
        units.parse_bytes(text)


@pytest.mark.parametrize("text", ["", "2 cores", "-1", "0.5m", "1.0001", "m"])
def test_a_number_of_cores_that_is_not_one_is_refused_with_examples(text: str) -> None:
    """The message shows what a number of cores looks like."""
    with pytest.raises(ValueError, match="cores such as 2, 0"):
        units.parse_cpu(text)


@given(st.integers(min_value=0, max_value=2**55))
def test_a_size_survives_being_written_and_read(num_bytes: int) -> None:
    """The formatter loses nothing."""
    assert units.parse_bytes(units.format_bytes(num_bytes)) == num_bytes


@given(st.integers(min_value=0, max_value=10**7))
def test_cores_survive_being_written_and_read(millicores: int) -> None:
    """The formatter loses nothing."""
    assert units.parse_cpu(units.format_cpu(millicores)) == millicores


def test_sizes_are_written_as_the_api_server_writes_them() -> None:
    """The largest binary unit that divides the number."""
    sizes = (0, 1000, 1024, 2048 * units.MI, 512 * units.MI, 2**40)
    assert [units.format_bytes(n) for n in sizes] == ["0", "1000", "1Ki", "2Gi", "512Mi", "1Ti"]


@given(st.integers(min_value=0, max_value=2**50), st.integers(min_value=1, max_value=2**30))
def test_rounding_up_gives_the_next_multiple(num_bytes: int, unit: int) -> None:
    """Not smaller, a multiple, and less than one unit away."""
    rounded = units.round_up(num_bytes, unit)
    assert rounded >= num_bytes
    assert rounded % unit == 0
    assert rounded - num_bytes < unit
