"""The environment of a container."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace, View
from policies.facts import variables


def container(*env: dict[str, Any]) -> View:
    """A container with that environment."""
    return (
        Object({"kind": "Pod", "spec": {"containers": [{"env": list(env)}]}})
        .view(Trace())
        .at(("spec", "containers", 0))
    )


def test_of_two_variables_with_one_name_the_last_wins() -> None:
    """As in the container itself."""
    found = container({"name": "A", "value": "1"}, {"name": "A", "value": "2"})
    assert variables.literal(found, "A") == "2"


def test_what_comes_from_elsewhere_is_set_but_empty() -> None:
    """And what is not set at all is None."""
    found = container({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}})
    assert (variables.literal(found, "A"), variables.literal(found, "B")) == ("", None)


@pytest.mark.parametrize(("value", "is_on"), [("1", True), (" True ", True), ("0", False), ("", False), ("2", False)])
def test_a_switch_is_on_with_one_or_true(value: str, is_on: bool) -> None:
    """As vLLM reads its own switches."""
    assert variables.is_on(container({"name": "A", "value": value}), "A") is is_on


@pytest.mark.parametrize("text", ["$(A)", "$A", "${A}"])
def test_a_reference_stands_for_the_variable(text: str) -> None:
    """In the words of Kubernetes and of shells."""
    assert variables.is_reference(text)
    assert variables.resolve(container({"name": "A", "value": "1"}), text) == "1"
    assert variables.resolve(container(), text) == variables.ELSEWHERE


def test_what_is_no_text_is_returned_as_it_is() -> None:
    """True for a flag without a value, UNKNOWN for what only `up` knows."""
    assert variables.resolve(container(), True) is True
    assert variables.resolve(container(), UNKNOWN) is UNKNOWN
    assert variables.resolve(container(), "a") == "a"
