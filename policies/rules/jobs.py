"""Pods that end, and pods that nobody looks after: how long a Job may take, how long it stays, who restarts a pod."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube.objects import Object
from kube.view import Finding, Trace, View
from policies.facts import repairs
from policies.rule import ADVISORY, MANDATORY, Findings, object_rule
from policies.settings import Settings

TTL = "ttlSecondsAfterFinished"
KEPT = ("metadata", "annotations", "pulumi.com/replaceUnready")
"""Pulumi looks after a Job with this annotation: had the Job gone, the next `up` would run it again."""


def _bound_jobs(data: dict[str, Any], settings: Settings) -> None:
    """What is not said gets the API server's default, or the settings' where it has none."""
    values = {
        "backoffLimit": 6,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "activeDeadlineSeconds": settings.job_deadline_s,
        TTL: settings.job_ttl_s,
    }
    for finding in _unbounded(Object(data).view(Trace())):
        present = repairs.get(data, finding.path)
        if present is None and not finding.undecided:
            repairs.put(data, finding.path, values[finding.path.rpartition(".")[2]])
        elif isinstance(present, int):
            repairs.drop(data, finding.path)


@object_rule(
    "Job",
    "CronJob",
    why="A Job without bounds retries and runs for ever, or stays behind with its pods and their volumes.",
    source="kube-linter job-ttl-seconds-after-finished; kubernetes.io, Automatic Cleanup for Finished Jobs",
    level=ADVISORY,
    remedy=_bound_jobs,
    bad="{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never}}}}",
    good="""
    {apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {backoffLimit: 3, activeDeadlineSeconds: 3600,
      ttlSecondsAfterFinished: 86400, template: {spec: {restartPolicy: Never}}}}
    """,
)
def job_ttl(view: View, _settings: Settings) -> Findings:
    """Jobs say how often they are tried, how long they may take and when they are removed.

    A CronJob removes its Jobs by its history limits, and these leave that to it. A Job that Pulumi looks after (see
    `KEPT`) need not be removed.
    """
    yield from _unbounded(view)


def _unbounded(view: View) -> Iterator[Finding]:
    is_cron = view.object.kind == "CronJob"
    job = view.at("spec.jobTemplate.spec" if is_cron else "spec")
    for field in ("backoffLimit", "activeDeadlineSeconds"):
        if job.number(field) is None:
            yield job.bad(field, "should be set")
    if is_cron:
        for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
            if view.number(f"spec.{field}") is None:
                yield view.bad(f"spec.{field}", "should be set")
        if job.number(TTL) is not None:
            yield job.bad(TTL, "should be left to the CronJob's history limits", job.number(TTL))
    elif job.number(TTL) is None and (kept := view.text(KEPT)) != "true":
        yield job.bad(TTL, "should be set", kept)


@object_rule(
    "Pod",
    why="A pod without a controller is not made again when its node fails, and is never rolled out.",
    source="Pulumi compliance-policies; Kyverno require-controller; datree",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {
      containers: [{name: a, image: a}]}}}}
    """,
)
def no_naked_pod(view: View, _settings: Settings) -> Findings:
    """Pods are made by a controller, which an exported pod names as its owner."""
    owners = view.at("metadata.ownerReferences").expect(list, "a list")
    if not owners:
        yield view.bad("kind", "must be a Deployment, a Job or another controller of pods", owners)
