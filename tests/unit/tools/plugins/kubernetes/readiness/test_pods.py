"""Pods and Jobs, and what is wrong with them in words."""

from __future__ import annotations

from typing import Any

from tools.plugins.kubernetes.readiness.pods import job, pod, pod_problems
from tools.plugins.kubernetes.readiness.verdict import View


def conditions(**states: bool | str) -> list[dict[str, Any]]:
    """Conditions by type; a text is the message of one that does not hold."""
    return [
        {"type": kind, "status": str(state is True), "reason": "Why", "message": "" if state is True else str(state)}
        for kind, state in states.items()
    ]


def live(phase: str = "Running", *, containers: Any = (), init: Any = (), **states: bool | str) -> dict[str, Any]:
    """A pod."""
    return {
        "metadata": {"namespace": "n", "name": "p"},
        "status": {
            "phase": phase,
            "conditions": conditions(**states),
            "containerStatuses": list(containers),
            "initContainerStatuses": list(init),
        },
    }


UP: dict[str, Any] = {"PodScheduled": True, "Initialized": True}


def test_a_pod_is_ready_when_it_is_scheduled_initialised_and_ready_or_done() -> None:
    """What is next is said meanwhile."""
    assert pod(View(live(**UP, Ready=True))).is_ready
    assert pod(View(live("Succeeded"))).is_ready
    assert pod(View(live(PodScheduled=True))).progress == 'Waiting for Pod "n/p" to be initialized'


def test_a_failed_pod_is_hopeless() -> None:
    """It never becomes ready."""
    assert pod(View(live("Failed"))).is_hopeless
    assert not pod(View(live("Pending"))).is_hopeless


def test_a_pod_that_finds_no_node_says_what_the_scheduler_says() -> None:
    """And nothing of containers that do not run anyway."""
    assert pod_problems(live(PodScheduled="0/3 nodes are available: insufficient memory")) == (
        "[Pod n/p]: 0/3 nodes are available: insufficient memory",
    )


def test_an_image_that_can_not_be_pulled_is_named() -> None:
    """By the reason and message of the waiting container."""
    waiting = {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    (problem,) = pod_problems(live(**UP, Ready="containers with unready status: [main]", containers=[waiting]))
    assert problem == (
        "[Pod n/p]: containers with unready status: [main]; "
        'container "main" is waiting: [ImagePullBackOff] no such image'
    )


def test_a_crash_loop_tells_how_the_container_ended_last() -> None:
    """Exit code and reason."""
    crashing = {
        "name": "main",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "T"}},
    }
    (problem,) = pod_problems(live(**UP, Ready="", containers=[crashing]))
    assert "[CrashLoopBackOff] back-off 10s" in problem
    assert 'container "main" ended at T with exit code 137: [OOMKilled]' in problem


def test_a_failing_init_container_is_named_too() -> None:
    """The others wait for it and are no problem of their own."""
    failing = {"name": "fill", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    waiting = {"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}
    done = {"name": "prepare", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    (problem,) = pod_problems(live(PodScheduled=True, containers=[waiting], init=[done, failing]))
    assert problem == '[Pod n/p]: container "fill" ended with exit code 1: [Error]'


def test_a_pod_that_is_well_or_only_starting_has_no_problem() -> None:
    """A container that is being created is none."""
    creating = {"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}
    assert pod_problems(live(**UP, Ready=True)) == ()
    assert pod_problems(live(**UP, containers=[creating])) == ()
    assert pod_problems(live("Succeeded", Ready="")) == ()


def a_job(**status: Any) -> dict[str, Any]:
    """A Job."""
    return {"metadata": {"namespace": "n", "name": "j", "uid": "job"}, "status": status}


def test_a_job_is_ready_when_it_is_complete() -> None:
    """Until then it tells how far it is."""
    assert job(View(a_job(conditions=conditions(Complete=True)))).is_ready
    assert "(Active: 1 | Succeeded: 0 | Failed: 2)" in job(View(a_job(active=1, failed=2))).progress


def test_a_failed_job_is_hopeless_and_tells_why_with_its_pods_words() -> None:
    """The reason of the condition first."""
    failed = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]
    ended = {"name": "main", "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no disk"}}}
    one = live("Failed", containers=[ended])
    one["metadata"]["ownerReferences"] = [{"uid": "job"}]
    verdict = job(View(a_job(conditions=failed), related={"Pod": [one, live(containers=[ended])]}))
    assert verdict.is_hopeless
    assert verdict.problems == (
        "[BackoffLimitExceeded] too often",
        '[Pod n/p]: container "main" ended with exit code 1: [Error] no disk',
    )
