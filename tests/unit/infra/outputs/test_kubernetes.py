"""The objects of `pulumi up` as files."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from infra.errors import RenderError
from infra.manifests.all import objects
from infra.outputs import kubernetes
from infra.outputs.images import References
from infra.outputs.text import MARK
from infra.plan import Plan, SecretPlan
from tests.unit.infra.outputs.samples import references
from tests.unit.infra.recorder import STACKS, stack_plan


@pytest.fixture(params=STACKS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Every stack in turn."""
    return stack_plan(str(request.param))


def test_each_object_is_a_file_that_says_where_it_comes_from(plan: Plan) -> None:
    """As many as `pulumi up` makes, each with the header; the text reads back as the object."""
    found = kubernetes.files(plan, references(plan))
    wanted = kubernetes.rendered(plan, references(plan))
    assert len(found) == len(wanted) == len(objects(plan, references(plan).images(plan)))
    assert all(text.startswith(f"{MARK} --target yaml --stack {plan.stack}`") for text in found.values())
    read = [yaml.safe_load(text) for text in found.values()]
    assert sorted(read, key=str) == sorted(wanted, key=str)


def test_two_renders_are_the_same_bytes(plan: Plan) -> None:
    """Or every commit of a GitOps repository would show changes that are none."""
    first = kubernetes.files(plan, references(plan))
    assert list(kubernetes.files(plan, references(plan)).items()) == list(first.items())
    assert list(first) == sorted(first)


def test_by_name_each_file_comes_after_what_it_needs(plan: Plan) -> None:
    """Namespace, guards, what pods mount, what fills it, pods, what leads to them: as kubectl reads a folder."""
    kinds = [yaml.safe_load(text)["kind"] for text in kubernetes.files(plan, references(plan)).values()]
    order = ["Namespace", "NetworkPolicy", "ConfigMap", "PersistentVolumeClaim", "Job", "Deployment", "Service"]
    places = [kinds.index(kind) for kind in order]
    assert places == sorted(places)


def test_nothing_is_left_of_pulumi(plan: Plan) -> None:
    """Neither its annotations nor its name as the one who manages an object."""
    for each in kubernetes.rendered(plan, references(plan)):
        metadata = each["metadata"]
        assert not [key for key in metadata.get("annotations", {}) if "pulumi" in key]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "slipway"


def test_pods_are_those_of_the_program(plan: Plan) -> None:
    """Whoever changes from one to the other restarts none."""
    known = references(plan)
    wanted = {each["metadata"]["name"]: each["spec"] for each in objects(plan, known.images(plan))
              if each["kind"] == "Deployment"}  # fmt: skip
    found = {each["metadata"]["name"]: each["spec"] for each in kubernetes.rendered(plan, known)
             if each["kind"] == "Deployment"}  # fmt: skip
    assert found == wanted


def test_a_job_with_another_image_is_another_job() -> None:
    """It can't be changed; its volume is the same, so what it would fetch is there."""
    plan = stack_plan("staging")
    other = References({"serve": "registry.example.com/slipway/serve@sha256:" + "cd" * 32})
    jobs = [
        {each["metadata"]["name"] for each in kubernetes.rendered(plan, known) if each["kind"] == "Job"}
        for known in (references(plan), references(plan), other)
    ]
    assert jobs[0] == jobs[1]
    assert not jobs[0] & jobs[2]
    assert all(len(name) <= 63 for name in jobs[0])


def test_plain_secrets_are_refused() -> None:
    """Their values would be in the files; the message names the setting and what may be in its place."""
    secret = SecretPlan(use="hub-token", name="slipway-hub-token", key="token", source="plain", config_key="hub_token")
    plan = dataclasses.replace(stack_plan("staging"), secrets=(secret,))
    with pytest.raises(RenderError, match=r"slipway:secrets.source: 'plain' can't be rendered.*hub-token.*external"):
        kubernetes.files(plan, references(plan))


def test_no_file_is_a_secret(plan: Plan) -> None:
    """Whatever a stack uses."""
    assert not [each for each in kubernetes.rendered(plan, references(plan)) if each["kind"] == "Secret"]


def test_a_kustomization_lists_all_files() -> None:
    """For `kubectl apply -k`, and only where it was asked for, since `kubectl apply -f` would not take it."""
    plan = stack_plan("local")
    found = kubernetes.files(plan, references(plan), kustomization=True)
    listed = yaml.safe_load(found.pop(kubernetes.KUSTOMIZATION))
    assert listed["resources"] == list(found) == list(kubernetes.files(plan, references(plan)))
