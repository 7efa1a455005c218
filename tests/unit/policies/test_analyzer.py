"""What the engine is answered, with its own messages."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2, json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import proto
from pulumi_policy import policy as sdk

from kube.marks import SECRET, SIGNATURE, UNKNOWN_MARK
from kube.objects import Stack
from kube.view import View
from policies.analyzer import Analyzer
from policies.diagnostics import PACK
from policies.pack import make_policies
from policies.rule import ADVISORY, MANDATORY, Findings, Rule, object_rule, stack_rule
from policies.rules.security import read_only_root_fs
from policies.settings import Level, Settings, Waiver

TODAY = datetime.date(2026, 11, 21)
READ_ONLY = "spec.containers[0].securityContext.readOnlyRootFilesystem"


def _label(data: dict[str, Any], _settings: Settings) -> None:
    data.setdefault("metadata", {}).setdefault("labels", {})["owner"] = "us"


@object_rule("Pod", why="It must be ours.", source="-", level=ADVISORY, bad="{}", good="{}", remedy=_label)
def owned(view: View, _settings: Settings) -> Findings:
    """A label says so."""
    if view.get("metadata.labels.owner") != "us":
        yield view.bad("metadata.labels.owner", "must be us", view.get("metadata.labels.owner"))


@object_rule("Secret", why="It must not be long.", source="-", level=MANDATORY, bad="{}", good="{}")
def talkative(view: View, _settings: Settings) -> Findings:
    """A rule with a bug: it shows a value."""
    for key, value in view.entries("stringData").items():
        yield view.bad(("stringData", key), f"is {value.data}", value.data)


@stack_rule(why="A pod needs a ConfigMap.", source="-", level=MANDATORY, bad="{}", good="{}")
def accompanied(stack: Stack, _settings: Settings) -> Findings:
    """One of the same name."""
    for pod in stack.of_kind("Pod"):
        if stack.find("ConfigMap", pod.object.namespace, pod.object.name) is None:
            yield pod.bad("metadata.name", f"there is no ConfigMap {pod.object.name}")


RULES: Sequence[Rule] = (read_only_root_fs, owned, talkative, accompanied)


@pytest.fixture
def is_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine only asks what would be."""
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)


def analyzer(rules: Sequence[Rule] = RULES, **settings: Any) -> Analyzer:
    """With the rules above."""
    levels = {rule: Level(level) for rule, level in settings.pop("levels", {}).items()}
    chosen = Settings(levels=levels, **settings)
    return Analyzer(rules, make_policies(rules, chosen), chosen, lambda: TODAY)


def struct(data: dict[str, Any]) -> Struct:
    """Properties as the engine sends them."""
    return json_format.ParseDict(data, Struct())


def urn(name: str, kind: str = "core/v1:Pod") -> str:
    """As the engine's."""
    return f"urn:pulumi:test::probe::kubernetes:{kind}::{name}"


def request(data: dict[str, Any], kind: str = "core/v1:Pod", name: str = "a") -> proto.AnalyzeRequest:
    """One resource before it is created."""
    return proto.AnalyzeRequest(type=f"kubernetes:{kind}", properties=struct(data), urn=urn(name, kind), name=name)


def stack(*resources: tuple[str, str, dict[str, Any]]) -> proto.AnalyzeStackRequest:
    """All resources (kind, name, properties), as they have become."""
    return proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(type=f"kubernetes:{kind}", urn=urn(name, kind), name=name, properties=struct(data))
            for kind, name, data in resources
        ]
    )


def pod(read_only: object, name: str = "a") -> dict[str, Any]:
    """The properties of a pod."""
    return {
        "metadata": {"name": name, "labels": {"owner": "us"}},
        "spec": {"containers": [{"name": "c", "securityContext": {"readOnlyRootFilesystem": read_only}}]},
    }


def told(response: Any) -> list[tuple[str, str, str]]:
    """Rule, level and last line of each answer."""
    return [
        (each.policyName, proto.EnforcementLevel.Name(each.enforcementLevel), each.message.splitlines()[-1])
        for each in response.diagnostics
    ]


def configured(level: int, rule: str = "owned") -> proto.ConfigureAnalyzerRequest:
    """What `--policy-pack-config` leads to."""
    return proto.ConfigureAnalyzerRequest(policyConfig={rule: proto.PolicyConfig(enforcementLevel=level)})  # type: ignore[arg-type]


def test_the_sdk_still_has_what_we_override() -> None:
    """Another version of it is another contract: read its `policy.py` again before this line is changed."""
    assert version("pulumi-policy") == "1.21.0"
    servicer = sdk._PolicyAnalyzerServicer
    for method in ("Analyze", "AnalyzeStack", "Remediate", "Configure"):
        assert len(inspect.signature(getattr(servicer, method)).parameters) == 3
        assert method in vars(Analyzer)
    assert list(inspect.signature(servicer.__init__).parameters)[1:5] == [
        "name",
        "version",
        "policies",
        "enforcement_level",
    ]
    assert list(inspect.signature(servicer._get_enforcement_level).parameters) == ["self", "policy"]


def test_every_message_that_we_use_has_its_fields() -> None:
    """Of the protocol between engine and pack."""
    names = {field.name for field in proto.AnalyzeDiagnostic.DESCRIPTOR.fields}
    assert names >= {"policyName", "policyPackName", "policyPackVersion", "message", "enforcementLevel", "urn"}
    assert {field.name for field in proto.Remediation.DESCRIPTOR.fields} >= {"policyName", "properties"}


def test_the_pack_tells_the_engine_every_rule() -> None:
    """With its reason and its level."""
    info = analyzer(levels={"owned": "disabled"}).GetAnalyzerInfo(empty_pb2.Empty(), None)  # type: ignore[no-untyped-call]
    assert info.name == PACK
    assert {
        each.name: (each.description, proto.EnforcementLevel.Name(each.enforcementLevel)) for each in info.policies
    } == {
        "read-only-root-fs": (RULES[0].why, "MANDATORY"),
        "owned": (RULES[1].why, "DISABLED"),
        "talkative": (RULES[2].why, "MANDATORY"),
        "accompanied": (RULES[3].why, "MANDATORY"),
    }
    assert [each.name for each in info.policies if each.policy_type == proto.POLICY_TYPE_STACK] == ["accompanied"]


def test_a_violation_is_told_with_its_reason_and_its_field() -> None:
    """Under the rule's name, at its level."""
    response = analyzer().Analyze(request(pod(read_only=False)), None)
    assert told(response) == [("read-only-root-fs", "MANDATORY", f"{READ_ONLY}: must be true")]
    assert response.diagnostics[0].message.startswith(RULES[0].why)
    assert told(analyzer().Analyze(request(pod(read_only=True)), None)) == []


def pods(*names: str, data: dict[str, Any]) -> proto.AnalyzeStackRequest:
    """A stack of pods that are alike."""
    return stack(*(("core/v1:Pod", name, data) for name in names))


@pytest.mark.usefixtures("is_preview")
def test_an_unknown_value_is_told_in_a_preview_while_the_rest_is_judged() -> None:
    """The SDK would end the rule here and say no more. What waits is told at the end."""
    data = pod(read_only=UNKNOWN_MARK)
    data["spec"]["containers"].append({"name": "d"})
    chosen = analyzer(RULES[:3])
    assert told(chosen.Analyze(request(data), None)) == [
        ("read-only-root-fs", "MANDATORY", f"{READ_ONLY.replace('0', '1')}: must be true"),
    ]
    (waiting,) = chosen.AnalyzeStack(pods("a", data=data), None).diagnostics
    assert (waiting.policyName, waiting.enforcementLevel) == ("read-only-root-fs", proto.ADVISORY)
    assert waiting.message == f"{READ_ONLY}: must be true (unknown: decided at up)\nof Pod default/a"
    assert waiting.urn == urn("a")


@pytest.mark.usefixtures("is_preview")
def test_what_several_rules_of_several_objects_wait_for_is_told_once() -> None:
    """With all of them, in an order that does not follow the engine's; the reasons are for what is violated."""

    @stack_rule(why="It must wait.", source="-", level=MANDATORY, bad="{}", good="{}")
    def waiting(stack: Stack, _settings: Settings) -> Findings:
        """Needs the same label."""
        for view in stack.of_kind("Pod"):
            yield view.bad("metadata.labels.owner", "must be them", view.get("metadata.labels.owner"))

    chosen = analyzer((RULES[1], waiting))
    data = {name: {"metadata": {"name": name, "labels": {"owner": UNKNOWN_MARK}}} for name in "cab"}
    for name, each in data.items():
        assert told(chosen.Analyze(request(each, name=name), None)) == []
    found = chosen.AnalyzeStack(stack(*(("core/v1:Pod", name, each) for name, each in data.items())), None)
    (answer,) = found.diagnostics
    assert (answer.policyName, answer.enforcementLevel, answer.urn) == ("pack", proto.ADVISORY, "")
    waits, owners = answer.message.splitlines()
    assert waits == "metadata.labels.owner: unknown: decided at up, by owned, waiting"
    assert owners == "of Pod default/a, Pod default/b, Pod default/c"


@pytest.mark.usefixtures("is_preview")
def test_a_waived_rule_that_waits_says_who_waived_it() -> None:
    """As any that is waived: at once, under its name."""
    chosen = analyzer(waivers=(Waiver("read-only-root-fs", "Pod default/a", "team", "it writes", TODAY),))
    ((name, level, text),) = told(chosen.Analyze(request(pod(read_only=UNKNOWN_MARK)), None))
    assert (name, level) == ("read-only-root-fs", "ADVISORY")
    assert text.endswith("must be true (unknown: decided at up) (waived until 2026-11-21 by team: it writes)")


def test_what_is_still_unknown_in_an_update_blocks() -> None:
    """There everything is known: what is not can't be trusted."""
    (answer,) = told(analyzer().Analyze(request(pod(read_only=UNKNOWN_MARK)), None))
    assert answer[1] == "MANDATORY"


def test_a_list_is_judged_element_by_element() -> None:
    """`PodList` holds pods without a kind of their own."""
    response = analyzer().Analyze(
        request({"items": [pod(read_only=True), pod(read_only=False)]}, "core/v1:PodList"), None
    )
    assert [name for name, _, _ in told(response)] == ["read-only-root-fs"]


def test_resources_that_are_no_objects_are_not_judged() -> None:
    """Of other providers, and components."""
    other = proto.AnalyzeRequest(type="aws:s3/bucket:Bucket", properties=struct(pod(read_only=False)), urn="u")
    assert told(analyzer().Analyze(other, None)) == []
    assert not analyzer(levels={"all": "remediate"}).Remediate(other, None).remediations


def test_a_patch_is_judged_by_what_it_says() -> None:
    """And one line stands for all that it leaves out."""
    (told_of_it,) = told(analyzer().Analyze(request({"metadata": {"name": "a"}}, "core/v1:PodPatch"), None))
    assert told_of_it[:2] == ("pack", "ADVISORY")
    assert told_of_it[2].startswith("Pod default/a: what this patch leaves out")


def test_a_secret_is_never_shown_even_by_a_rule_that_would() -> None:
    """A second fence behind the rules."""
    value = {SIGNATURE: SECRET, "value": "hunter2-of-the-test"}
    (answer,) = told(analyzer().Analyze(request({"stringData": {"a": value}}, "core/v1:Secret"), None))
    assert answer == ("talkative", "MANDATORY", "stringData.a: is [secret]")


def test_levels_from_the_engine_win() -> None:
    """Disabled is silent, mandatory blocks; the others keep theirs."""
    chosen = analyzer()
    chosen.Configure(configured(proto.DISABLED, "read-only-root-fs"), None)
    assert told(chosen.Analyze(request(pod(read_only=False)), None)) == []
    foreign = {**pod(read_only=False), "metadata": {"name": "a"}}
    assert [level for _, level, _ in told(chosen.Analyze(request(foreign), None))] == ["ADVISORY"]
    chosen.Configure(configured(proto.MANDATORY), None)
    assert told(chosen.Analyze(request(foreign), None)) == [
        ("read-only-root-fs", "MANDATORY", f"{READ_ONLY}: must be true"),
        ("owned", "MANDATORY", "metadata.labels.owner: must be us"),
    ]


class Aborted(Exception):
    """The call ends with a status."""


class Context:
    """Of a call."""

    def abort(self, code: grpc.StatusCode, text: str) -> None:
        """As gRPC does."""
        raise Aborted(f"{code.name}: {text}")


def test_what_is_no_level_of_a_rule_is_refused() -> None:
    """A misspelt rule would keep its level, in silence; so would a threshold in the wrong place."""
    with pytest.raises(
        Aborted, match=r"INVALID_ARGUMENT.*read-only-rootfs: there is no such rule; did you mean read-o"
    ):
        analyzer().Configure(configured(proto.DISABLED, "read-only-rootfs"), Context())
    threshold = proto.PolicyConfig(enforcementLevel=proto.MANDATORY, properties=struct({"min": 3}))
    with pytest.raises(Aborted, match=r"owned\.min: belongs into slipway:policy of the stack file"):
        analyzer().Configure(proto.ConfigureAnalyzerRequest(policyConfig={"owned": threshold}), Context())
    analyzer().Configure(configured(proto.ADVISORY, "all"), Context())


def test_a_stack_rule_names_the_object_it_is_about() -> None:
    """By its URN, so that the engine shows it there."""
    chosen = analyzer()
    chosen.Analyze(request(pod(read_only=True)), None)
    response = chosen.AnalyzeStack(stack(("core/v1:Pod", "a", pod(read_only=True))), None)
    assert told(response) == [("accompanied", "MANDATORY", "metadata.name: there is no ConfigMap a")]
    assert response.diagnostics[0].urn == urn("a")
    both = stack(("core/v1:Pod", "a", pod(read_only=True)), ("core/v1:ConfigMap", "a", {"metadata": {"name": "a"}}))
    assert told(chosen.AnalyzeStack(both, None)) == []


def test_a_stack_is_judged_by_what_was_asked_for() -> None:
    """Not by the name under which the API server lists it, but with the name it got where none was asked for."""
    chosen = analyzer()
    asked_for = {**pod(read_only=True), "metadata": {"generateName": "a-", "labels": {"owner": "us"}}}
    chosen.Analyze(request(asked_for), None)
    made = stack(("core/v1:Pod", "a", pod(read_only=False, name="a-x7")))
    assert told(chosen.AnalyzeStack(made, None)) == [
        ("accompanied", "MANDATORY", "metadata.name: there is no ConfigMap a-x7")
    ]


def test_an_object_that_is_only_read_is_context_and_not_judged() -> None:
    """`Pod.get()` is not what this stack makes: it can't be put right here."""
    ((name, level, text),) = told(analyzer().AnalyzeStack(stack(("core/v1:Pod", "a", pod(read_only=True))), None))
    assert (name, level) == ("accompanied", "ADVISORY")
    assert text.endswith("(only read here, not made by this stack)")


def test_a_waiver_is_told_and_one_that_nothing_needs_too() -> None:
    """The second at the end, when everything was seen."""
    first = Waiver("read-only-root-fs", "Pod default/a", "team", "it writes", TODAY)
    second = Waiver("owned", "Pod default/a", "team", "no reason", TODAY)
    chosen = analyzer(waivers=(first, second))
    ((_, level, text),) = told(chosen.Analyze(request(pod(read_only=False)), None))
    assert level == "ADVISORY"
    assert text.endswith("(waived until 2026-11-21 by team: it writes)")
    answers = told(chosen.AnalyzeStack(stack(("core/v1:ConfigMap", "b", {})), None))
    assert [(name, level) for name, level, _ in answers] == [("pack", "ADVISORY")]
    assert answers[0][2].startswith("the waiver of owned for 'Pod default/a'")


def remedied(chosen: Analyzer, data: dict[str, Any], kind: str = "core/v1:Pod") -> list[dict[str, Any]]:
    """The properties after each remedy."""
    response = chosen.Remediate(request(data, kind), None)
    return [json_format.MessageToDict(each.properties) for each in response.remediations]


def test_a_remedy_puts_right_and_keeps_what_it_does_not_touch() -> None:
    """Secrets keep their mark, unknown values stay unknown."""
    chosen = analyzer()
    chosen.Configure(configured(proto.REMEDIATE), None)
    spec = {"token": {SIGNATURE: SECRET, "value": "hunter2-of-the-test"}, "late": UNKNOWN_MARK}
    data = {"metadata": {"name": "a", "labels": {"x": UNKNOWN_MARK}}, "spec": spec}
    assert remedied(chosen, data) == [
        {"metadata": {"name": "a", "labels": {"x": UNKNOWN_MARK, "owner": "us"}}, "spec": spec}
    ]


def test_a_remedy_runs_only_where_it_is_asked_for_and_changes_something() -> None:
    """Not at another level, not on a good object, not on a patch, not for a rule without one."""
    bare = {"metadata": {"name": "a"}}
    assert remedied(analyzer(), bare) == []
    chosen = analyzer(levels={"all": "remediate"})
    chosen.Configure(proto.ConfigureAnalyzerRequest(), None)
    assert remedied(chosen, bare) == [{"metadata": {"name": "a", "labels": {"owner": "us"}}}]
    assert remedied(chosen, {"metadata": {"name": "a", "labels": {"owner": "us"}}}) == []
    assert remedied(chosen, bare, "core/v1:PodPatch") == []
    assert remedied(chosen, {}, "helm.sh/v3:Release") == []


def test_remedies_follow_each_other() -> None:
    """Each one sees what those before it have done."""

    def _second(data: dict[str, Any], _settings: Settings) -> None:
        data["metadata"]["labels"]["second"] = data["metadata"]["labels"]["owner"]

    @object_rule("Pod", why="It must follow.", source="-", level=ADVISORY, bad="{}", good="{}", remedy=_second)
    def following(_view: View, _settings: Settings) -> Findings:
        """Never."""
        return ()

    chosen = analyzer((RULES[1], following), levels={"all": "remediate"})
    chosen.Configure(proto.ConfigureAnalyzerRequest(), None)
    assert [each["metadata"]["labels"] for each in remedied(chosen, {})] == [
        {"owner": "us"},
        {"owner": "us", "second": "us"},
    ]


def test_a_remedy_that_fails_leaves_the_object_to_the_rule() -> None:
    """The engine is told, and the object is judged as it is."""

    def _broken(_data: dict[str, Any], _settings: Settings) -> None:
        raise KeyError("hunter2-of-the-test")

    @object_rule("Pod", why="It must break.", source="-", level=MANDATORY, bad="{}", good="{}", remedy=_broken)
    def breaking(_view: View, _settings: Settings) -> Findings:
        """Never."""
        return ()

    chosen = analyzer((breaking,), levels={"all": "remediate"})
    chosen.Configure(proto.ConfigureAnalyzerRequest(), None)
    (answer,) = chosen.Remediate(request({}), None).remediations
    assert answer.diagnostic == "the remedy itself failed: KeyError"
    assert not answer.HasField("properties")
