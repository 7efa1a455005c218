"""Deployments, StatefulSets, DaemonSets: when the new pods have taken over."""

from __future__ import annotations

from typing import Any

from tools.plugins.kubernetes.readiness.verdict import View
from tools.plugins.kubernetes.readiness.workloads import daemon_set, deployment, replication_controller, stateful_set

REVISION = "deployment.kubernetes.io/revision"


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    """A status condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


AVAILABLE = condition("Available", "True")
ROLLED_OUT = condition("Progressing", "True", "NewReplicaSetAvailable")
ROLLING = condition("Progressing", "True", "ReplicaSetUpdated")


def a_deployment(
    *conditions: dict[str, str], revision: str = "2", observed: int = 3, replicas: int = 2, **spec: Any
) -> dict[str, Any]:
    """One whose latest change is generation 3."""
    return {
        "metadata": {"name": "web", "uid": "d", "generation": 3, "annotations": {REVISION: revision}},
        "spec": {"replicas": replicas, **spec},
        "status": {"observedGeneration": observed, "conditions": list(conditions)},
    }


def replica_set(ready: int, *, revision: str = "2", replicas: int = 2, owner: str = "d") -> dict[str, Any]:
    """The pods of one revision."""
    return {
        "metadata": {"uid": f"rs{revision}", "annotations": {REVISION: revision}, "ownerReferences": [{"uid": owner}]},
        "spec": {"replicas": replicas},
        "status": {"readyReplicas": ready},
    }


def view(live: dict[str, Any], *replica_sets: dict[str, Any], **related: Any) -> View:
    """What is seen of it."""
    return View(live, related={"ReplicaSet": list(replica_sets), **related})


def test_a_deployment_is_ready_when_the_current_revision_has_all_its_pods() -> None:
    """And it says itself that it is available and rolled out."""
    assert deployment(view(a_deployment(AVAILABLE, ROLLED_OUT), replica_set(2))).is_ready


def test_the_first_revision_needs_no_rollout() -> None:
    """It is only created."""
    live = a_deployment(AVAILABLE, ROLLING, revision="1")
    assert deployment(view(live, replica_set(2, revision="1"))).is_ready


def test_a_status_about_an_older_object_does_not_count() -> None:
    """Right after an update everything still looks ready."""
    live = a_deployment(AVAILABLE, ROLLED_OUT, observed=2)
    assert not deployment(view(live, replica_set(2))).is_ready


def test_pods_of_another_revision_or_owner_do_not_count() -> None:
    """The old ones may all be ready."""
    live = a_deployment(AVAILABLE, ROLLED_OUT)
    assert not deployment(view(live, replica_set(2, revision="1"))).is_ready
    assert not deployment(view(live, replica_set(2, owner="another"))).is_ready


def test_a_deployment_of_no_replicas_is_ready_when_it_is_available() -> None:
    """Scaled to zero on purpose."""
    live = a_deployment(AVAILABLE, ROLLED_OUT, replicas=0)
    assert deployment(view(live, replica_set(0, replicas=0))).is_ready


def test_progress_counts_the_pods_of_the_new_revision() -> None:
    """As the official provider shows it."""
    verdict = deployment(view(a_deployment(ROLLING), replica_set(1)))
    assert verdict.progress == "Waiting for app ReplicaSet to be available (1/2 Pods available)"


def test_an_overrun_deadline_is_a_problem_and_no_reason_to_give_up() -> None:
    """The pods may still come, as with the official provider."""
    late = condition("Progressing", "False", "ProgressDeadlineExceeded", "it has timed out progressing")
    verdict = deployment(view(a_deployment(late), replica_set(0)))
    assert not verdict.is_hopeless
    assert verdict.problems[0] == "[ProgressDeadlineExceeded] it has timed out progressing"
    assert "Minimum number of live Pods was not attained" in verdict.problems


def test_pods_that_may_not_be_created_are_a_problem_in_the_servers_words() -> None:
    """A quota, or Pod Security."""
    refused = condition("ReplicaFailure", "True", "FailedCreate", "violates PodSecurity")
    assert "[FailedCreate] violates PodSecurity" in deployment(view(a_deployment(refused))).problems


def test_an_available_deployment_that_does_not_roll_forward_says_which_part_is_missing() -> None:
    """The rollout, or the new pods."""
    not_rolled = deployment(view(a_deployment(AVAILABLE, ROLLING), replica_set(2)))
    assert "Minimum number of Pods to consider the application live was not attained" in not_rolled.problems
    no_pods = deployment(view(a_deployment(AVAILABLE, ROLLED_OUT), replica_set(1)))
    assert any(problem.startswith("Attempted to roll forward") for problem in no_pods.problems)


def test_a_claim_without_a_volume_holds_a_deployment_up() -> None:
    """Only the claims that its pods mount."""
    volumes = [{"persistentVolumeClaim": {"claimName": "cache"}}, {"emptyDir": {}}]
    live = a_deployment(AVAILABLE, ROLLED_OUT, template={"spec": {"volumes": volumes}})
    claims = [{"metadata": {"name": name}, "status": {"phase": "Pending"}} for name in ("cache", "other")]
    verdict = deployment(view(live, replica_set(2), PersistentVolumeClaim=claims))
    assert not verdict.is_ready
    assert "PersistentVolumeClaims are not bound: cache" in verdict.problems
    claims[0]["status"]["phase"] = "Bound"
    assert deployment(view(live, replica_set(2), PersistentVolumeClaim=claims)).is_ready


def test_problems_of_the_new_pods_are_told() -> None:
    """Not those of pods on their way out."""
    status = {"conditions": [condition("PodScheduled", "False", "Unschedulable", "no node")]}
    pods = [
        {"metadata": {"name": f"of-{owner}", "ownerReferences": [{"uid": owner}]}, "status": status}
        for owner in ("rs2", "rs1")
    ]
    verdict = deployment(view(a_deployment(ROLLING), replica_set(0), replica_set(2, revision="1"), Pod=pods))
    assert verdict.problems[-1] == "[Pod of-rs2]: no node"
    assert not any("of-rs1" in problem for problem in verdict.problems)


def a_stateful_set(generation: int = 2, strategy: str = "RollingUpdate", **status: Any) -> dict[str, Any]:
    """One that wants two replicas."""
    full = {
        "observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2,
        "currentRevision": "b", "updateRevision": "b",
    }  # fmt: skip
    return {
        "metadata": {"name": "db", "generation": generation},
        "spec": {"replicas": 2, "updateStrategy": {"type": strategy}},
        "status": full | status,
    }


def test_a_stateful_set_is_ready_when_all_replicas_are_current_and_ready() -> None:
    """A status about an older object does not count."""
    assert stateful_set(View(a_stateful_set())).is_ready
    assert not stateful_set(View(a_stateful_set(generation=3))).is_ready
    assert not stateful_set(View(a_stateful_set(readyReplicas=1))).is_ready


def test_a_stateful_set_in_the_middle_of_an_update_counts_only_new_replicas() -> None:
    """Old ones are ready, too."""
    verdict = stateful_set(View(a_stateful_set(updateRevision="c", updatedReplicas=1)))
    assert not verdict.is_ready
    assert "(1/2 Pods ready)" in verdict.progress
    assert 'StatefulSet controller failed to advance from revision "b" to revision "c"' in verdict.problems


def test_with_on_delete_ready_replicas_are_enough_after_an_update() -> None:
    """Nobody replaces the old pods."""
    live = a_stateful_set(strategy="OnDelete", updateRevision="c", currentReplicas=0)
    assert stateful_set(View(live, before={})).is_ready
    assert not stateful_set(View(live)).is_ready


def a_daemon_set(**status: int) -> dict[str, Any]:
    """One that is meant for three nodes."""
    full = {
        "observedGeneration": 1, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
        "updatedNumberScheduled": 3, "numberAvailable": 3, "numberReady": 3,
    }  # fmt: skip
    return {"metadata": {"name": "agent", "generation": 1}, "status": full | status}


def test_a_daemon_set_is_ready_when_every_node_has_an_updated_ready_pod() -> None:
    """On no node at all it is ready at once."""
    assert daemon_set(View(a_daemon_set())).is_ready
    assert daemon_set(View({"metadata": {}, "status": {"desiredNumberScheduled": 0}})).is_ready
    assert not daemon_set(View({"metadata": {}, "status": {}})).is_ready


def test_a_daemon_set_tells_which_step_is_missing() -> None:
    """The first of scheduled, updated, available, ready."""
    assert daemon_set(View(a_daemon_set(updatedNumberScheduled=1, numberReady=0))).problems == (
        "1 of 3 DaemonSet Pods are updated",
    )


def test_a_replication_controller_is_ready_when_all_pods_are_available() -> None:
    """The ancestor of the ReplicaSet."""
    live = {"spec": {"replicas": 2}, "status": {"availableReplicas": 1}}
    assert replication_controller(View(live)).problems == ("1 of 2 Pods are available",)
    live["status"]["availableReplicas"] = 2
    assert replication_controller(View(live)).is_ready
