"""Label selectors: which pods a Service, a budget or a network policy means.

Source: k8s.io/apimachinery pkg/apis/meta/v1 `LabelSelectorAsSelector`, pkg/labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.unknown import is_unknown
from policies.view import walk


def matches_labels(wanted: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Plain equality of every wanted label. UNKNOWN on either side does not match: ask `is_undecided` first."""
    return all(key in labels and labels[key] == value for key, value in wanted.items())


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything, what is none nothing."""
    if not isinstance(selector, Mapping):
        return False
    wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(wanted, Mapping) or not isinstance(expressions, list):
        return False
    return matches_labels(wanted, labels) and all(_matches_expression(each, labels) for each in expressions)


def is_undecided(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether the answer hangs on a value that is not known yet."""
    return is_unknown(*labels.values(), *(value for _, value in walk(selector)))


def _matches_expression(expression: Any, labels: Mapping[str, Any]) -> bool:
    if not isinstance(expression, Mapping):
        return False
    key, values = str(expression.get("key")), expression.get("values")
    values = values if isinstance(values, list) else []
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
