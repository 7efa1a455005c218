"""Pods, and Jobs, which are ready when their pods have done their work. What is wrong with a pod, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tools.plugins.kubernetes.objects import child, condition, count, id_of, is_true, items, section
from tools.plugins.kubernetes.readiness.verdict import Verdict, View
from tools.plugins.kubernetes.values import Object

CREATING = "ContainerCreating"
STARTING = (CREATING, "PodInitializing")


def pod(view: View) -> Verdict:
    """Scheduled, initialised and ready; or done."""
    live = view.live
    phase = child(live, "status", "phase")
    if phase == "Succeeded" or (
        is_true(live, "PodScheduled") and is_true(live, "Initialized") and is_true(live, "Ready")
    ):
        return Verdict(is_ready=True)
    steps = {"PodScheduled": "scheduled", "Initialized": "initialized", "Ready": "ready"}
    next_step = next((words for kind, words in steps.items() if not is_true(live, kind)), "ready")
    return Verdict(
        is_ready=False,
        progress=f'Waiting for Pod "{id_of(live)}" to be {next_step}',
        problems=pod_problems(live),
        is_hopeless=phase == "Failed",
    )


def job(view: View) -> Verdict:
    """Complete."""
    live = view.live
    if is_true(live, "Complete"):
        return Verdict(is_ready=True)
    numbers = " | ".join(f"{name}: {count(live, 'status', name.lower())}" for name in ("Active", "Succeeded", "Failed"))
    failed = condition(live, "Failed") if is_true(live, "Failed") else {}
    why = (f"[{failed.get('reason', 'Failed')}] {failed.get('message', '')}".rstrip(),) if failed else ()
    return Verdict(
        is_ready=False,
        progress=f'Waiting for Job "{id_of(live)}" to succeed ({numbers})',
        problems=(*why, *all_problems(view.owned("Pod"))),
        is_hopeless=bool(failed),
    )


def all_problems(pods: Iterable[Object]) -> tuple[str, ...]:
    """What is wrong with several pods, each thing once."""
    return tuple(dict.fromkeys(problem for one in pods for problem in pod_problems(one)))


def pod_problems(live: Object) -> tuple[str, ...]:
    """Why a pod does not get on: it names the pod, and the reason that Kubernetes gives. Empty when all is well."""
    scheduled = condition(live, "PodScheduled")
    if scheduled and scheduled.get("status") != "True":
        message = scheduled.get("message") or scheduled.get("reason") or "not scheduled"
        return (f"[Pod {id_of(live)}]: {message}",)
    if is_true(live, "Ready") or child(live, "status", "phase") == "Succeeded":
        return ()
    ready = condition(live, "Ready")
    parts = [ready["message"]] if ready.get("reason") and ready.get("message") else []
    for kind in ("initContainerStatuses", "containerStatuses"):
        for status in items(live, "status", kind):
            parts.extend(_container_problems(status))
    phase_message = child(live, "status", "message")  # evicted, for one
    if phase_message:
        parts.append(phase_message)
    return (f"[Pod {id_of(live)}]: {'; '.join(parts)}",) if parts else ()


def _container_problems(status: Object) -> Iterator[str]:
    name = status.get("name", "")
    if status.get("ready") or child(status, "state", "terminated", "exitCode") == 0:
        return
    waiting = section(status, "state", "waiting")
    if waiting and waiting.get("reason") not in STARTING:
        yield f'container "{name}" is waiting: {_reason(waiting)}'
    terminated = section(status, "state", "terminated")
    if terminated:
        yield f'container "{name}" ended with exit code {terminated.get("exitCode")}: {_reason(terminated)}'
    last = section(status, "lastState", "terminated")
    if last:
        when = f"at {last.get('finishedAt')} with exit code {last.get('exitCode')}"
        yield f'container "{name}" ended {when}: {_reason(last)}'


def _reason(state: dict[str, Any]) -> str:
    return f"[{state.get('reason') or 'no reason given'}] {state.get('message') or ''}".rstrip()
