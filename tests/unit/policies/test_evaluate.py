"""Rules x objects -> verdicts: nothing is lost, nothing is told twice, a rule that crashes does not consent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube.objects import Object, Pod, Stack, expand
from kube.unknown import UNKNOWN
from kube.view import View
from policies.evaluate import Verdict, evaluate, evaluate_object, evaluate_stack, level_of
from policies.rule import ADVISORY, MANDATORY, MANDATORY_IN_PROD, Findings, Rule, object_rule, pod_rule, stack_rule
from policies.rules import RULES
from policies.settings import Level, Settings
from tests.unit.policies import json_data

WORDS: dict[str, Any] = {"why": "It harms.", "source": "nobody", "bad": "{}", "good": "{}"}


@pod_rule(level=MANDATORY, **WORDS)
def names(pod: Pod, _settings: Settings) -> Findings:
    """Every container is called `good`."""
    for container in pod.containers:
        name = container.text("name")
        if name != "good":
            yield container.bad("name", "must be good", name)


@object_rule("ConfigMap", level=MANDATORY_IN_PROD, **WORDS)
def reads_only(view: View, _settings: Settings) -> Findings:
    """Finds nothing, but looks."""
    view.text("data.a")
    return ()


@stack_rule(level=ADVISORY, **WORDS)
def counts(stack: Stack, _settings: Settings) -> Findings:
    """At most one ConfigMap."""
    for view in stack.of_kind("ConfigMap")[1:]:
        yield view.bad("", "one is enough")


@object_rule(level=ADVISORY, **WORDS)
def crashes(view: View, _settings: Settings) -> Findings:
    """A bug."""
    yield view.bad("", str(view.data["no such key"]))


def pod(*containers: Any, name: str = "p") -> Object:
    """A pod."""
    return Object({"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": list(containers)}})


def config(data: Any) -> Object:
    """A ConfigMap."""
    return Object({"kind": "ConfigMap", "data": data})


def shown(verdicts: list[Verdict]) -> list[tuple[str, str, bool]]:
    """What tests compare."""
    return [(verdict.rule.id, verdict.path, verdict.undecided) for verdict in verdicts]


def test_verdicts_come_in_the_order_of_objects_then_rules_then_the_stack() -> None:
    """So that two runs read the same."""
    found = evaluate([config({}), pod({"name": "x"}), config({})], [counts, crashes, names], Settings())
    assert [(v.object.kind, v.rule.id) for v in found] == [
        ("ConfigMap", "crashes"),
        ("Pod", "crashes"),
        ("Pod", "names"),
        ("ConfigMap", "crashes"),
        ("ConfigMap", "counts"),
    ]


def test_a_rule_sees_only_what_it_is_for() -> None:
    """Pods, its kinds, or all objects together; of an object alone, stack rules say nothing."""
    assert shown(evaluate_object(config({"a": 1}), [names, reads_only, counts], Settings())) == [
        ("reads-only", "data.a", False)
    ]
    assert evaluate_object(Object({"kind": "Secret", "data": {"a": 1}}), [reads_only], Settings()) == []
    assert evaluate_stack([config({"a": 1})], [names, reads_only, counts], Settings()) == []
    assert evaluate_stack([], [counts], Settings()) == []


def test_an_unknown_field_that_a_rule_has_read_is_undecided() -> None:
    """Once, whether the rule says something of it or not, and where it begins."""
    assert shown(evaluate([pod({"name": UNKNOWN})], [names], Settings())) == [
        ("names", "spec.containers[0].name", True)
    ]
    assert shown(evaluate([config(UNKNOWN)], [reads_only], Settings())) == [("reads-only", "data", True)]


def test_an_unknown_list_is_undecided_where_it_is() -> None:
    """Nothing in it could be looked at."""
    one = Object({"kind": "Pod", "spec": {"containers": UNKNOWN}})
    assert shown(evaluate([one], [names], Settings())) == [("names", "spec.containers", True)]


def test_an_unknown_field_is_not_told_again_where_the_rule_told_of_what_is_around_or_in_it() -> None:
    """`spec.a` and `spec.a.b` are one story, `spec.a` and `spec.ab` are two."""

    @object_rule(level=MANDATORY, **WORDS)
    def tells(view: View, _settings: Settings) -> Findings:
        """Finds something at spec.a and in spec.d[0], having read around both."""
        for path in ("spec.a.b", "spec.a", "spec.ab", "spec.d", ("spec", "c", 0)):
            view.get(path)
        yield view.bad("spec.a", "is bad")
        yield view.bad(("spec", "d", 0), "is bad")
        yield view.bad("spec.c", "is bad")

    spec = {"a": {"b": UNKNOWN}, "ab": UNKNOWN, "c": [UNKNOWN], "d": UNKNOWN}
    found = shown(evaluate([Object({"kind": "A", "spec": spec})], [tells], Settings()))
    assert found == [
        ("tells", "spec.a", False),
        ("tells", "spec.d[0]", False),
        ("tells", "spec.c", False),
        ("tells", "spec.ab", True),
    ]


def test_one_unknown_is_told_once_however_much_is_read_below_it() -> None:
    """Nobody wants to hear of each field of a template that is not known yet."""

    @object_rule(level=MANDATORY, **WORDS)
    def reads(view: View, _settings: Settings) -> Findings:
        """Reads much, in the ways that there are."""
        spec = view.at("spec.template").at("spec")
        spec.get("a.b"), spec.items("c"), spec.at("d").text("e"), view.get("metadata.name"), view.is_known()
        return ()

    unknown = {"kind": "A", "metadata": {"name": UNKNOWN}, "spec": {"template": UNKNOWN}}
    found = shown(evaluate([Object(unknown)], [reads], Settings()))
    assert sorted(found) == [("reads", "metadata.name", True), ("reads", "spec.template", True)]


def test_a_patch_is_undecided_where_it_says_nothing() -> None:
    """Once for all that would be below."""
    patch = Object({"kind": "ConfigMap", "metadata": {}}, is_patch=True)
    assert shown(evaluate([patch], [reads_only], Settings())) == [("reads-only", "data", True)]


def test_an_unknown_field_of_another_object_is_another_story() -> None:
    """What is told of one says nothing of the field of the same path in another, and elements are in their list."""

    @stack_rule(level=MANDATORY, **WORDS)
    def tells(stack: Stack, _settings: Settings) -> Findings:
        """Finds something in the first object."""
        first, second = stack.of_kind("A")
        first.get("spec.a"), second.get("spec.a"), first.get(("items", 0))
        yield first.bad("spec.a", "is bad")
        yield first.bad("items", "is bad")

    objects = [Object({"kind": "A", "spec": {"a": UNKNOWN}, "items": [UNKNOWN]}, str(place)) for place in range(2)]
    assert [(v.object.origin, v.path, v.undecided) for v in evaluate(objects, [tells], Settings())] == [
        ("0", "spec.a", False),
        ("0", "items", False),
        ("1", "spec.a", True),
    ]


def test_what_a_rule_says_twice_is_told_once() -> None:
    """Of one place, in the same words; two places, two objects, other words and doubt are other stories."""

    @stack_rule(level=MANDATORY, **WORDS)
    def repeats(stack: Stack, _settings: Settings) -> Findings:
        """Finds the same for each of many reasons."""
        first, second = stack.of_kind("A")
        yield from [first.bad("a", "is bad"), second.bad("a", "is bad"), first.bad("a", "is bad")]
        yield from [first.bad("b", "is bad"), first.bad("a", "is worse"), first.bad("a", "is bad", UNKNOWN)]

    found = evaluate([Object({"kind": "A"}), Object({"kind": "A"})], [repeats], Settings())
    assert [(v.path, v.message, v.undecided) for v in found] == [
        ("a", "is bad", False),
        ("a", "is bad", False),
        ("b", "is bad", False),
        ("a", "is worse", False),
        ("a", "is bad", True),
    ]


def test_a_field_of_the_wrong_type_is_a_violation_of_the_rule_that_needed_it() -> None:
    """Told once: not again where the rule itself refuses it."""
    assert shown(evaluate([pod({"name": 1})], [names], Settings())) == [("names", "spec.containers[0].name", False)]
    [verdict] = evaluate([config({"a": []})], [reads_only], Settings())
    assert (verdict.message, verdict.undecided) == ("must be text", False)


def test_what_two_pods_of_one_object_share_is_told_once() -> None:
    """A kind of somebody else may hold several."""
    template = {"spec": {"containers": [UNKNOWN]}}
    one = Object({"kind": "Own", "a": template, "b": template})
    assert [v.path for v in evaluate([one], [names], Settings())] == [
        "a.spec.containers[0].name",
        "b.spec.containers[0].name",
    ]


def test_a_rule_that_crashes_is_a_violation_of_that_rule() -> None:
    """It fails closed, and says nothing of the object but its own error's name."""
    [verdict] = evaluate([config({"secret": "s3cr3t"})], [crashes], Settings())
    assert (verdict.message, verdict.path, verdict.undecided) == ("the rule itself failed: KeyError", "", False)


@pytest.mark.parametrize(
    ("rule", "settings_", "level"),
    [
        (reads_only, Settings(), Level.MANDATORY),
        (reads_only, Settings(environment="dev"), Level.ADVISORY),
        (reads_only, Settings(levels={"all": Level.ADVISORY}), Level.ADVISORY),
        (reads_only, Settings(levels={"all": Level.ADVISORY, "reads-only": Level.REMEDIATE}), Level.REMEDIATE),
        (reads_only, Settings(levels={"names": Level.DISABLED}), Level.MANDATORY),
    ],
)
def test_a_level_is_the_settings_for_the_rule_then_for_all_then_the_rules_own(
    rule: Rule, settings_: Settings, level: Level
) -> None:
    """In that order."""
    assert level_of(rule, settings_) is level


def test_a_disabled_rule_is_not_asked() -> None:
    """Of objects or of the stack."""
    off = Settings(levels={"all": Level.DISABLED})
    assert evaluate([config({}), config({})], [names, counts, crashes], off) == []


def test_items_of_a_list_are_judged() -> None:
    """By all rules."""
    items = [{"kind": "ConfigMap", "data": {"a": 1}}, {"kind": "ConfigMap"}]
    assert shown(evaluate([Object({"kind": "List", "items": items})], [reads_only, counts], Settings())) == [
        ("reads-only", "data.a", False),
        ("counts", "", False),
    ]


@given(st.lists(json_data.objects, max_size=3))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_data_makes_a_rule_fail(data: list[dict[str, Any]]) -> None:
    """Every real rule, on anything: a rule that crashes would say so."""
    objects = [Object(each) for each in data]
    found = evaluate(objects, RULES, Settings())
    assert [(v.rule.id, v.message) for v in found if "the rule itself failed" in v.message] == []


@given(st.lists(json_data.objects, max_size=4))
def test_no_object_is_lost(data: list[dict[str, Any]]) -> None:
    """A rule for every object is asked of every object, and of every item of a list."""

    @object_rule(level=MANDATORY, **WORDS)
    def always(view: View, _settings: Settings) -> Findings:
        """Refuses everything."""
        yield view.bad("", "is there")

    objects = [Object(each) for each in data]
    assert (
        len(evaluate(objects, [always], Settings()))
        == len(list(expand(objects)))
        >= len([each for each in data if not str(each["kind"]).endswith("List")])
    )
