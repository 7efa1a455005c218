"""The configuration of a provider resource."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.tools.plugins.kubernetes.test_kubeconfig import config
from tools.plugins.kubernetes.configuration import ConfigurationChange, compare_configurations, texts_of
from tools.plugins.kubernetes.values import UNKNOWN, Secret

ONE, OTHER = json.dumps(config("one")), json.dumps(config("other"))
ONE_RENEWED = json.dumps({**config("one"), "users": [{"name": "one", "user": {"token": "new"}}]})


def test_options_are_texts_and_secrets_are_in_clear() -> None:
    """What is not set or not known yet is left out."""
    given = {"a": "x", "b": True, "c": {"d": 1}, "e": Secret("s"), "f": None, "g": UNKNOWN}
    assert texts_of(given) == {"a": "x", "b": "true", "c": '{"d": 1}', "e": "s"}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"kubeconfig": ONE}, {"kubeconfig": ONE}, ((), ())),
        ({"namespace": "a"}, {"namespace": "b"}, (("namespace",), ())),
        ({"kubeconfig": ONE}, {"kubeconfig": OTHER}, (("kubeconfig",), ("kubeconfig",))),
        ({"kubeconfig": ONE}, {"kubeconfig": ONE_RENEWED}, (("kubeconfig",), ())),
        ({"kubeconfig": ONE}, {"kubeconfig": UNKNOWN}, (("kubeconfig",), ("kubeconfig",))),
        ({}, {"kubeconfig": ONE}, (("kubeconfig",), ())),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": OTHER, "clusterIdentifier": "a"},
            (("kubeconfig",), ()),
        ),
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, (("clusterIdentifier",), ("clusterIdentifier",))),
        ({}, {"clusterIdentifier": "b"}, (("clusterIdentifier",), ())),
    ],
)
def test_only_another_cluster_replaces_what_is_in_it(
    old: dict[str, Any], new: dict[str, Any], change: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    """A new token for the same one does not; an identifier decides where there is one."""
    assert compare_configurations(old, new) == ConfigurationChange(*change)
