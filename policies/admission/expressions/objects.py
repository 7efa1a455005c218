"""Services, Jobs and labels in CEL."""

from __future__ import annotations

from typing import Final

from policies.admission.cel import Expressions, Table, either, every, literal
from policies.rules import services
from policies.rules.jobs import KEPT, TTL
from policies.settings import Settings

ANNOTATIONS: Final = "variables.object.metadata.?annotations"


def _public_service(settings: Settings) -> Expressions:
    name = "variables.object.metadata.?namespace.orValue('default') + '/' + variables.object.metadata.name"
    kind = "variables.object.spec.?type.orValue('ClusterIP')"
    internal = [
        f"{ANNOTATIONS}[?{literal(key)}].orValue('').lowerAscii() == {literal(value)}"
        for key, value in sorted(services.INTERNAL)
    ]
    return Expressions(
        object=either(
            f"!({kind} in ['NodePort', 'LoadBalancer'])",
            f"({name}) in {literal(settings.public_services)}",
            every(f"{kind} == 'LoadBalancer'", either(*internal)),
        )
    )


def _required_labels(settings: Settings) -> Expressions:
    labels = "variables.object.metadata.?labels"
    any_of = [
        either(*(f"{labels}[?{literal(name)}].orValue('') != ''" for name in label.split("|")))
        for label in settings.required_labels
    ]
    return Expressions(object=every(*any_of)) if any_of else Expressions()


def _job_bounds() -> Expressions:
    cron, job = "variables.object.spec.jobTemplate.spec", "variables.object.spec"
    kept = f"{ANNOTATIONS}[?{literal(KEPT[-1])}].orValue('') == 'true'"
    limits = [f"{job}.?{field}.hasValue()" for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")]
    of_cron = every(*_bounds(cron), *limits, f"!{cron}.?{TTL}.hasValue()")
    of_job = every(*_bounds(job), either(f"{job}.?{TTL}.hasValue()", kept))
    return Expressions(object=f"object.kind == 'CronJob' ? ({of_cron}) : ({of_job})")


def _bounds(job: str) -> list[str]:
    return [f"{job}.?{field}.hasValue()" for field in ("backoffLimit", "activeDeadlineSeconds")]


TABLE: Final[Table] = {
    "service-not-public": _public_service,
    "no-external-ips": Expressions(object="size(variables.object.spec.?externalIPs.orValue([])) == 0"),
    "required-labels": _required_labels,
    "job-ttl": _job_bounds(),
    "no-naked-pod": Expressions(object="size(variables.object.metadata.?ownerReferences.orValue([])) > 0"),
}
