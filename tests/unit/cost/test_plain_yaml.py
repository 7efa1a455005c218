"""YAML that a user wrote."""

import pytest
import yaml

from infra.cost import plain_yaml


def test_values_are_read_as_they_stand() -> None:
    """Nothing but PyYAML's safe values."""
    assert plain_yaml.load("a: [1, x]") == {"a": [1, "x"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 2026-99-99", "month must be in 1..12"),
        ("[" * 5000, "nested too deep"),
        ("a: [", "expected the node content"),
        ("a: \x00", "unacceptable character"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_what_can_not_be_read_is_one_kind_of_error(text: str, says: str) -> None:
    """So that no caller takes a wrong file for a bug."""
    with pytest.raises(yaml.YAMLError, match=says):
        plain_yaml.load(text)
