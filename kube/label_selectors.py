"""Label selectors: which pods a Service, a budget or a network policy means.

Knows no unknown values: ask the views of selector and labels first whether they are known.

Source: k8s.io/apimachinery pkg/apis/meta/v1 `LabelSelectorAsSelector`, pkg/labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches_labels(wanted: Any, labels: Mapping[str, Any]) -> bool:
    """Plain equality of every wanted label. UNKNOWN on either side does not match."""
    return isinstance(wanted, Mapping) and all(key in labels and labels[key] == value for key, value in wanted.items())


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything, what is none nothing."""
    return (
        isinstance(selector, Mapping)
        and matches_labels(selector.get("matchLabels") or {}, labels)
        and isinstance(expressions := selector.get("matchExpressions") or [], list)
        and all(isinstance(each, Mapping) and _matches_expression(each, labels) for each in expressions)
    )


def _matches_expression(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values")
    is_named = isinstance(values, list) and labels.get(key) in values
    answers = {"In": is_named, "NotIn": not is_named, "Exists": key in labels, "DoesNotExist": key not in labels}
    return answers.get(str(expression.get("operator"))) is True
