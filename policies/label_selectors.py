"""Label selectors: which pods a Service, a budget or a network policy means.

Source: k8s.io/apimachinery pkg/apis/meta/v1 `LabelSelectorAsSelector`, pkg/labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.unknown import is_unknown


def matches_labels(wanted: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Plain equality of every wanted label. UNKNOWN on either side does not match: ask `is_undecided` first."""
    return all(key in labels and labels[key] == value for key, value in wanted.items())


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything, None nothing."""
    if not isinstance(selector, Mapping):
        return False
    expressions = selector.get("matchExpressions") or []
    return matches_labels(selector.get("matchLabels") or {}, labels) and all(
        _matches_expression(expression, labels) for expression in expressions
    )


def is_undecided(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether the answer hangs on a value that is not known yet."""
    if is_unknown(selector, *labels.values()):
        return True
    if not isinstance(selector, Mapping):
        return False
    return any(
        is_undecided(value, {}) if isinstance(value, Mapping) else is_unknown(value) for value in selector.values()
    )


def _matches_expression(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, operator, values = str(expression.get("key")), expression.get("operator"), expression.get("values") or []
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
