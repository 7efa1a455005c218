"""Which Kubernetes object a Pulumi resource is."""

from typing import Any

import pytest

from kube.objects import Object
from kube.resources import to_object
from kube.unknown import UNKNOWN


def made(resource_type: str, **properties: Any) -> Object:
    """The object of a resource that is one."""
    found = to_object(resource_type, properties, "urn")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("resource_type", "api_version", "kind"),
    [
        ("kubernetes:core/v1:Pod", "v1", "Pod"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"),
        ("kubernetes:apps/v1beta2:Deployment", "apps/v1beta2", "Deployment"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicyList", "networking.k8s.io/v1", "NetworkPolicyList"),
        ("kubernetes:cert-manager.io/v1:Certificate", "cert-manager.io/v1", "Certificate"),
    ],
)
def test_a_type_says_which_kind_it_is(resource_type: str, api_version: str, kind: str) -> None:
    """Where the properties don't, or not yet."""
    for properties in ({}, {"kind": UNKNOWN, "apiVersion": UNKNOWN}):
        found = made(resource_type, **properties)
        assert (found.api_version, found.kind, found.is_patch) == (api_version, kind, False)


def test_the_properties_own_kind_comes_first() -> None:
    """A custom resource is registered under any type."""
    found = made("kubernetes:example.com/v1:Thing", apiVersion="apps/v1", kind="Deployment")
    assert (found.api_version, found.kind) == ("apps/v1", "Deployment")


def test_a_patch_is_one_of_its_kind() -> None:
    """Its absent fields are not absent in the object."""
    for properties in ({}, {"kind": "Deployment"}):
        found = made("kubernetes:apps/v1:DeploymentPatch", **properties)
        assert (found.kind, found.is_patch) == ("Deployment", True)


def test_a_kind_whose_name_ends_in_patch_is_none() -> None:
    """Only where its own properties say so."""
    found = made("kubernetes:example.com/v1:EnvoyPatch", kind="EnvoyPatch")
    assert (found.kind, found.is_patch) == ("EnvoyPatch", False)


@pytest.mark.parametrize(
    "resource_type",
    [
        "pulumi:pulumi:Stack",
        "pulumi:providers:kubernetes",
        "slipway:infra:Model",
        "aws:s3/bucket:Bucket",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:helm.sh/v4:Chart",
        "odd",
    ],
)
def test_other_resources_are_no_objects(resource_type: str) -> None:
    """Other providers', and components, whose children come by themselves."""
    assert to_object(resource_type, {"kind": "Pod"}, "urn") is None


def test_a_helm_release_is_an_object_without_its_values() -> None:
    """Values that look like fields are not what runs; that it is opaque is a rule's to say."""
    found = made(
        "kubernetes:helm.sh/v3:Release", name="a", namespace="n", chart="c", values={"spec": {"containers": []}}
    )
    assert found.data == {"apiVersion": "helm.sh/v3", "kind": "Release", "metadata": {"name": "a", "namespace": "n"}}
    assert made("kubernetes:helm.sh/v3:Release").data["metadata"] == {}


def test_a_state_is_judged_by_what_was_asked_for() -> None:
    """Beside it, it holds what the cluster has made of it."""
    found = made("kubernetes:apps/v1:Deployment", spec={"replicas": 1}, __inputs={"spec": {}, "kind": "Deployment"})
    assert found.data == {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}
