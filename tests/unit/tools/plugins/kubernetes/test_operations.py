"""Create, update, read, delete: for real and as a dry run."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.tools.plugins.fakes import FakeLog
from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, cluster_of, status
from tools.plugins.kubernetes.cluster import ref_of
from tools.plugins.kubernetes.errors import ApiError, NoSuchKindError
from tools.plugins.kubernetes.operations import Operation
from tools.plugins.kubernetes.reporter import Reporter
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object
from tools.plugins.kubernetes.wait import Clock

PATH = "/api/v1/namespaces/default/configmaps/a"


def config_map(namespace: str = "default", **data: str) -> Object:
    """Inputs."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": "a"}, "data": data}


def operation(api: FakeApi, log: FakeLog | None = None, **options: Any) -> Operation:
    """On a fake server."""
    return Operation(cluster_of(api), Settings(**options), Reporter(log or FakeLog(), "urn"), Clock())


def create(api: FakeApi, obj: Object, **options: Any) -> Object:
    """For real."""
    return operation(api, **options).create(obj, manager="m", custom_timeout_s=0)


def update(api: FakeApi, obj: Object, **options: Any) -> Object:
    """For real."""
    return operation(api, **options).update(obj, manager="m", ignored=(), custom_timeout_s=0)


def conflict(message: str = "conflict", *, owner: bool) -> httpx.Response:
    """Someone else owns a field, or was faster."""
    causes = [{"reason": "FieldManagerConflict"}] if owner else []
    return status(409, "Conflict", message, {"causes": causes})


def test_a_create_is_one_request_that_never_overwrites() -> None:
    """POST, in our first manager's name."""
    api = FakeApi()
    assert create(api, config_map(x="1"))["data"] == {"x": "1"}
    assert [(one.method, one.params["fieldManager"]) for one in api.writes()] == [("POST", "pulumi-kubernetes")]


def test_an_object_that_is_there_already_is_left_alone_with_advice() -> None:
    """What can be meant by it."""
    api = FakeApi()
    api.put(PATH, config_map(x="theirs"))
    with pytest.raises(ApiError, match="already exists") as error:
        create(api, config_map(x="ours"))
    assert "pulumi import" in str(error.value)
    assert api.objects[PATH]["data"] == {"x": "theirs"}


def test_an_object_that_is_there_already_is_taken_over_when_the_provider_says_so() -> None:
    """By server-side apply."""
    api = FakeApi()
    api.put(PATH, config_map(x="theirs"))
    create(api, config_map(y="ours"), is_existing_taken_over=True)
    assert api.objects[PATH]["data"] == {"x": "theirs", "y": "ours"}


def test_a_namespace_or_kind_on_its_way_is_waited_for() -> None:
    """What is shown says so."""
    api, log = FakeApi(), FakeLog()
    api.failures = [status(404, "NotFound", "no namespace", {"kind": "namespaces"})]
    operation(api, log).create(config_map(x="1"), manager="m", custom_timeout_s=0)
    assert log.statuses[0] == "Waiting for its namespace or kind (attempt 2)"


def test_a_kind_that_never_comes_is_an_error_that_names_it() -> None:
    """After some attempts."""
    boat = {"apiVersion": "test.example/v1", "kind": "Boat", "metadata": {"name": "b"}}
    with pytest.raises(NoSuchKindError, match="no kind Boat"):
        create(FakeApi(), boat)


def test_an_update_first_takes_over_what_the_create_has_set() -> None:
    """Then it applies, without force."""
    api = FakeApi()
    create(api, config_map(x="1"))
    update(api, config_map(x="2"))
    takeover, apply = api.writes()[1:]
    assert takeover.headers["content-type"] == "application/json-patch+json"
    assert takeover.body[0]["value"][0]["manager"] == "m"
    assert apply.params == {"fieldManager": "m", "force": "false"}
    assert api.objects[PATH]["data"] == {"x": "2"}


def test_an_update_that_someone_overtakes_is_done_again() -> None:
    """From a fresh look at the object."""
    api = FakeApi()
    create(api, config_map(x="1"))
    api.failures = [conflict(owner=False)]
    update(api, config_map(x="2"))
    assert api.objects[PATH]["data"] == {"x": "2"}


def test_fields_of_another_manager_are_a_conflict_with_advice() -> None:
    """It is not tried again: it would be the same."""
    api = FakeApi()
    api.put(PATH, {**config_map(x="1"), "metadata": {"name": "a", "managedFields": [{"manager": "argo"}]}})
    api.failures = [conflict('conflict with "argo"', owner=True)]
    with pytest.raises(ApiError, match='conflict with "argo"') as error:
        update(api, config_map(x="2"))
    assert "pulumi.com/patchForce" in str(error.value)
    assert len(api.writes()) == 1


def test_a_definition_is_replaced_and_not_merged() -> None:
    """A version that the program drops must go."""
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "c", "annotations": {"pulumi.com/skipAwait": "true"}},
    }
    api = FakeApi()
    create(api, {**crd, "spec": {"versions": ["v1", "v2"], "old": 1}})
    update(api, {**crd, "spec": {"versions": ["v1"]}})
    assert api.writes()[-1].method == "PUT"
    (kept,) = api.objects.values()
    assert kept["spec"] == {"versions": ["v1"]}


def test_an_update_of_an_object_that_is_gone_says_what_to_do() -> None:
    """A refresh finds out."""
    with pytest.raises(ApiError, match="ConfigMap default/a is not in the cluster any more; run `pulumi refresh`"):
        update(FakeApi(), config_map())


def test_a_deletion_of_what_is_not_there_is_done() -> None:
    """The object, or its kind."""
    api = FakeApi()
    operation(api).delete(ref_of(config_map()), {}, custom_timeout_s=0)
    boat = {"apiVersion": "test.example/v1", "kind": "Boat", "metadata": {"name": "b"}}
    operation(api).delete(ref_of(boat), boat, custom_timeout_s=0)
    assert api.writes() == []


def test_a_deletion_waits_until_the_object_is_gone() -> None:
    """With the policy that the object asks for."""
    api = FakeApi()
    create(api, config_map())
    policy = {"metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": "orphan"}}}
    operation(api).delete(ref_of(config_map()), policy, custom_timeout_s=5)
    assert api.writes()[-1].body["propagationPolicy"] == "Orphan"
    assert api.objects == {}


def test_a_deletion_that_is_refused_is_an_error() -> None:
    """The object stays in the state."""
    api = FakeApi()
    create(api, config_map())
    api.failures = [status(403, "Forbidden", "not yours")]
    with pytest.raises(ApiError, match="not yours"):
        operation(api).delete(ref_of(config_map()), {}, custom_timeout_s=5)


def test_reading_gives_nothing_for_what_is_gone() -> None:
    """The object, or its kind."""
    api = FakeApi()
    boat = {"apiVersion": "test.example/v1", "kind": "Boat", "metadata": {"name": "b"}}
    assert operation(api).read(ref_of(config_map())) is None
    assert operation(api).read(ref_of(boat)) is None
    create(api, config_map(x="1"))
    live = operation(api).read(ref_of(config_map()))
    assert live is not None
    assert live["data"] == {"x": "1"}


def test_previews_are_dry_runs() -> None:
    """They show what the server would make of it, and change nothing."""
    api = FakeApi(normalise=lambda obj: obj["data"].update(added="by the server"))
    previewed = operation(api).preview_create(config_map(x="1"), manager="m")
    assert previewed is not None
    assert previewed["data"] == {"x": "1", "added": "by the server"}
    assert api.objects == {}
    api.put(PATH, config_map(x="0"))
    assert operation(api).preview_update(config_map(x="1"), manager="m", ignored=()) is not None
    assert api.objects[PATH]["data"] == {"x": "0"}


@pytest.mark.parametrize(
    "refusal",
    [
        status(403, "Forbidden"),
        status(409, "AlreadyExists"),
        status(404, "NotFound", "no", {"kind": "namespaces"}),
        status(400, "BadRequest", "admission webhook does not support dry run"),
    ],
)
def test_a_preview_of_a_create_that_the_server_can_not_judge_yet_is_nothing(refusal: httpx.Response) -> None:
    """The inputs are shown instead."""
    api = FakeApi()
    api.failures = [refusal]
    assert operation(api).preview_create(config_map(), manager="m") is None


def test_a_preview_that_the_server_refuses_fails() -> None:
    """Better now than in the update."""
    api = FakeApi()
    api.failures = [status(422, "Invalid", "a bad key")]
    with pytest.raises(ApiError, match="a bad key"):
        operation(api).preview_create(config_map(), manager="m")


def test_a_preview_of_a_kind_that_is_still_to_come_is_nothing() -> None:
    """Its definition is part of the same program."""
    boat = {"apiVersion": "test.example/v1", "kind": "Boat", "metadata": {"name": "b"}}
    assert operation(FakeApi()).preview_create(boat, manager="m") is None
    assert operation(FakeApi()).preview_update(boat, manager="m", ignored=()) is None


def test_asking_how_a_value_would_be_spelled_never_fails() -> None:
    """The preview of the update says what is wrong."""
    api = FakeApi()
    outcome = operation(api).settle_by(config_map(x="1"), manager="m")
    assert outcome is not None
    assert outcome["data"] == {"x": "1"}
    assert api.objects == {}
    api.failures = [status(422, "Invalid")]
    assert operation(api).settle_by(config_map(), manager="m") is None
