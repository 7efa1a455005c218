"""Wait until an object is ready, or gone: look, judge, pause, look again.

Once the API server has an object, nothing here may lose it: whatever ends the wait early (time, a cancel, a server that
stops answering) comes out as NotReadyError, which carries the object as it was last seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tools.plugins.kubernetes.annotations import SKIP_AWAIT, WAIT_FOR, is_set, timeout_s
from tools.plugins.kubernetes.cluster import Cluster, ref_of
from tools.plugins.kubernetes.errors import ApiError, NotReadyError, ProviderError
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.objects import (
    annotation,
    api_version_of,
    child,
    items,
    kind_of,
    name_of,
    namespace_of,
    uid_of,
)
from tools.plugins.kubernetes.readiness.registry import DEFAULT_TIMEOUT_S, STOPPABLE, Awaiter, awaiter_of
from tools.plugins.kubernetes.readiness.verdict import Verdict, View, always
from tools.plugins.kubernetes.reporter import Reporter
from tools.plugins.kubernetes.values import Object
from tools.plugins.kubernetes.waitfor import judge

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
PAUSE_FACTOR: Final = 1.5
NUM_EVENTS: Final = 10
EVENTS: Final = Kind("v1", "Event")
FOREGROUND: Final = "foregroundDeletion"
"""The finalizer of our own way to delete: the API server takes it away."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and a pause that a cancel cuts short."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], float] = time.monotonic

    def pause(self, seconds: float) -> bool:
        """Wait; True when the operation was cancelled."""
        return self.cancelled.wait(seconds)


def awaiter_for(inputs: Object) -> Awaiter:
    """How to wait for an object, with what its annotations say."""
    if is_set(inputs, SKIP_AWAIT):
        return Awaiter(always)
    own = annotation(inputs, WAIT_FOR)
    return Awaiter(judge(own)) if own else awaiter_of(inputs)


def until_ready(
    cluster: Cluster,
    inputs: Object,
    live: Object,
    *,
    before: Object | None,
    custom_timeout_s: float,
    clock: Clock,
    reporter: Reporter,
) -> Object:
    """The object when it is ready; NotReadyError otherwise."""
    try:
        awaiter = awaiter_for(inputs)
        deadline = clock.now() + timeout_s(inputs, custom_timeout_s, awaiter.timeout_s)
    except ProviderError as e:  # an annotation that can't be read: the object is there all the same
        raise NotReadyError(str(e), live, []) from e
    watch = _Watch(cluster, awaiter, before, clock)
    pause_s = FIRST_PAUSE_S
    while True:
        verdict = watch.look(live)
        if verdict.is_ready:
            reporter.progress("")
            return live
        reporter.progress("; ".join((verdict.progress, *verdict.problems[-1:])))
        if verdict.is_hopeless:
            raise watch.failure(live, verdict, f"Resource '{name_of(live)}' was created but failed to initialize")
        if clock.now() >= deadline:
            raise watch.failure(live, verdict, f"'{name_of(live)}' timed out waiting to be Ready")
        if clock.pause(pause_s):
            raise watch.failure(live, verdict, f"Resource operation was cancelled for {name_of(live)!r}")
        pause_s = min(pause_s * PAUSE_FACTOR, LONGEST_PAUSE_S)
        live = watch.refresh(live, verdict)


def look_once(cluster: Cluster, inputs: Object, live: Object) -> Verdict:
    """Whether it is ready now: what a refresh reports."""
    watch = _Watch(cluster, awaiter_for(inputs), None, Clock(), is_single=True)
    verdict = watch.look(live)
    if verdict.is_ready:
        return verdict
    return Verdict(is_ready=False, problems=(*verdict.problems, *watch.events(live)))


def until_gone(
    cluster: Cluster, inputs: Object, live: Object, *, custom_timeout_s: float, clock: Clock, reporter: Reporter
) -> None:
    """Return when the object is deleted, or another one has its name; NotReadyError when that takes too long."""
    if is_set(inputs, SKIP_AWAIT) and (api_version_of(inputs), kind_of(inputs)) in STOPPABLE:
        return
    ref, uid = ref_of(live), uid_of(live)
    deadline = clock.now() + timeout_s(inputs, custom_timeout_s, DEFAULT_TIMEOUT_S)
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            found = cluster.get(ref)
        except ApiError as e:
            if not e.is_not_found:
                raise
            found = {}
        if not found or (uid and uid_of(found) != uid):
            reporter.progress("")
            return
        reasons = _why_still_there(found)
        reporter.progress("; ".join(("Waiting for deletion", *reasons[-1:])))
        if clock.now() >= deadline:
            raise NotReadyError(f"'{name_of(live)}' timed out waiting to be deleted", found, reasons)
        if clock.pause(pause_s):
            raise NotReadyError(f"Resource operation was cancelled for {name_of(live)!r}", found, reasons)
        pause_s = min(pause_s * PAUSE_FACTOR, LONGEST_PAUSE_S)


class _Watch:
    """One object under observation, and what belongs to it."""

    def __init__(
        self, cluster: Cluster, awaiter: Awaiter, before: Object | None, clock: Clock, *, is_single: bool = False
    ) -> None:
        self._cluster = cluster
        self._awaiter = awaiter
        self._before = before
        self._clock = clock
        self._is_single = is_single
        self._related: Mapping[str, Sequence[Object]] = {}
        self._changed_at = clock.now()

    def look(self, live: Object) -> Verdict:
        related = {
            relation.kind.kind: _find(self._cluster, relation.kind, live, relation.labels(live))
            for relation in self._awaiter.related
        }
        if related != self._related:
            self._related, self._changed_at = related, self._clock.now()
        quiet = {} if self._is_single else {"quiet_s": self._clock.now() - self._changed_at}
        return self._awaiter.judge(View(live, self._before, related, **quiet))

    def refresh(self, live: Object, verdict: Verdict) -> Object:
        try:
            return self._cluster.get(ref_of(live))
        except ProviderError as e:
            raise NotReadyError(f"lost sight of '{name_of(live)}': {e}", live, verdict.problems) from e

    def failure(self, live: Object, verdict: Verdict, text: str) -> NotReadyError:
        return NotReadyError(text, live, tuple(dict.fromkeys((*verdict.problems, *self.events(live)))))

    def events(self, live: Object) -> list[str]:
        """The latest warnings about the object and about what belongs to it."""
        uids = {uid_of(live), *(uid_of(one) for kind in ("ReplicaSet", "Pod") for one in self._related.get(kind, ()))}
        found = [
            event
            for event in _find(self._cluster, EVENTS, live, fields="type=Warning")
            if child(event, "involvedObject", "uid") in uids
        ]
        return list(dict.fromkeys(map(_event_text, sorted(found, key=_event_time))))[-NUM_EVENTS:]


def _event_text(event: Object) -> str:
    about = f"{child(event, 'involvedObject', 'kind')} {child(event, 'involvedObject', 'name')}"
    return f"{about}: {event.get('reason')}: {event.get('message')}"


def _event_time(event: Object) -> str:
    """ISO 8601 in UTC, so texts sort as times."""
    return event.get("lastTimestamp") or event.get("eventTime") or child(event, "metadata", "creationTimestamp") or ""


def _find(cluster: Cluster, kind: Kind, live: Object, labels: str = "", *, fields: str = "") -> list[Object]:
    """Related objects; none where we may not see them, or the server stops answering: the wait itself goes on."""
    try:
        return cluster.find(kind, namespace_of(live), labels=labels, fields=fields)
    except ProviderError:
        return []


def _why_still_there(live: Object) -> list[str]:
    finalizers = [name for name in items(live, "metadata", "finalizers") if name != FOREGROUND]
    reasons = [f"finalizers might be preventing deletion ({', '.join(finalizers)})"] if finalizers else []
    conditions = (one for one in items(live, "status", "conditions") if one.get("status") == "True")
    if kind_of(live) == "Namespace":  # its conditions name what is left in it
        reasons += [one["message"] for one in conditions if one.get("message")]
    return reasons
