"""The calls of the engine, answered: from message to API server and back."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import Any, cast

import grpc
import pytest
from google.protobuf import empty_pb2

from tests.unit.tools.plugins.fakes import Aborted, FakeContext, FakeLog
from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi
from tests.unit.tools.plugins.kubernetes.test_session import session
from tools.plugins.kubernetes.provider import KubernetesProvider
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import UNKNOWN, Object, Secret, from_struct, to_struct
from tools.plugins.protocol import provider_pb2, status_pb2

PATH = "/api/v1/namespaces/default/configmaps/a"
INPUTS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "default"},
    "data": {"x": "1"},
}


def urn(kind: str = "core/v1:ConfigMap", name: str = "res") -> str:
    """Of a resource."""
    return f"urn:pulumi:dev::project::kubernetes:{kind}::{name}"


def context() -> grpc.ServicerContext:
    """A call's context."""
    return cast("grpc.ServicerContext", FakeContext())


@pytest.fixture
def api() -> FakeApi:
    """An API server."""
    return FakeApi()


@pytest.fixture
def log() -> FakeLog:
    """What the user sees."""
    return FakeLog()


Make = Callable[..., KubernetesProvider]


@pytest.fixture
def make(api: FakeApi, log: FakeLog) -> Make:
    """A provider, with or without that server."""

    def provider(*, blind: bool = False, **options: Any) -> KubernetesProvider:
        one = KubernetesProvider(log, {})
        one._session = session(log, None if blind else api, Settings(**options))
        return one

    return provider


def created(provider: KubernetesProvider, inputs: Object = INPUTS) -> provider_pb2.CreateResponse:
    """For real."""
    return provider.Create(provider_pb2.CreateRequest(urn=urn(), properties=to_struct(inputs)), context())


def with_data(**data: Any) -> Object:
    """The inputs with other data."""
    return {**INPUTS, "data": data}


def test_it_takes_secrets_previews_and_names_of_the_project(make: Make) -> None:
    """The engine does not have to hide them from it."""
    answer = make().Configure(provider_pb2.ConfigureRequest(), context())
    assert (answer.acceptSecrets, answer.supportsPreview, answer.supports_autonaming_configuration) == (True,) * 3


def test_its_version_is_that_of_the_sdk(make: Make) -> None:
    """The engine loads plugins by version."""
    version = make().GetPluginInfo(empty_pb2.Empty(), context()).version
    assert version == importlib.metadata.version("pulumi-kubernetes")


def test_code_generators_are_told_how_to_do_without_a_schema(make: Make) -> None:
    """`pulumi import` is one of them."""
    with pytest.raises(Aborted, match="--generate-code=false"):
        make().GetSchema(provider_pb2.GetSchemaRequest(), context())


def test_options_that_it_does_not_have_fail_the_check_of_the_provider(make: Make) -> None:
    """Before anything is done with it."""
    request = provider_pb2.CheckRequest(urn=urn(), news=to_struct({"renderYamlToDirectory": "out"}))
    (failure,) = make().CheckConfig(request, context()).failures
    assert "renderYamlToDirectory" in failure.reason


def test_another_kubeconfig_is_a_changed_provider(make: Make) -> None:
    """And a replaced one where the cluster is another."""
    request = provider_pb2.DiffRequest(olds=to_struct({"namespace": "a"}), news=to_struct({"namespace": "b"}))
    answer = make().DiffConfig(request, context())
    assert (list(answer.diffs), list(answer.replaces)) == (["namespace"], [])


def test_functions_and_components_are_refused(make: Make) -> None:
    """They render bundles."""
    with pytest.raises(Aborted, match="kubernetes:yaml:decode"):
        make().Invoke(provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode"), context())
    with pytest.raises(Aborted, match=r"helm\.sh/v4:Chart"):
        make().Construct(provider_pb2.ConstructRequest(type="kubernetes:helm.sh/v4:Chart"), context())


def test_check_names_places_and_keeps_secrets(make: Make) -> None:
    """Its failures are about the resource."""
    news = {"apiVersion": "v1", "kind": "Secret", "stringData": {"p": Secret("x")}}
    request = provider_pb2.CheckRequest(urn=urn("core/v1:Secret"), news=to_struct(news), randomSeed=b"seed")
    inputs = from_struct(make().Check(request, context()).inputs)
    assert inputs["metadata"]["name"].startswith("res-")
    assert inputs["metadata"]["namespace"] == "default"
    assert inputs["data"] == Secret({"p": "eA=="})
    request = provider_pb2.CheckRequest(urn=urn(), news=to_struct({"metadata": {"generateName": "a"}}))
    assert "generateName" in make().Check(request, context()).failures[0].reason


def test_check_leaves_objects_of_a_lost_cluster_as_they_are_when_told_to(make: Make, log: FakeLog) -> None:
    """The option skipUpdateUnreachable."""
    request = provider_pb2.CheckRequest(urn=urn(), olds=to_struct(INPUTS), news=to_struct(with_data(x="2")))
    answer = make(blind=True, is_update_skipped_unreachable=True).Check(request, context())
    assert from_struct(answer.inputs) == INPUTS
    assert "skipUpdateUnreachable" in log.warnings[0]


def test_create_gives_id_and_state(make: Make, api: FakeApi) -> None:
    """And the object is in the cluster."""
    answer = created(make())
    state = from_struct(answer.properties)
    assert answer.id == "default/a"
    assert state["__inputs"] == INPUTS
    assert state["metadata"]["uid"] == api.objects[PATH]["metadata"]["uid"]
    assert "managedFields" not in state["metadata"]


def test_a_previewed_create_is_what_the_server_would_make_of_it(make: Make, api: FakeApi) -> None:
    """Without a status, which it does not have yet."""
    api.normalise = lambda obj: obj.update(status={"phase": "?"}, added=True)
    request = provider_pb2.CreateRequest(urn=urn(), properties=to_struct(INPUTS), preview=True)
    state = from_struct(make().Create(request, context()).properties)
    assert state["added"] is True
    assert "status" not in state
    assert api.objects == {}


@pytest.mark.parametrize("blind", [True, False])
def test_a_preview_of_what_is_not_known_or_can_not_be_asked_is_the_inputs(make: Make, blind: bool) -> None:
    """Secrets and unknown values as they came."""
    inputs = with_data(x=UNKNOWN if not blind else "1", y=Secret("s"))
    request = provider_pb2.CreateRequest(urn=urn(), properties=to_struct(inputs), preview=True)
    assert from_struct(make(blind=blind).Create(request, context()).properties) == inputs


def test_a_create_without_a_cluster_fails(make: Make) -> None:
    """And says why."""
    with pytest.raises(Aborted, match="nobody there"):
        created(make(blind=True))


def failure_of(call: Callable[[grpc.ServicerContext], object]) -> tuple[str, provider_pb2.ErrorResourceInitFailed]:
    """The message of a call that fails, and what the engine keeps of the object."""
    fake = FakeContext()
    with pytest.raises(Aborted) as error:
        call(cast("grpc.ServicerContext", fake))
    ((name, value),) = fake.trailing
    assert name == "grpc-status-details-bin"
    status = status_pb2.Status.FromString(value)
    assert status.message == str(error.value)
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return str(error.value), detail


JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "j", "namespace": "default"},
    "spec": {"template": {"spec": {}}},
}
FAILED = {
    "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]
}


def test_an_object_that_does_not_become_ready_stays_in_the_state_with_the_reasons(make: Make, api: FakeApi) -> None:
    """The next update repairs it."""
    api.normalise = lambda obj: obj.update(status=FAILED)
    request = provider_pb2.CreateRequest(urn=urn("batch/v1:Job"), properties=to_struct(JOB))
    message, kept = failure_of(lambda ctx: make().Create(request, ctx))
    assert "was created, but it did not become ready" in message
    assert kept.id == "default/j"
    assert list(kept.reasons) == [message, "[BackoffLimitExceeded] too often"]
    assert from_struct(kept.properties)["__inputs"] == JOB


def test_diff_tells_changed_fields_replacements_and_their_order(make: Make) -> None:
    """From the state that a create has left."""
    provider = make()
    state = created(provider).properties
    request = provider_pb2.DiffRequest(urn=urn(), id="default/a", olds=state, news=to_struct(INPUTS))
    assert provider.Diff(request, context()).changes == provider_pb2.DiffResponse.DIFF_NONE
    request = provider_pb2.DiffRequest(urn=urn(), id="default/a", olds=state, news=to_struct(with_data(x="2")))
    answer = provider.Diff(request, context())
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert dict(answer.detailedDiff) == {
        "data.x": provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.UPDATE_REPLACE)
    }
    assert list(answer.replaces) == ["data.x"]
    assert answer.deleteBeforeReplace


def test_a_deleted_field_is_a_difference_of_inputs(make: Make) -> None:
    """There is nothing to show in the new object."""
    provider = make(is_config_map_mutable=True)
    state = created(provider).properties
    request = provider_pb2.DiffRequest(urn=urn(), olds=state, news=to_struct({**INPUTS, "data": {}}))
    detail = provider.Diff(request, context()).detailedDiff["data.x"]
    assert (detail.kind, detail.inputDiff) == (provider_pb2.PropertyDiff.DELETE, True)


def test_ignored_changes_are_no_difference(make: Make) -> None:
    """As the engine passes them on."""
    provider = make()
    state = created(provider).properties
    request = provider_pb2.DiffRequest(
        urn=urn(), olds=state, news=to_struct(with_data(x="2")), ignoreChanges=["data.x"]
    )
    assert provider.Diff(request, context()).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_failed_job_is_replaced_when_it_asks_for_it(make: Make, api: FakeApi) -> None:
    """The annotation replaceUnready."""
    inputs = {**JOB, "metadata": {**JOB["metadata"], "annotations": {"pulumi.com/replaceUnready": "true"}}}
    path = "/apis/batch/v1/namespaces/default/jobs/j"
    api.put(path, {**inputs, "status": FAILED})
    olds = to_struct({**inputs, "__inputs": inputs})
    request = provider_pb2.DiffRequest(urn=urn("batch/v1:Job"), olds=olds, news=to_struct(inputs))
    answer = make().Diff(request, context())
    assert list(answer.replaces) == ['metadata.annotations["pulumi.com/replaceUnready"]']
    assert answer.deleteBeforeReplace  # the new one has the same name
    api.objects[path]["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    answer = make().Diff(request, context())
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not answer.deleteBeforeReplace


def test_update_keeps_manager_and_first_version(make: Make, api: FakeApi) -> None:
    """Fields stay with the same owner for the life of the resource."""
    provider = make()
    state = created(provider).properties
    request = provider_pb2.UpdateRequest(urn=urn(), id="default/a", olds=state, news=to_struct(with_data(x="2")))
    after = from_struct(provider.Update(request, context()).properties)
    before = from_struct(state)
    assert after["data"] == {"x": "2"}
    assert after["__inputs"]["data"] == {"x": "2"}
    assert (after["__fieldManager"], after["__initialApiVersion"]) == (before["__fieldManager"], "v1")
    assert api.writes()[-1].params["fieldManager"] == before["__fieldManager"]


def test_a_previewed_update_changes_nothing(make: Make, api: FakeApi) -> None:
    """And shows the inputs where the server can't be asked."""
    provider = make()
    state = created(provider).properties
    news = to_struct(with_data(x="2"))
    request = provider_pb2.UpdateRequest(urn=urn(), id="default/a", olds=state, news=news, preview=True)
    assert from_struct(provider.Update(request, context()).properties)["data"] == {"x": "2"}
    assert api.objects[PATH]["data"] == {"x": "1"}
    assert make(blind=True).Update(request, context()).properties == news


def test_an_update_that_does_not_become_ready_keeps_the_new_object(make: Make, api: FakeApi) -> None:
    """Not the old one: the cluster has the new one."""
    provider = make()
    api.normalise = lambda obj: obj.update(status={"conditions": [{"type": "Complete", "status": "True"}]})
    job = provider_pb2.CreateRequest(urn=urn("batch/v1:Job"), properties=to_struct(JOB))
    state = provider.Create(job, context()).properties
    api.normalise = lambda obj: obj.update(status=FAILED)
    news = to_struct({**JOB, "spec": {"suspend": False}})
    request = provider_pb2.UpdateRequest(urn=urn("batch/v1:Job"), id="default/j", olds=state, news=news)
    message, kept = failure_of(lambda ctx: provider.Update(request, ctx))
    assert message.startswith('"default/j" was updated, but it did not become ready')
    assert from_struct(kept.properties)["__inputs"]["spec"] == {"suspend": False}


def test_refresh_gives_what_is_there_in_the_shape_of_the_inputs(make: Make, api: FakeApi) -> None:
    """Drift is in the inputs; fields of others are only in the state."""
    provider = make()
    state = created(provider).properties
    api.objects[PATH]["data"] = {"x": "drift", "other": "theirs"}
    request = provider_pb2.ReadRequest(urn=urn(), id="default/a", properties=state, inputs=to_struct(INPUTS))
    answer = provider.Read(request, context())
    assert from_struct(answer.inputs)["data"] == {"x": "drift"}
    assert from_struct(answer.properties)["data"] == {"x": "drift", "other": "theirs"}


def test_refresh_of_what_is_gone_is_empty(make: Make) -> None:
    """The engine drops it from the state."""
    request = provider_pb2.ReadRequest(urn=urn(), id="default/a", inputs=to_struct(INPUTS))
    assert make().Read(request, context()).id == ""


def test_import_needs_only_type_and_id(make: Make, api: FakeApi) -> None:
    """Its inputs are all that others have written; its readiness is not judged."""
    api.put("/apis/batch/v1/namespaces/default/jobs/j", {**JOB, "status": FAILED})
    answer = make().Read(provider_pb2.ReadRequest(urn=urn("batch/v1:Job"), id="default/j"), context())
    assert answer.id == "default/j"
    assert from_struct(answer.inputs) == JOB


def test_refresh_of_an_object_that_is_not_ready_says_so(make: Make, api: FakeApi) -> None:
    """The next update repairs it, though nothing else has changed."""
    api.put("/apis/batch/v1/namespaces/default/jobs/j", {**JOB, "status": FAILED})
    request = provider_pb2.ReadRequest(urn=urn("batch/v1:Job"), id="default/j", inputs=to_struct(JOB))
    message, kept = failure_of(lambda ctx: make().Read(request, ctx))
    assert message == '"default/j" was read: it is not ready'
    assert from_struct(kept.inputs) == JOB


def test_secrets_stay_secret_through_a_refresh(make: Make, api: FakeApi) -> None:
    """Also those that someone else has changed."""
    inputs = with_data(x=Secret("1"))
    provider = make()
    state = created(provider, inputs).properties
    api.objects[PATH]["data"] = {"x": "changed"}
    request = provider_pb2.ReadRequest(urn=urn(), id="default/a", properties=state, inputs=to_struct(inputs))
    answer = provider.Read(request, context())
    assert from_struct(answer.inputs)["data"] == {"x": Secret("changed")}
    state_after = from_struct(answer.properties)
    assert state_after["data"] == state_after["__inputs"]["data"] == {"x": Secret("changed")}


def test_a_refresh_without_a_cluster_fails_forgets_or_skips(make: Make) -> None:
    """By the options of the official provider."""
    request = provider_pb2.ReadRequest(
        urn=urn(), id="default/a", properties=to_struct(INPUTS), inputs=to_struct(INPUTS)
    )
    with pytest.raises(Aborted, match="PULUMI_K8S_DELETE_UNREACHABLE=true"):
        make(blind=True).Read(request, context())
    assert make(blind=True, is_deleted_unreachable=True).Read(request, context()).id == ""
    skipped = make(blind=True, is_update_skipped_unreachable=True).Read(request, context())
    assert (skipped.id, skipped.properties) == ("default/a", request.properties)


def test_delete_removes_the_object(make: Make, api: FakeApi) -> None:
    """By the id, and the kind in the state."""
    provider = make()
    state = created(provider).properties
    provider.Delete(provider_pb2.DeleteRequest(urn=urn(), id="default/a", properties=state), context())
    assert api.objects == {}


def test_a_deletion_that_does_not_end_keeps_the_object(make: Make, api: FakeApi) -> None:
    """With what holds it up."""
    provider = make()
    state = created(provider).properties
    api.objects[PATH]["metadata"]["finalizers"] = ["a/b"]
    request = provider_pb2.DeleteRequest(urn=urn(), id="default/a", properties=state, timeout=0.1)
    message, kept = failure_of(lambda ctx: provider.Delete(request, ctx))
    assert "was not deleted" in message
    assert list(kept.reasons)[1:] == ["finalizers might be preventing deletion (a/b)"]


def test_a_deletion_without_a_cluster_fails_or_forgets(make: Make, log: FakeLog) -> None:
    """With a warning."""
    request = provider_pb2.DeleteRequest(urn=urn(), id="default/a", properties=to_struct(INPUTS))
    with pytest.raises(Aborted, match="nobody there"):
        make(blind=True).Delete(request, context())
    make(blind=True, is_deleted_unreachable=True).Delete(request, context())
    assert "forgotten" in log.warnings[0]


def test_cancel_ends_every_wait(make: Make) -> None:
    """With what is known so far."""
    provider = make()
    provider.Cancel(empty_pb2.Empty(), context())
    assert provider._clock.cancelled.is_set()
