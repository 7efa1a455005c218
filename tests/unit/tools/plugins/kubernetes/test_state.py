"""What is kept of an object."""

from __future__ import annotations

from typing import Any

from tools.plugins.kubernetes import state
from tools.plugins.kubernetes.values import Secret, from_struct, has_secret, to_struct

LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "uid": "1", "managedFields": [{"manager": "m"}]},
    "spec": {"password": "x", "replicas": 1},
}
GIVEN = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"password": Secret("x")}}
INPUTS = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"password": "x"}}


def written() -> dict[str, Any]:
    """A state."""
    return state.write(INPUTS, LIVE, GIVEN, api_version="apps/v1", manager="pulumi-kubernetes-1")


def test_a_state_has_the_live_object_and_what_it_was_made_from() -> None:
    """Under the names of the official provider; who owns which field is asked anew each time."""
    kept = written()
    assert kept["metadata"] == {"name": "a", "uid": "1"}
    assert kept["__initialApiVersion"] == "apps/v1"
    assert kept["__fieldManager"] == "pulumi-kubernetes-1"


def test_secrets_are_secret_in_the_object_and_in_the_inputs() -> None:
    """Nothing else is."""
    kept = written()
    assert kept["spec"] == {"password": Secret("x"), "replicas": 1}
    assert kept["__inputs"]["spec"] == {"password": Secret("x")}


def test_the_inputs_of_a_secret_are_kept_and_hidden() -> None:
    """Without them the official provider could not go on with the state."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"p": "eA=="}}
    kept = state.write(secret, secret, {}, api_version="v1", manager="m")
    assert kept["data"] == Secret({"p": "eA=="})
    assert kept["__inputs"]["data"] == Secret({"p": "eA=="})


def test_what_is_written_can_be_read_after_a_trip_through_the_engine() -> None:
    """Secrets in clear, for comparing and applying."""
    kept = state.read(from_struct(to_struct(written())))
    assert kept.inputs == INPUTS
    assert kept.live["spec"] == {"password": "x", "replicas": 1}
    assert not any(key.startswith("__") for key in kept.live)
    assert (kept.api_version, kept.manager) == ("apps/v1", "pulumi-kubernetes-1")
    assert not has_secret(kept.live)


def test_the_state_of_an_object_that_was_only_read_is_empty_where_nothing_is_known() -> None:
    """No inputs, no manager."""
    kept = state.read({"apiVersion": "v1", "kind": "ConfigMap"})
    assert (kept.inputs, kept.api_version, kept.manager) == ({}, "", "")


def test_the_manager_is_the_objects_own_else_the_kept_one_else_new() -> None:
    """Two stacks must not share one."""
    annotated = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "mine"}}}
    assert state.manager_of(annotated, "kept", "12") == "mine"
    assert state.manager_of({}, "kept", "12") == "kept"
    assert state.manager_of({}, "", "12") == "pulumi-kubernetes-12"
