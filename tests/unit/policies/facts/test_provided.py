"""The ConfigMaps and Secrets of a stack, and those that operators make from its other objects."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object, Stack
from kube.unknown import UNKNOWN
from policies.facts.provided import Keys, Provided, provided


def of(*objects: dict[str, Any]) -> Provided:
    """What a stack of these objects provides."""
    return provided(Stack(tuple(Object(each) for each in objects)))


def has(found: Any, key: str) -> Any:
    """Whether what was found has the key."""
    assert isinstance(found, Keys)
    return found.has(key)


@pytest.mark.parametrize(
    ("kind", "field"),
    [("ConfigMap", "data"), ("ConfigMap", "binaryData"), ("Secret", "data"), ("Secret", "stringData")],
)
def test_an_object_has_the_keys_of_its_data(kind: str, field: str) -> None:
    """And no others; a value that is not known yet is one all the same."""
    found = of({"kind": kind, "metadata": {"name": "a"}, field: {"here": UNKNOWN, "there": "x"}})
    assert has(found.find(kind, "default", "a"), "here") is True
    assert has(found.find(kind, "default", "a"), "there") is True
    assert has(found.find(kind, "default", "a"), "nowhere") is False


def test_data_that_is_not_known_may_have_any_key() -> None:
    """Beside those that are."""
    found = of({"kind": "Secret", "metadata": {"name": "a"}, "data": UNKNOWN, "stringData": {"b": "x"}})
    assert has(found.find("Secret", "default", "a"), "b") is True
    assert has(found.find("Secret", "default", "a"), "c") is UNKNOWN


def test_what_has_no_data_has_no_keys() -> None:
    """Nor what is no mapping."""
    found = of({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": ["b"]})
    assert has(found.find("ConfigMap", "default", "a"), "b") is False


@pytest.mark.parametrize(
    "maker",
    [
        {"kind": "ExternalSecret", "metadata": {"name": "other"}, "spec": {"target": {"name": "a"}}},
        {"kind": "ExternalSecret", "metadata": {"name": "a"}, "spec": {}},
        {"kind": "SealedSecret", "metadata": {"name": "a"}, "spec": {"encryptedData": {"b": "x"}}},
        {"kind": "SealedSecret", "metadata": {"name": "o"}, "spec": {"template": {"metadata": {"name": "a"}}}},
        {"kind": "Certificate", "metadata": {"name": "other"}, "spec": {"secretName": "a"}},
        *(
            {
                "kind": "Ingress",
                "metadata": {"name": "other", "annotations": {issuer: "x"}},
                "spec": {"tls": [{"secretName": "b"}, {"secretName": "a"}]},
            }
            for issuer in ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer")
        ),
    ],
)
def test_operators_make_secrets_with_any_key(maker: dict[str, Any]) -> None:
    """Of the name that the object says, else of its own."""
    found = of(maker)
    assert has(found.find("Secret", "default", "a"), "any") is True
    assert found.find("Secret", "default", "other") is None
    assert found.find("ConfigMap", "default", "a") is None


def test_an_ingress_without_an_issuer_makes_nothing() -> None:
    """It only names what must be there."""
    assert of({"kind": "Ingress", "spec": {"tls": [{"secretName": "a"}]}}).find("Secret", "default", "a") is None


def test_the_root_certificate_is_in_every_namespace() -> None:
    """Kubernetes puts it there, with a key."""
    assert has(of().find("ConfigMap", "any", "kube-root-ca.crt"), "ca.crt") is True


def test_objects_are_found_in_their_own_namespace() -> None:
    """Not in others."""
    found = of({"kind": "Secret", "metadata": {"name": "a", "namespace": "n"}})
    assert found.find("Secret", "n", "a") is not None
    assert found.find("Secret", "default", "a") is None


@pytest.mark.parametrize(
    "maker",
    [
        {"kind": "Secret", "metadata": {"name": UNKNOWN}},
        {"kind": "Secret", "metadata": {"name": "b", "namespace": UNKNOWN}},
        {"kind": "ExternalSecret", "metadata": {"name": "b"}, "spec": {"target": {"name": UNKNOWN}}},
        {"kind": "Certificate", "metadata": {"name": "b"}, "spec": UNKNOWN},
    ],
)
def test_an_object_whose_name_only_up_knows_may_be_any(maker: dict[str, Any]) -> None:
    """So nothing of its kind is missing."""
    assert of(maker).find("Secret", "default", "a") is UNKNOWN
    assert of(maker).find("ConfigMap", "default", "a") is None


def test_a_name_that_only_up_knows_may_be_that_of_any() -> None:
    """Or of none."""
    assert of().find("Secret", "default", UNKNOWN) is UNKNOWN
    assert of().find("Secret", UNKNOWN, "a") is UNKNOWN
