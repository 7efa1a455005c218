"""States and previews of Pulumi: what the program asked for, with secrets and unknown values marked as such."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kube import marks
from kube.objects import Object
from kube.sources import Source, read
from kube.unknown import UNKNOWN
from kube.view import Trace

URN = "urn:pulumi:prod::slipway::kubernetes:core/v1:ConfigMap::settings"
CONFIG_MAP: dict[str, Any] = {
    "urn": URN,
    "custom": True,
    "type": "kubernetes:core/v1:ConfigMap",
    "inputs": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}},
    "outputs": {"metadata": {"name": "settings", "uid": "1"}},
}


def state(*resources: Any) -> Source:
    """The objects of an exported state."""
    return read(json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": resources}}), "state.json")


def preview(*steps: Any) -> Source:
    """The objects of a preview."""
    return read(json.dumps({"config": {}, "steps": steps, "duration": 1}), "preview.json")


def with_inputs(**inputs: Any) -> dict[str, Any]:
    """The ConfigMap with other inputs."""
    return {**CONFIG_MAP, "inputs": {**CONFIG_MAP["inputs"], **inputs}}


def only(source: Source) -> Object:
    """The one object."""
    [found] = source.objects
    return found


def test_a_resource_of_a_state_is_what_the_program_asked_for() -> None:
    """Its origin is the file and the URN."""
    found = only(state(CONFIG_MAP))
    assert found.data == CONFIG_MAP["inputs"]
    assert found.origin == f"state.json#{URN}"


def test_a_file_of_the_local_backend_is_a_state_too() -> None:
    """`.pulumi/stacks/prod.json`."""
    text = json.dumps({"version": 3, "checkpoint": {"stack": "prod", "latest": {"resources": [CONFIG_MAP]}}})
    assert only(read(text, "f")).name == "settings"


def test_a_step_of_a_preview_is_what_will_be() -> None:
    """Not what goes away."""
    created = preview({"op": "create", "urn": URN, "newState": CONFIG_MAP})
    assert only(created).origin == f"preview.json#{URN}"
    changed = preview({"op": "update", "oldState": CONFIG_MAP, "newState": with_inputs(data={"a": "c"})})
    assert only(changed).data["data"] == {"a": "c"}
    assert preview({"op": "delete", "oldState": CONFIG_MAP}).objects == ()
    assert preview({"op": "delete-replaced", "oldState": CONFIG_MAP, "newState": CONFIG_MAP}).objects == ()
    assert preview().objects == ()


def test_other_resources_are_no_objects() -> None:
    """Stacks, providers, components and other clouds; the objects of a component are resources of their own."""
    types = [
        "pulumi:pulumi:Stack",
        "pulumi:providers:kubernetes",
        "kubernetes:helm.sh/v4:Chart",
        "aws:s3/bucket:Bucket",
    ]
    assert state(*({**CONFIG_MAP, "type": each} for each in types), None, "text") == Source()
    assert read('{"version": 3, "deployment": {"manifest": {}}}', "f") == Source()


def test_what_waits_for_its_deletion_is_gone() -> None:
    """Its replacement is there already."""
    assert state({**CONFIG_MAP, "delete": True}) == Source()


def test_what_the_stack_only_reads_is_told_and_not_judged() -> None:
    """Somebody else makes it."""
    [note] = state({**CONFIG_MAP, "external": True}).notes
    assert (note.origin, "only read" in note.message) == (f"state.json#{URN}", True)


def test_a_release_of_helm_is_an_object() -> None:
    """A rule says that nobody sees what is in it."""
    release = {**CONFIG_MAP, "type": "kubernetes:helm.sh/v3:Release", "inputs": {"name": "a", "values": {"b": 1}}}
    assert only(state(release)).kind == "Release"


@pytest.mark.parametrize(
    "secret",
    [
        "[secret]",
        {marks.SIGNATURE: marks.SECRET, "ciphertext": "v1:abc"},
        {marks.SIGNATURE: marks.SECRET, "plaintext": '"s3cr3t"'},
    ],
)
def test_a_secret_is_unknown_and_its_place_is_kept(secret: Any) -> None:
    """Also one that was exported in plain text."""
    found = only(state(with_inputs(data={"a": secret, "b": [secret]})))
    assert found.data["data"]["a"] is UNKNOWN
    assert found.has_secrets == {"data.a", "data.b[0]"}
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize("mark", sorted(marks.UNKNOWN_MARKS))
def test_what_a_preview_does_not_know_is_unknown(mark: str) -> None:
    """Of whatever type."""
    found = only(preview({"op": "create", "newState": with_inputs(data={"a": mark, "b": f"x {mark}"})}))
    assert found.data["data"]["a"] is UNKNOWN
    assert found.data["data"]["b"] == f"x {mark}"
    assert found.has_secrets == frozenset()


@pytest.mark.parametrize("inputs", ["[secret]", marks.UNKNOWN_MARK, {marks.SIGNATURE: "an asset"}])
def test_inputs_of_which_nothing_is_known_are_still_an_object(inputs: Any) -> None:
    """Its kind is known from its type; what rules read of it is undecided."""
    found = only(state({**CONFIG_MAP, "inputs": inputs}))
    assert (found.kind, found.api_version) == ("ConfigMap", "v1")
    assert found.view(Trace()).get("data.a") is UNKNOWN


@pytest.mark.parametrize("inputs", [None, [], "text"])
def test_inputs_that_are_malformed_are_an_empty_object(inputs: Any) -> None:
    """So rules say what it lacks."""
    assert only(state({**CONFIG_MAP, "inputs": inputs})).data == {"apiVersion": "v1", "kind": "ConfigMap"}


def test_a_patch_is_one() -> None:
    """What it does not say is what the object has."""
    found = only(state({**CONFIG_MAP, "type": "kubernetes:core/v1:ConfigMapPatch"}))
    assert (found.kind, found.is_patch) == ("ConfigMap", True)


def test_what_pulumi_notes_for_itself_is_left_out() -> None:
    """At any depth."""
    found = only(state(with_inputs(__defaults=[], data={"a": "b", "__defaults": []})))
    assert found.data == CONFIG_MAP["inputs"]


def test_a_list_in_a_state_stands_for_its_items() -> None:
    """As it does in a manifest."""
    resource = {**CONFIG_MAP, "type": "kubernetes:core/v1:ConfigMapList", "inputs": {"items": [{"data": {}}, {}]}}
    assert [each.kind for each in state(resource).objects] == ["ConfigMap", "ConfigMap"]
