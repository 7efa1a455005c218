"""How long a replica may take to load: the startup probe's budget and the rollout's deadline, from the weights."""

from dataclasses import dataclass

from infra.plan.speeds import READ_BYTES_S, START_S

PROBE_PERIOD_S = 2


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """How long a replica may take to load before it counts as failed."""

    period_s: int
    startup_failures: int
    progress_deadline_s: int


def plan_probes(file_bytes: int) -> ProbePlan:
    """Twice the time that loading takes at worst; the rollout waits a little longer than the probe."""
    budget_s = 2 * (START_S + file_bytes // READ_BYTES_S)
    failures = -(-budget_s // PROBE_PERIOD_S)
    return ProbePlan(PROBE_PERIOD_S, failures, progress_deadline_s=failures * PROBE_PERIOD_S + START_S)
