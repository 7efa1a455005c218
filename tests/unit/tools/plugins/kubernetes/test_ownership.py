"""Who owns which field."""

from __future__ import annotations

from typing import Any

from tools.plugins.kubernetes.ownership import honour_ignored, is_forced, take_over
from tools.plugins.kubernetes.values import Object

MINE = "pulumi-kubernetes-1"


def entry(manager: str, operation: str, fields: Any = None, **more: str) -> Object:
    """One entry of managedFields."""
    return {"manager": manager, "operation": operation, "fieldsV1": fields or {}, **more}


def live(*entries: Object, **spec: Any) -> Object:
    """An object with owners."""
    return {"metadata": {"name": "a", "resourceVersion": "7", "managedFields": list(entries)}, "spec": spec}


REPLICAS: Object = {"f:spec": {"f:replicas": {}}}
IMAGE: Object = {"f:spec": {"f:image": {}}}


def test_what_the_create_has_set_becomes_ours() -> None:
    """With what was ours before; entries of others, and of subresources, stay."""
    others = entry("kube-controller-manager", "Update", {"f:status": {}})
    scale = entry("kubectl", "Update", REPLICAS, subresource="scale")
    obj = live(entry("pulumi-kubernetes", "Update", REPLICAS), others, entry(MINE, "Apply", IMAGE), scale)
    fields, version = take_over(obj, MINE)
    assert fields["path"] == "/metadata/managedFields"
    assert fields["value"] == [
        others,
        scale,
        entry(MINE, "Apply", {"f:spec": {"f:replicas": {}, "f:image": {}}}),
    ]
    assert version == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}


def test_what_people_have_changed_by_hand_becomes_ours() -> None:
    """kubectl edit, patch, apply."""
    for manager in ("kubectl-edit", "kubectl-client-side-apply", "before-first-apply"):
        assert take_over(live(entry(manager, "Update", REPLICAS)), MINE)[0]["value"][0]["manager"] == MINE


def test_there_is_nothing_to_do_when_all_is_ours_or_others() -> None:
    """No request is made then."""
    assert take_over(live(entry(MINE, "Apply", REPLICAS), entry("argo", "Apply")), MINE) == []


def test_fields_of_others_are_taken_only_when_told_to() -> None:
    """By the provider's option or the object's annotation."""
    obj = live(entry("argo", "Apply", REPLICAS))
    assert not is_forced({}, obj, always=False, dry_run=False)
    assert is_forced({}, obj, always=True, dry_run=False)
    forced = {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}
    assert is_forced(forced, obj, always=False, dry_run=False)


def test_a_preview_forces_what_the_update_will_have_taken_over() -> None:
    """Else it would show a conflict that never comes."""
    obj = live(entry("pulumi-kubernetes", "Update", REPLICAS))
    assert is_forced({}, obj, always=False, dry_run=True)
    assert not is_forced({}, obj, always=False, dry_run=False)


def test_an_object_without_any_owners_is_taken() -> None:
    """It is older than server-side apply."""
    assert is_forced({}, live(), always=False, dry_run=False)
    assert not is_forced({}, None, always=False, dry_run=False)


def test_an_ignored_field_of_another_owner_is_left_out() -> None:
    """So that applying does not make us a second owner."""
    obj = live(entry("hpa", "Update", REPLICAS), replicas=5)
    assert honour_ignored({"spec": {"replicas": 1, "image": "a"}}, obj, [("spec", "replicas")], MINE) == {
        "spec": {"image": "a"}
    }


def test_an_ignored_field_of_ours_keeps_its_value() -> None:
    """Leaving it out would unset it. The same when we share it."""
    for owners in (
        [entry(MINE, "Apply", REPLICAS)],
        [entry(MINE, "Apply", REPLICAS), entry("hpa", "Update", REPLICAS)],
    ):
        obj = live(*owners, replicas=5)
        assert honour_ignored({"spec": {"replicas": 1}}, obj, [("spec", "replicas")], MINE) == {"spec": {"replicas": 5}}


def test_an_ignored_field_that_is_not_there_is_set_as_the_program_says() -> None:
    """It has no value to keep. Paths into lists are the engine's business."""
    inputs = {"spec": {"replicas": 1}}
    assert honour_ignored(inputs, live(), [("spec", "replicas"), ("spec", "list", 0)], MINE) == inputs
