"""The policies that are made of the rules, on a real API server: it must say of every object what the rule says."""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from infra import endpoints as endpoints_file
from infra.environment import Environment
from policies.admission import generate
from policies.admission.expressions import expressions
from policies.pod_security import rules_of_level
from policies.rules import RULES
from policies.settings import Level, Settings, Waiver
from tests.conformance.pss import fixtures, wrapped
from tests.e2e import admission
from tests.e2e.admission import Outcome, Trial, Variant
from tests.e2e.api_server import ApiServer, connect, path_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

STANDARDS = ((1, 36), (1, 37))
SAID = [rule for rule in RULES if rule.id in expressions(Settings())]


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """The cluster's, without anything of ours before and afterwards."""
    endpoints = endpoints_file.load(Environment.read(os.environ).state_dir)
    assert endpoints is not None, "no cluster: run through `make test`"
    with connect(Path(str(endpoints.kubeconfig))) as connected:
        try:
            yield connected
        finally:
            admission.remove_all(connected)


Try = Callable[[list[Trial]], list[Outcome]]


@pytest.fixture(scope="module")
def try_all(server: ApiServer, request: pytest.FixtureRequest) -> Try:
    """Gives the outcomes of what the API server accepts: what it refuses by itself needs no policy."""

    def try_all(to_try: list[Trial]) -> list[Outcome]:
        variants = list({trial.variant.policy: trial.variant for trial in to_try}.values())
        admission.install(server, variants)
        admission.wait_until_in_force(server, to_try)
        assert admission.type_warnings(server, variants) == []
        found = [outcome for outcome in admission.run(server, to_try) if outcome.answer.is_accepted]
        plainly = sum(outcome.agrees for outcome in found)
        later = sum(not outcome.agrees and outcome.agrees_after_defaults for outcome in found)
        said = f"{len(variants)} policies, {len(to_try)} trials, {len(to_try) - len(found)} of invalid objects"
        agreed = f"{plainly + later} agreed ({later} of them after defaults), {len(found) - plainly - later} not"
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            request.config.get_terminal_writer().line(f"\n{said}; {agreed}")
        return found

    return try_all


@pytest.fixture(scope="module")
def outcomes(try_all: Try) -> list[Outcome]:
    """Every example and every case of every rule that CEL can say."""
    return try_all(admission.trials(RULES, secrets.token_hex(2)))


def test_the_api_server_says_what_the_rules_say(outcomes: list[Outcome]) -> None:
    """Each object is refused by the policy exactly if it is refused by the rule.

    Where the API server has filled in a default, the rule is asked about that, too: `reasons.AFTER_DEFAULTS`.
    """
    differing = [outcome for outcome in outcomes if not outcome.agrees]
    assert [str(outcome) for outcome in differing if not outcome.agrees_after_defaults] == []
    assert len(differing) < len(outcomes) // 50


def test_every_policy_has_refused_something_and_allowed_something(outcomes: list[Outcome]) -> None:
    """A policy that always says the same would agree with half of the cases, too."""
    refused = {outcome.trial.variant.rule.id for outcome in outcomes if outcome.warned}
    allowed = {outcome.trial.variant.rule.id for outcome in outcomes if not outcome.warned}
    assert [rule.id for rule in SAID if rule.id not in refused & allowed] == []


def test_the_fixtures_of_pod_security_are_judged_as_by_kubernetes(try_all: Try) -> None:
    """Each Pod of Kubernetes' own tests, as a Pod and in a Deployment, at both levels."""
    run, to_try, passes = secrets.token_hex(2), [], []
    for fixture in fixtures(print):
        if fixture.version in STANDARDS:
            settings = Settings(pod_security_level=fixture.level, pod_security_version=fixture.version)
            namespace = f"{admission.PREFIX}{run}-{fixture.level}-{fixture.version[1]}"
            for data in wrapped(yaml.safe_load(fixture.file.read_text()))[:2]:
                sent = admission.completed(data, namespace)
                for rule in rules_of_level(fixture.level, fixture.version):
                    to_try.append(Trial(Variant(rule, settings, namespace), str(fixture), sent))  # noqa: PERF401
                passes.append((sent, fixture.passes))
    found = try_all(to_try)
    assert [str(outcome) for outcome in found if not outcome.agrees] == []
    refused = {id(outcome.trial.data) for outcome in found if outcome.warned}
    accepted = {id(outcome.trial.data) for outcome in found}
    assert len(accepted) > len(passes) // 2
    assert [data for data, passed in passes if id(data) in accepted and passed == (id(data) in refused)] == []


def test_mandatory_rules_deny_and_advisory_ones_warn(server: ApiServer) -> None:
    """As generated: what kubectl is told of each bad example, in a namespace that is fenced and in one that is not."""
    run = secrets.token_hex(2)
    fenced, free = f"{admission.PREFIX}{run}-fenced", f"{admission.PREFIX}{run}-free"
    for name in (fenced, free):
        labels = {"example.com/fenced": run} if name == fenced else {}
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    pod_rules = [rule for rule in SAID if rule.id in {"no-host-aliases", "no-host-namespaces"}]
    fence = generate.Fence(labels={"example.com/fenced": run})
    objects = generate.generate(pod_rules, Settings(), fence, admission.TODAY)
    advisory = "slipway-no-host-aliases"
    try:
        for each in objects:
            assert server.create(each).is_accepted
        host_users = {"hostIPC": True}
        aliases = {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}
        bad = {"apiVersion": "v1", "kind": "Pod", "spec": host_users | {"containers": [{"name": "a", "image": "a"}]}}
        doubtful = {"apiVersion": "v1", "kind": "Pod", "spec": aliases | {"containers": [{"name": "a", "image": "a"}]}}
        for _ in admission.patiently():
            denied = server.create(admission.completed(bad, fenced), dry_run=True)
            warned = server.create(admission.completed(doubtful, fenced), dry_run=True)
            if denied.status == 422 and advisory in warned.warned_by:
                break
        assert denied.status == 422
        assert "(no-host-namespaces)" in denied.body["message"]
        assert warned.is_accepted
        assert advisory in warned.warned_by
        elsewhere = server.create(admission.completed(bad, free), dry_run=True)
        assert elsewhere.is_accepted
        assert advisory not in server.create(admission.completed(doubtful, free), dry_run=True).warned_by
    finally:
        for each in objects:
            server.delete(path_of(each, each["metadata"]["name"]))


def test_an_ephemeral_container_is_fenced_too(server: ApiServer) -> None:
    """It comes in by a subresource of a pod that is there already; the message names the container."""
    rule = next(rule for rule in SAID if rule.id == "no-privileged-container")
    variant = Variant(rule, Settings(levels={"all": Level.MANDATORY}), f"{admission.PREFIX}{secrets.token_hex(2)}")
    # The gate keeps the pod from ever being scheduled.
    spec = {"schedulingGates": [{"name": "example.com/never"}], "containers": [{"name": "a", "image": "a"}]}
    pod = admission.completed({"apiVersion": "v1", "kind": "Pod", "spec": spec}, variant.namespace)
    admission.install(server, [variant])
    for _ in admission.patiently():
        created = server.create(pod)  # once the namespace has its service account
        if created.is_accepted:
            break
    debugger = {"name": "debugger", "image": "a", "securityContext": {"privileged": True}}
    for _ in admission.patiently():
        now = server.get(path_of(pod, "a")).body  # somebody may have noted something in its status
        changed = {**now, "spec": {**now["spec"], "ephemeralContainers": [debugger]}}
        answer = server.replace(f"{path_of(pod, 'a')}/ephemeralcontainers", changed, dry_run=True)
        if variant.policy in answer.warned_by:
            break
    assert answer.is_accepted, answer.body
    assert variant.policy in answer.warned_by
    assert any("container debugger:" in warning for warning in answer.warnings)


def test_a_waiver_holds_for_what_it_names_and_what_controllers_make_of_it(server: ApiServer) -> None:
    """A waived Deployment's pods are let in, too; another one, and one whose waiver has expired, are not."""
    run = secrets.token_hex(2)
    rule = next(rule for rule in SAID if rule.id == "no-host-namespaces")
    namespace = f"{admission.PREFIX}{run}"
    late, early = datetime.date(2999, 1, 1), datetime.date(2020, 1, 1)
    waivers = (
        Waiver(rule.id, f"Deployment {namespace}/waived", "a", "a", late),
        Waiver(rule.id, f"Deployment {namespace}/expired", "a", "a", early),
    )
    variant = Variant(rule, Settings(waivers=waivers), namespace)
    admission.install(server, [variant], today=early)
    template = {"spec": {"hostIPC": True, "containers": [{"name": "a", "image": "a"}]}}

    def warns(kind: str, name: str, owner: str = "") -> bool:
        owners = (
            [{"apiVersion": "apps/v1", "kind": owner, "name": "a", "uid": "a", "controller": True}] if owner else []
        )
        spec = template["spec"] if kind == "Pod" else {"template": template}
        data = {"kind": kind, "metadata": {"name": name, "ownerReferences": owners}, "spec": spec}
        answer = server.create(admission.completed(data, namespace), dry_run=True)
        assert answer.is_accepted, answer.body
        return variant.policy in answer.warned_by

    for _ in admission.patiently():
        if warns("Deployment", "other"):
            break
    assert warns("Deployment", "other")
    assert not warns("Deployment", "waived")
    assert not warns("ReplicaSet", "waived-5d9", owner="Deployment")
    assert not warns("Pod", "waived-5d9-x2x", owner="ReplicaSet")
    assert warns("Pod", "waived-5d9-x2x")
    assert warns("ReplicaSet", "waived-admin-5d9", owner="Deployment")
    assert warns("Deployment", "expired")
