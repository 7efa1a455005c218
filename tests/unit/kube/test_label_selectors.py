"""Label selectors mean what the API server takes them to mean."""

from __future__ import annotations

from typing import Any

import pytest

from kube import label_selectors

LABELS = {"app": "a", "tier": "front"}


def expression(key: str, operator: str, *values: Any) -> dict[str, Any]:
    """A selector of one expression."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"matchLabels": None, "matchExpressions": None},
        {"matchLabels": {"app": "a"}},
        {"matchLabels": {"app": "a", "tier": "front"}},
        expression("app", "In", "b", "a"),
        expression("app", "NotIn", "b"),
        expression("other", "NotIn", "b"),
        expression("app", "Exists"),
        expression("other", "DoesNotExist"),
        {"matchLabels": {"app": "a"}, **expression("tier", "In", "front")},
    ],
)
def test_a_selector_matches(selector: Any) -> None:
    """Every demand must hold; none is none."""
    assert label_selectors.matches(selector, LABELS)


@pytest.mark.parametrize(
    "selector",
    [
        None,
        "app=a",
        {"matchLabels": "app"},
        {"matchExpressions": {"key": "app"}},
        {"matchExpressions": ["app"]},
        {"matchLabels": {"app": "b"}},
        {"matchLabels": {"app": "a", "other": "x"}},
        expression("app", "In", "b"),
        expression("other", "In", "a"),
        expression("app", "NotIn", "a"),
        expression("other", "Exists"),
        expression("app", "DoesNotExist"),
        expression("app", "Gt", "1"),
        {"matchExpressions": [{"key": "app", "operator": "In", "values": "a"}]},
        {"matchLabels": {"app": "b"}, **expression("tier", "In", "front")},
        {"matchExpressions": [*expression("app", "Exists")["matchExpressions"], {"key": "x", "operator": "Exists"}]},
    ],
)
def test_a_selector_does_not_match(selector: Any) -> None:
    """One demand that fails is enough, and what is no selector selects nothing."""
    assert not label_selectors.matches(selector, LABELS)
