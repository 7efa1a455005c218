"""Whatever stands where a rule expects something else, the rule goes on: a rule that crashes is a bug."""

import copy
from typing import Any

import pytest
import yaml

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import walk
from policies import settings_file
from policies.evaluate import evaluate
from policies.rule import Rule
from policies.rules import RULES

JUNK: tuple[Any, ...] = (None, -1, 2.5, True, "", "x", [], {}, [None], [{}], [["a"]], {"a": {}}, {"a": UNKNOWN})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_malformed_value_makes_a_rule_crash(rule: Rule) -> None:
    """Each value of its examples in turn is something else."""
    settings = settings_file.parse(rule.example_settings or {})
    crashes = [
        (path, junk)
        for example in (rule.bad, rule.good)
        for documents in [list(yaml.safe_load_all(example))]
        for path, _ in walk(documents)
        if len(path) > 1
        for junk in JUNK
        for verdict in evaluate([Object(each) for each in replaced(documents, path, junk)], [rule], settings)
        if "the rule itself failed" in verdict.message
    ]
    assert crashes == []


def replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The data with another value at the path; the rest is shared."""
    if not path:
        return value
    changed = copy.copy(data)
    changed[path[0]] = replaced(data[path[0]], path[1:], value)
    return changed
