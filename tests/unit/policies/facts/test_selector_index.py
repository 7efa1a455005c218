"""The index finds exactly the objects that trying every selector on the pod would find."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from kube import label_selectors
from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace, View
from policies.facts import selector_index

SELECTORS: list[Any] = [
    None,
    {},
    {"matchLabels": {"app": "a"}},
    {"matchLabels": {"app": "a", "part-of": "x"}},
    {"matchLabels": {"app": "b", "part-of": "x"}},
    {"matchLabels": {"part-of": "x"}},
    {"matchLabels": {"version": 1}},
    {"matchLabels": "wrong"},
    {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
    {"matchLabels": {"part-of": "x"}, "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]},
]


def budget(selector: Any, namespace: Any = "one", trace: Trace | None = None) -> View:
    """A view of a budget with that selector."""
    data = {"kind": "PodDisruptionBudget", "metadata": {"namespace": namespace}, "spec": {"selector": selector}}
    return Object(data).view(trace or Trace())


def test_the_index_agrees_with_trying_every_selector() -> None:
    """For every selector, in both of two namespaces, and for pods with every choice of labels."""
    budgets = [budget(selector, namespace) for selector in SELECTORS for namespace in ("one", "two")]
    found = selector_index.index(budgets)
    assert found.is_complete
    choices = [("app", ("a", "b", None)), ("part-of", ("x", None)), ("version", (1, "1", None))]
    for values in itertools.product(*(each for _, each in choices)):
        labels = {key: value for (key, _), value in zip(choices, values, strict=True) if value is not None}
        for namespace in ("one", "two", "three"):
            expected = [
                id(view)
                for view in budgets
                if view.object.namespace == namespace and label_selectors.matches(view.get("spec.selector"), labels)
            ]
            assert sorted(id(view) for view in found.selecting(namespace, labels)) == sorted(expected)


@pytest.mark.parametrize(
    ("selector", "namespace", "path"),
    [
        (UNKNOWN, "one", "spec.selector"),
        ({"matchLabels": {"app": UNKNOWN}}, "one", "spec.selector.matchLabels.app"),
        ({"matchLabels": {"app": "a"}}, UNKNOWN, "metadata.namespace"),
    ],
)
def test_what_may_select_anything_leaves_the_index_incomplete(selector: Any, namespace: Any, path: str) -> None:
    """And it is noted, so that it is reported."""
    trace = Trace()
    found = selector_index.index([budget(selector, namespace, trace)])
    assert not found.is_complete
    assert found.selecting("one", {"app": "a"}) == []
    assert [noted for _, noted in trace.unknown] == [path]


def test_a_selector_is_filed_under_its_rarest_label() -> None:
    """So a label that everything has costs nothing."""
    found = selector_index.index([budget({"matchLabels": {"part-of": "x", "app": str(n)}}) for n in range(3)])
    assert sorted(found.filed) == [("one", "app", "0"), ("one", "app", "1"), ("one", "app", "2")]


def test_another_path_can_hold_the_selector() -> None:
    """Not only `spec.selector`."""
    view = Object({"kind": "NetworkPolicy", "spec": {"podSelector": {}}}).view(Trace())
    assert selector_index.index([view], "spec.podSelector").selecting("default", {}) == [view]


@pytest.mark.parametrize(("selector", "number"), [({"app": "a"}, 1), ({"app": "b"}, 0), ({}, 0), (None, 0), ("app", 0)])
def test_a_plain_selector_is_a_mapping_of_labels(selector: Any, number: int) -> None:
    """As in a Service; an empty one selects nothing."""
    found = selector_index.index([budget(selector)], is_plain=True)
    assert len(found.selecting("one", {"app": "a", "n": "1"})) == number
