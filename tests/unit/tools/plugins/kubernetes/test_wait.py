"""Waiting: look, judge, pause, and never lose the object."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.unit.tools.plugins.fakes import FakeLog
from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, client_of, cluster_of, status
from tools.plugins.kubernetes.cluster import Cluster
from tools.plugins.kubernetes.discovery import Discovery
from tools.plugins.kubernetes.errors import ApiError, NotReadyError
from tools.plugins.kubernetes.reporter import Reporter
from tools.plugins.kubernetes.values import Object
from tools.plugins.kubernetes.wait import Clock, look_once, until_gone, until_ready

POD_PATH = "/api/v1/namespaces/n/pods/p"
READY = {
    "phase": "Running",
    "conditions": [{"type": t, "status": "True"} for t in ("PodScheduled", "Initialized", "Ready")],
}


@dataclass
class Story:
    """A clock that only moves when someone waits, and does the next thing each time."""

    then: list[Callable[[], None]] = field(default_factory=list)
    seconds: float = 0.0

    def clock(self) -> Clock:
        """For the code under test."""
        return StoryClock(self)


class StoryClock(Clock):
    """Goes with its story."""

    def __init__(self, story: Story) -> None:
        super().__init__(cancelled=threading.Event(), now=lambda: story.seconds)
        object.__setattr__(self, "_story", story)

    __slots__ = ("_story",)

    def pause(self, seconds: float) -> bool:
        """No time passes but in the story."""
        story: Story = self._story  # type: ignore[attr-defined]
        story.seconds += seconds
        if story.then:
            story.then.pop(0)()
        return self.cancelled.is_set()


def pod(**annotations: str) -> Object:
    """A pod's inputs."""
    marks = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "n", "name": "p", "annotations": marks}}


def running(api: FakeApi, story: Story, inputs: Object, *, timeout_s: float = 0, log: FakeLog | None = None) -> Object:
    """Wait for what the server has."""
    return until_ready(
        cluster_of(api), inputs, api.objects[POD_PATH], before=None, custom_timeout_s=timeout_s, clock=story.clock(),
        reporter=Reporter(log or FakeLog(), "urn"),
    )  # fmt: skip


def server(**pod_status: Any) -> FakeApi:
    """A server with one pod."""
    api = FakeApi()
    api.put(POD_PATH, {**pod(), "status": pod_status})
    return api


def test_the_wait_ends_when_the_object_is_ready() -> None:
    """What it waits for is shown meanwhile, and taken away in the end."""
    api, log = server(phase="Pending"), FakeLog()
    story = Story([lambda: None, lambda: api.objects[POD_PATH].update(status=READY)])
    assert running(api, story, pod(), log=log)["status"] == READY
    assert log.statuses == ['Waiting for Pod "n/p" to be scheduled', ""]


def test_an_object_that_is_ready_at_once_is_not_looked_at_again() -> None:
    """Most objects are."""
    api = server(**READY)
    running(api, Story(), pod())
    assert api.asked == []


def test_the_wait_ends_in_time_and_tells_why_with_events() -> None:
    """The latest warnings about the object, in the order in which they came."""
    api = server(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": "no node"}])
    uid = api.objects[POD_PATH]["metadata"]["uid"]
    for number, (about, text) in enumerate([(uid, "second"), (uid, "first"), ("other", "not mine")]):
        event = {
            "metadata": {"name": f"e{number}"}, "involvedObject": {"kind": "Pod", "name": "p", "uid": about},
            "reason": "Bad", "message": text, "lastTimestamp": f"2026-01-0{3 - number}",
        }  # fmt: skip
        api.put(f"/api/v1/namespaces/n/events/e{number}", event)
    story = Story()
    with pytest.raises(NotReadyError, match="'p' timed out waiting to be Ready") as error:
        running(api, story, pod(), timeout_s=30)
    assert 30 <= story.seconds < 35
    assert error.value.reasons == ("[Pod n/p]: no node", "Pod p: Bad: first", "Pod p: Bad: second")
    assert error.value.live["metadata"]["uid"] == uid


@pytest.mark.parametrize(("annotation", "expected_s"), [("7", 7), ("", 600)])
def test_the_annotation_or_the_kind_says_how_long(annotation: str, expected_s: float) -> None:
    """When the resource itself does not."""
    story = Story()
    with pytest.raises(NotReadyError):
        running(server(phase="Pending"), story, pod(timeoutSeconds=annotation))
    assert expected_s <= story.seconds <= expected_s + 3


def test_a_hopeless_object_is_not_waited_for() -> None:
    """A failed pod stays failed."""
    story = Story()
    with pytest.raises(NotReadyError, match="failed to initialize"):
        running(server(phase="Failed"), story, pod())
    assert story.seconds == 0


def test_a_cancel_ends_the_wait_with_the_object() -> None:
    """The engine keeps it in the state."""
    api, story = server(phase="Pending"), Story()
    clock = story.clock()
    story.then.append(clock.cancelled.set)
    with pytest.raises(NotReadyError, match="was cancelled") as error:
        until_ready(
            cluster_of(api), pod(), api.objects[POD_PATH], before=None, custom_timeout_s=0, clock=clock,
            reporter=Reporter(FakeLog(), "urn"),
        )  # fmt: skip
    assert error.value.live["metadata"]["name"] == "p"


def test_an_object_that_vanishes_is_still_what_was_last_seen() -> None:
    """Someone has deleted it meanwhile."""
    api = server(phase="Pending")
    with pytest.raises(NotReadyError, match="lost sight of 'p'") as error:
        running(api, Story([lambda: api.objects.clear()]), pod())
    assert error.value.live["status"] == {"phase": "Pending"}


def test_skip_await_waits_for_nothing() -> None:
    """The program takes the risk."""
    running(server(phase="Pending"), Story(), pod(skipAwait="true"))


def test_the_programs_own_condition_replaces_that_of_the_kind() -> None:
    """A pod that is not ready may be all that is wanted."""
    running(server(phase="Pending"), Story(), pod(waitFor="jsonpath={.status.phase}=Pending"))


def test_an_annotation_that_can_not_be_read_does_not_lose_the_object() -> None:
    """It is there already."""
    with pytest.raises(NotReadyError, match="waitFor") as error:
        running(server(), Story(), pod(waitFor="nonsense"))
    assert error.value.live["metadata"]["name"] == "p"


def test_related_objects_that_may_not_be_seen_are_taken_as_none() -> None:
    """Less is said, but the wait goes on."""
    api = FakeApi(kinds={"v1": [("Pod", "pods", True)], "apps/v1": [("Deployment", "deployments", True)]})
    live = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "n", "name": "d", "generation": 1},
        "status": {"observedGeneration": 1},
    }  # fmt: skip
    verdict = look_once(cluster_of(api), live, live)
    assert not verdict.is_ready
    assert verdict.problems == ("Minimum number of live Pods was not attained",)


def test_one_look_says_whether_it_is_ready_now() -> None:
    """For a refresh."""
    api = server(**READY)
    assert look_once(cluster_of(api), pod(), api.objects[POD_PATH]).is_ready


def service_live() -> Object:
    """A Service that selects pods."""
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "n", "name": "web"},
        "spec": {"selector": {"app": "x"}},
    }  # fmt: skip


def test_endpoints_must_be_quiet_for_a_while_but_not_in_one_look() -> None:
    """Each change starts the time anew."""
    api = FakeApi()
    api.kinds["discovery.k8s.io/v1"] = [("EndpointSlice", "endpointslices", True)]
    path = "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices/web-1"
    live = api.put("/api/v1/namespaces/n/services/web", service_live())

    def slice_with(*ready: bool) -> None:
        endpoints = [{"conditions": {"ready": one}} for one in ready]
        api.put(path, {"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "endpoints": endpoints})

    slice_with(True)
    assert look_once(cluster_of(api), live, live).is_ready
    story = Story([lambda: None, lambda: None, lambda: slice_with(True, False), lambda: slice_with(True, True)])
    until_ready(
        cluster_of(api), live, live, before=None, custom_timeout_s=60, clock=story.clock(),
        reporter=Reporter(FakeLog(), "urn"),
    )  # fmt: skip
    assert 10 < story.seconds < 16


def gone(api: FakeApi, story: Story, inputs: Object, timeout_s: float = 5) -> None:
    """Wait for the end of what the server has."""
    until_gone(
        cluster_of(api), inputs, api.objects[POD_PATH], custom_timeout_s=timeout_s, clock=story.clock(),
        reporter=Reporter(FakeLog(), "urn"),
    )  # fmt: skip


def test_a_deletion_ends_when_the_object_is_gone_or_another_has_its_name() -> None:
    """The uid tells."""
    api = server()
    gone(api, Story([api.objects.clear]), pod())
    api = server()
    gone(api, Story([lambda: api.objects[POD_PATH]["metadata"].update(uid="new")]), pod())


def test_a_deletion_that_takes_too_long_names_the_finalizers() -> None:
    """Or, for a namespace, what is left in it."""
    api = server()
    api.objects[POD_PATH]["metadata"]["finalizers"] = ["foregroundDeletion", "a/b"]
    with pytest.raises(NotReadyError, match="timed out waiting to be deleted") as error:
        gone(api, Story(), pod())
    assert error.value.reasons == ("finalizers might be preventing deletion (a/b)",)
    api = FakeApi()
    left = {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}
    live = api.put(
        "/api/v1/namespaces/n",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}, "status": {"conditions": [left]}},
    )
    with pytest.raises(NotReadyError) as error:
        until_gone(
            cluster_of(api), live, live, custom_timeout_s=5, clock=Story().clock(), reporter=Reporter(FakeLog(), "u")
        )
    assert error.value.reasons == ("pods. has 1 resource instances",)


def test_a_deletion_can_be_cancelled_and_is_not_waited_for_when_skipped() -> None:
    """For kinds with pods, as the official provider does."""
    api, story = server(), Story()
    gone(api, story, pod(skipAwait="true"))
    assert story.seconds == 0
    clock = story.clock()
    clock.cancelled.set()
    with pytest.raises(NotReadyError, match="was cancelled"):
        until_gone(
            cluster_of(api), pod(), api.objects[POD_PATH], custom_timeout_s=5, clock=clock,
            reporter=Reporter(FakeLog(), "u"),
        )  # fmt: skip


def test_an_error_of_the_server_is_no_deletion() -> None:
    """Only not found is."""
    api = server()
    live = api.objects[POD_PATH]

    def handle(request: httpx.Request) -> httpx.Response:
        return status(403, "Forbidden") if request.url.path == POD_PATH else api.handle(request)

    client = client_of(handle)
    cluster = Cluster(client, Discovery(lambda path: client.request("GET", path).body))
    with pytest.raises(ApiError):
        until_gone(cluster, pod(), live, custom_timeout_s=5, clock=Story().clock(), reporter=Reporter(FakeLog(), "u"))
