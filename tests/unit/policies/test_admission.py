"""The ValidatingAdmissionPolicies that are made of the rules. What an API server says of them: tests/e2e."""

import datetime
import json
import re
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from policies.admission import manifest, waived
from policies.admission.cel import NOTHING, either, every, field, literal, positive
from policies.admission.expressions import TABLES, expressions
from policies.admission.generate import SYSTEM_NAMESPACES, VARIABLES, Fence, generate, not_said
from policies.admission.reasons import AFTER_DEFAULTS, REASONS
from policies.admission.resources import resource_rules
from policies.cli import app
from policies.errors import SettingsError
from policies.rule import Rule, Scope
from policies.rules import RULES
from policies.settings import Level, Settings, Waiver

TODAY = datetime.date(2026, 11, 1)
BY_ID = {rule.id: rule for rule in RULES}


def made(*rules: str, settings: Settings = Settings(), fence: Fence = Fence()) -> list[dict[str, Any]]:  # noqa: B008  values
    """The objects for some rules."""
    return generate([BY_ID[each] for each in rules], settings, fence, TODAY)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.scope is not Scope.STACK], ids=lambda rule: rule.id)
def test_a_rule_of_one_object_is_said_in_cel_or_has_a_reason(rule: Rule) -> None:
    """And never both."""
    assert (rule.id in expressions(Settings())) != (rule.id in REASONS)


def test_nothing_is_said_of_rules_that_there_are_not() -> None:
    """Expressions, reasons and notes name rules; each rule is said once, and none that compares several objects is."""
    said = [rule for table in TABLES for rule in table]
    assert len(said) == len(set(said))
    assert set(said) | set(REASONS) | set(AFTER_DEFAULTS) <= BY_ID.keys()
    assert set(AFTER_DEFAULTS) <= set(said)
    assert [rule for rule in said if BY_ID[rule].scope is Scope.STACK] == []


@pytest.mark.parametrize("rule", [rule for table in TABLES for rule in table])
def test_a_policy_defines_the_names_that_it_uses_before_it_uses_them(rule: str) -> None:
    """And no others: under settings that ask for as much as they can."""
    digest = f"sha256:{'0' * 64}"
    settings = Settings(registries=("a",), attested_digests=(digest,), image_sizes_bytes={digest: 10**12})
    policy, _ = made(rule, settings=settings)
    defined: list[str] = []
    used: set[str] = set()
    for variable in policy["spec"]["variables"]:
        names = re.findall(r"variables\.(\w+)", variable["expression"])
        assert set(names) <= set(defined)
        used.update(names)
        defined.append(variable["name"])
    for validation in policy["spec"]["validations"]:
        used.update(re.findall(r"variables\.(\w+)", " ".join(validation.values())))
        assert validation["message"].endswith(f"({rule})")
    assert used == set(defined)
    assert set(defined) <= {*VARIABLES, "refused"}


def test_a_policy_matches_every_kind_of_its_rule() -> None:
    """A rule of pods all that hold pods, and ephemeral containers; another one its kinds, by group."""
    policy, _ = made("no-host-path")
    matched = policy["spec"]["matchConstraints"]["resourceRules"]
    assert [each["apiGroups"] for each in matched] == [[""], ["apps"], ["batch"]]
    assert "pods/ephemeralcontainers" in matched[0]["resources"]
    assert resource_rules({"Role", "ClusterRole"}) == [
        {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": ["roles", "clusterroles"],
        }
    ]


def test_mandatory_rules_deny_advisory_ones_warn_and_disabled_ones_are_left_out() -> None:
    """By the settings' levels, the environment's among them."""
    settings = Settings(levels={"no-host-path": Level.DISABLED, "no-host-port": Level.REMEDIATE})
    objects = made("no-host-path", "no-host-port", "no-host-aliases", settings=settings)
    assert [each["metadata"]["name"] for each in objects[::2]] == ["slipway-no-host-port", "slipway-no-host-aliases"]
    assert [each["spec"]["validationActions"] for each in objects[1::2]] == [["Deny"], ["Warn", "Audit"]]
    [_, in_dev] = made("image-digest-pinned", settings=Settings(environment="dev"))
    assert in_dev["spec"]["validationActions"] == ["Warn", "Audit"]
    assert not_said([BY_ID["no-host-path"]], settings) == {"no-host-path": "the settings disable it"}


def test_settings_are_in_the_policies() -> None:
    """Level and version of Pod Security, allow-lists, thresholds; what they don't ask for is left out."""
    baseline = Settings(pod_security_level="baseline")
    assert made("run-as-non-root", settings=baseline) == []
    assert not_said([BY_ID["run-as-non-root"]], baseline) == {"run-as-non-root": "the settings ask for nothing here"}
    old, new = (
        json.dumps(made("safe-sysctls-only", settings=Settings(pod_security_version=(1, minor)))) for minor in (26, 27)
    )
    assert "ip_local_reserved_ports" not in old
    assert "ip_local_reserved_ports" in new
    assert made("image-registry-allowed") == []
    assert "ghcr.io/acme/" in json.dumps(
        made("image-registry-allowed", settings=Settings(registries=("ghcr.io/acme",)))
    )


def test_a_fence_is_around_all_namespaces_but_the_systems() -> None:
    """Or around those with a label; what is exempt is exempt either way."""
    names = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(SYSTEM_NAMESPACES)}
    [_, binding] = made("no-host-path")
    assert binding["spec"]["matchResources"] == {"namespaceSelector": {"matchExpressions": [names]}}
    fence = Fence.of(["team=search", "tier="], ["ingress"])
    [_, binding] = made("no-host-path", fence=fence)
    assert binding["spec"]["matchResources"]["namespaceSelector"] == {
        "matchLabels": {"team": "search", "tier": ""},
        "matchExpressions": [{**names, "values": [*SYSTEM_NAMESPACES, "ingress"]}],
    }
    with pytest.raises(SettingsError, match="--label team: must be key=value"):
        Fence.of(["team"], [])


@pytest.mark.parametrize(
    ("labels", "exempt"),
    [(["=a"], []), (["a=b c"], []), (["-a=b"], []), (["a=b", "A/b=c"], []), ([], ["A"]), ([], ["a b"]), ([], [""])],
)
def test_a_fence_that_the_cluster_would_refuse_is_refused_before(labels: list[str], exempt: list[str]) -> None:
    """Where `kubectl apply` had been half way through."""
    with pytest.raises(SettingsError, match="must be"):
        Fence.of(labels, exempt)
    fence = Fence.of(["slipway.dev/fenced=yes", "a.b_c-d=", "x=1.2_3"], ["team-a"])
    assert (fence.labels, fence.exempt[-1]) == ({"slipway.dev/fenced": "yes", "a.b_c-d": "", "x": "1.2_3"}, "team-a")


def test_what_controllers_make_is_not_asked_for_what_authors_owe() -> None:
    """Labels of a Deployment are its author's; a pod's security is asked of every pod."""
    [labels, _] = made("required-labels")
    [security, _] = made("no-host-path")
    [service, _] = made("no-external-ips")
    conditions = [[each["name"] for each in made["spec"]["matchConditions"]] for made in (labels, security, service)]
    assert conditions == [
        ["is-not-being-deleted", "is-not-made-by-a-controller", "is-not-asked-for-by-the-control-plane"],
        ["is-not-being-deleted"],
        ["is-not-being-deleted", "is-not-asked-for-by-the-control-plane"],
    ]


def waiver(target: str, *, rule: str = "no-host-path", expires: datetime.date = TODAY) -> Waiver:
    """A waiver that holds today."""
    return Waiver(rule, target, "a", "a", expires)


def test_a_waiver_is_a_condition_until_it_expires() -> None:
    """Of its own rule alone; the last day counts."""
    waivers = (
        waiver("Pod a/b", rule="no-host-port"),
        waiver("Deployment a/b*", expires=TODAY),
        waiver("Pod a/b", expires=TODAY - datetime.timedelta(days=1)),
    )
    [policy, _] = made("no-host-path", settings=Settings(waivers=waivers))
    [condition] = policy["spec"]["matchConditions"][1:]
    assert condition["name"] == "is-not-waived-1"
    assert 'timestamp("2026-11-02T00:00:00Z")' in condition["expression"]


def patterns(glob: str) -> list[str]:
    """Of the condition that a waiver becomes: for the object itself, and for what controllers make of it."""
    [condition] = waived.conditions("no-host-path", [waiver(glob)], TODAY)
    found = re.findall(r'matches\(("(?:[^"\\]|\\.)*")\)', condition["expression"])
    return [str(json.loads(each)) for each in found]


@pytest.mark.parametrize(
    ("glob", "covered", "not_covered"),
    [
        ("Pod a/b", "Pod a/b", "Pod a/bc"),
        ("Pod a/*", "Pod a/b", "Pod c/a/b"),
        ("Pod *", "Pod a", "Deployment a"),
        ("Pod a/b?", "Pod a/bc", "Pod a/b"),
        ("Pod a/[!b]", "Pod a/c", "Pod a/b"),
        ("Pod a/[b-d]", "Pod a/c", "Pod a/e"),
        ("Pod a.b/c", "Pod a.b/c", "Pod aab/c"),
    ],
)
def test_a_waivers_glob_becomes_a_pattern(glob: str, covered: str, not_covered: str) -> None:
    """Everything but its wildcards stands for itself."""
    pattern = patterns(glob)[0]
    assert re.fullmatch(pattern, covered)
    assert not re.fullmatch(pattern, not_covered)


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("a/web-5d9c7b-x2x4z", True),
        ("a/web-29384756-x2x4z", True),
        ("a/web-0", True),
        ("a/web-29384756-0-x2x4z", True),
        ("a/web-admin-5d9c7b-x2x4z", False),
        ("a/web", False),
        ("a/web-", False),
        ("b/a/web-0", False),
    ],
)
def test_a_waiver_covers_what_controllers_make_of_the_object_alone(name: str, is_covered: bool) -> None:
    """Their suffixes have no vowels; another workload whose name begins alike is another workload."""
    [_, made_of_it] = patterns("Deployment a/web")
    assert bool(re.fullmatch(made_of_it, name)) == is_covered


def test_controllers_that_kubernetes_does_not_have_add_what_they_like() -> None:
    """Their objects are named after what the waiver names, and that is all one can know."""
    [_, made_of_it] = patterns("InferenceService a/web")
    assert re.fullmatch(made_of_it, "a/web-predictor-00001-deployment")


def test_a_waiver_without_a_namespace_covers_no_namespaces_objects() -> None:
    """As ClusterRoles have none."""
    assert patterns("ClusterRole reader") == ["^ClusterRole reader$"]
    [condition] = waived.conditions("no-host-path", [waiver("ClusterRole reader")], TODAY)
    assert "object.metadata.?namespace.orValue('') == ''" in condition["expression"]


def test_the_manifest_says_what_it_does_not_hold() -> None:
    """Its header names every rule that has no policy in it; it is YAML that kubectl can apply."""
    text = manifest.render(RULES, Settings(), Fence(), TODAY)
    header = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    objects = list(yaml.safe_load_all(text))
    said = {each["metadata"]["name"].removeprefix("slipway-") for each in objects}
    unsaid = re.findall(r"[a-z0-9-]+", header)
    assert [rule.id for rule in RULES if rule.id not in said and rule.id not in unsaid] == []
    assert len(objects) == 2 * len(said)
    assert "&id" not in text


def test_the_command_writes_the_manifest() -> None:
    """With a stack's settings or an environment's; a wrong label is a message."""
    runner = CliRunner()
    done = runner.invoke(app, ["admission", "--environment", "dev", "--label", "team=search"])
    assert done.exit_code == 0
    assert "matchLabels:" in done.stdout
    wrong = runner.invoke(app, ["admission", "--label", "team"])
    assert wrong.exit_code == 2
    assert "error: --label team: must be key=value" in wrong.stderr


def test_cel_is_put_together_as_it_reads() -> None:
    """Literals as JSON, paths with a default, conditions in parentheses."""
    assert literal(("a", 'b"')) == '["a", "b\\""]'
    assert literal({"a": 1}) == '{"a": 1}'
    assert literal("a") == '"a"'
    assert field("c.a.b", "0") == "c.?a.?b.orValue(0)"
    assert field("variables.spec.a", "0") == "variables.spec.?a.orValue(0)"
    assert every("a") == "a"
    assert every("a", "b") == "(a) && (b)"
    assert either("a", "b") == "(a) || (b)"
    assert positive("c.?a") == "quantity(c.?a.orValue('0')).isGreaterThan(quantity('0'))"
    assert NOTHING.container is None
