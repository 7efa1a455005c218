"""What the benchmark of the policies measures is what it says. How fast that is, no test asserts."""

from __future__ import annotations

import json

import pytest

from bench import policies
from policies.rules import RULES


def test_a_thousand_objects_are_a_thousand_different_ones() -> None:
    """Names, namespaces and kinds as in a stack; every second pod says nothing about security."""
    objects = policies.make_objects()
    assert len({(each.kind, each.namespace, each.name) for each in objects}) == len(objects) == policies.NUM_OBJECTS
    assert len({each.kind for each in objects}) > 10
    pods = [each for each in objects if each.kind == "Pod"]
    careless = [each for each in pods if "securityContext" not in each.data["spec"]]
    assert (len(pods), len(careless)) == (policies.NUM_PODS, policies.NUM_PODS // 2)


def test_the_last_line_is_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the worst rule."""
    monkeypatch.setattr(policies, "NUM_OBJECTS", 60)
    monkeypatch.setattr(policies, "NUM_PODS", 20)
    monkeypatch.setattr(policies, "ROUNDS", 1)
    policies.main()
    numbers = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (numbers["objects"], numbers["rules"]) == (60, len(RULES))
    assert numbers["worst_rule"] in {rule.id for rule in RULES}
