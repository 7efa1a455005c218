"""Deployment, StatefulSet, DaemonSet, ReplicationController: ready when the new pods have taken over."""

from __future__ import annotations

from tools.plugins.kubernetes.objects import annotation, child, condition, count, is_true, items, name_of
from tools.plugins.kubernetes.readiness.pods import all_problems
from tools.plugins.kubernetes.readiness.verdict import Verdict, View, is_observed
from tools.plugins.kubernetes.values import Object

REVISION = "deployment.kubernetes.io/revision"
FIRST_REVISION = "1"
ROLLED_OUT = "NewReplicaSetAvailable"


def deployment(view: View) -> Verdict:
    """The ReplicaSet of the current revision has all its pods ready, and the Deployment says that it is available.

    A rollout that has overrun its progressDeadlineSeconds may still succeed: it is a problem, and no reason to give up.
    """
    live = view.live
    if not is_observed(live):
        return Verdict(is_ready=False, progress="Waiting for the Deployment controller", problems=_refused(live))
    revision = annotation(live, REVISION)
    replica_set = next((one for one in view.owned("ReplicaSet") if annotation(one, REVISION) == revision), None)
    wanted = count(replica_set or live, "spec", "replicas", default=1)
    num_ready = count(replica_set or {}, "status", "readyReplicas")
    is_available = is_true(live, "Available")
    is_rolled_out = revision == FIRST_REVISION or (
        is_true(live, "Progressing") and condition(live, "Progressing").get("reason") == ROLLED_OUT
    )
    is_ready = replica_set is not None and num_ready >= wanted
    unbound = _unbound_claims(view)
    if is_available and is_rolled_out and is_ready and not unbound:
        return Verdict(is_ready=True)
    problems = [*_refused(live)]
    if unbound:
        problems.append(f"PersistentVolumeClaims are not bound: {', '.join(unbound)}")
    if not is_available:
        problems.append("Minimum number of live Pods was not attained")
    elif not is_rolled_out:
        problems.append("Minimum number of Pods to consider the application live was not attained")
    elif not is_ready:
        problems.append("Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live")
    return Verdict(
        is_ready=False,
        progress=f"Waiting for app ReplicaSet to be available ({num_ready}/{wanted} Pods available)",
        problems=(*problems, *(all_problems(view.owned("Pod", replica_set)) if replica_set else ())),
    )


def stateful_set(view: View) -> Verdict:
    """All replicas are ready and of the current revision; with OnDelete, ready is enough."""
    live = view.live
    wanted = count(live, "spec", "replicas", default=1)
    num_ready, num_updated = count(live, "status", "readyReplicas"), count(live, "status", "updatedReplicas")
    current, target = child(live, "status", "currentRevision"), child(live, "status", "updateRevision")
    if not is_observed(live):
        return Verdict(is_ready=False, progress="Waiting for the StatefulSet controller")
    is_on_delete = child(live, "spec", "updateStrategy", "type") == "OnDelete" and view.before is not None
    is_current = is_on_delete or (bool(current) and current == target)
    counted = [count(live, "status", "replicas"), num_ready]
    counted += [] if is_on_delete else [count(live, "status", "currentReplicas")]
    are_ready = all(number == wanted for number in counted)
    if is_current and are_ready:
        return Verdict(is_ready=True)
    num_done = num_ready if is_current else min(num_ready, num_updated)
    problems = [] if are_ready else [f"{num_done} out of {wanted} replicas succeeded readiness checks"]
    if not is_current:
        problems.append(f'StatefulSet controller failed to advance from revision "{current}" to revision "{target}"')
    return Verdict(
        is_ready=False,
        progress=f"Waiting for StatefulSet to roll out ({num_done}/{wanted} Pods ready)",
        problems=(*problems, *all_problems(view.owned("Pod"))),
    )


def daemon_set(view: View) -> Verdict:
    """On every node that it is for there is an updated pod, which is available and ready."""
    live = view.live
    wanted = child(live, "status", "desiredNumberScheduled")
    if not is_observed(live) or wanted is None:
        return Verdict(is_ready=False, progress="Waiting for the DaemonSet controller")
    steps = {
        "currentNumberScheduled": "scheduled",
        "updatedNumberScheduled": "updated",
        "numberAvailable": "available",
        "numberReady": "ready",
    }
    for field, words in steps.items():
        number = count(live, "status", field)
        if number < wanted:
            text = f"{number} of {wanted} DaemonSet Pods are {words}"
            problems = (text, *all_problems(view.owned("Pod")))
            return Verdict(is_ready=False, progress=f"Waiting: {text}", problems=problems)
    return Verdict(is_ready=True)


def replication_controller(view: View) -> Verdict:
    """As many pods as wanted are available."""
    wanted = count(view.live, "spec", "replicas", default=1)
    num_available = count(view.live, "status", "availableReplicas")
    text = f"{num_available} of {wanted} Pods are available"
    problems = (text, *all_problems(view.owned("Pod")))
    return Verdict(is_ready=num_available == wanted, progress=f"Waiting: {text}", problems=problems)


def _refused(live: Object) -> tuple[str, ...]:
    """What the Deployment itself says against it."""
    found = []
    for kind, bad in (("Progressing", "False"), ("Available", "False"), ("ReplicaFailure", "True")):
        one = condition(live, kind)
        if one.get("status") == bad and one.get("reason"):
            found.append(f"[{one['reason']}] {one.get('message') or ''}".rstrip())
    return tuple(found)


def _unbound_claims(view: View) -> list[str]:
    """The claims that its pods mount and that have no volume."""
    volumes = items(view.live, "spec", "template", "spec", "volumes")
    claimed = {child(volume, "persistentVolumeClaim", "claimName") for volume in volumes}
    return [
        name_of(claim)
        for claim in view.of_kind("PersistentVolumeClaim")
        if name_of(claim) in claimed and child(claim, "status", "phase") != "Bound"
    ]
