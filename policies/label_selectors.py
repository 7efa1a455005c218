"""Label selectors: which pods a Service, a budget or a network policy means.

Source: k8s.io/apimachinery pkg/apis/meta/v1 `LabelSelectorAsSelector`, pkg/labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.unknown import is_unknown
from policies.view import walk


def matches_labels(wanted: Any, labels: Mapping[str, Any]) -> bool:
    """Plain equality of every wanted label. UNKNOWN on either side does not match: ask `is_undecided` first."""
    return isinstance(wanted, Mapping) and all(key in labels and labels[key] == value for key, value in wanted.items())


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything, what is none nothing."""
    if not isinstance(selector, Mapping):
        return False
    expressions = selector.get("matchExpressions") or []
    holds = isinstance(expressions, list) and all(_matches_expression(each, labels) for each in expressions)
    return holds and matches_labels(selector.get("matchLabels") or {}, labels)


def is_undecided(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether the answer hangs on a value that is not known yet."""
    return is_unknown(*labels.values(), *(value for _, value in walk(selector)))


def _matches_expression(expression: Any, labels: Mapping[str, Any]) -> bool:
    if not isinstance(expression, Mapping):
        return False
    key, values = str(expression.get("key")), expression.get("values")
    is_named = isinstance(values, list) and labels.get(key) in values
    answers = {"In": is_named, "NotIn": not is_named, "Exists": key in labels, "DoesNotExist": key not in labels}
    return answers.get(str(expression.get("operator"))) is True
