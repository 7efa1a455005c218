"""How a new version takes the place of the old one, and how long each step may take: solved from plain numbers. Pure.

A rollout with surge starts the new pod before the old one goes; it needs a spare GPU and a volume that both can mount.
Without either the old one goes first. One replica that holds its volume alone is stopped before the new one is made.

Time limits follow from what has to be read: one that is too short kills good pods, one that is too long hides bad ones.
"""

from dataclasses import dataclass
from typing import Literal

START_S = 60
"""Pull the image, import, warm up."""
PROBE_PERIOD_S = 2
LOAD_MARGIN = 2
"""A storage class is slower than its worst figure now and then, and a pod that is killed for it begins anew."""
JOB_MARGIN_S = 300
"""To be scheduled, to try again where a connection broke, and to check the sum."""
ENDPOINT_SLEEP_S = 5
"""Until load balancers have heard that the pod leaves."""
KILL_MARGIN_S = 10
"""Between the end of the drain and the kill: the server ends its workers."""
LEAST_DRAIN_S = 5
MOST_AT_ONCE = 4
"""One in so many replicas is replaced at the same time, where there is room."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """As a Deployment takes it. `pauses`: for a while nobody serves, for there is one replica and no room for two."""

    strategy: Literal["RollingUpdate", "Recreate"]
    surge: int
    unavailable: int
    pauses: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Startup:
    """What a startup probe and a rollout wait. `load_s` is what loading takes at worst, without any margin."""

    period_s: int
    failures: int
    progress_deadline_s: int
    load_s: int

    @property
    def budget_s(self) -> int:
        """The longest that a pod may take until it serves."""
        return self.period_s * self.failures


@dataclass(frozen=True, slots=True)
class Grace:
    """A pod's end: a pause, a drain of which the server is told, and the time after which it is killed."""

    sleep_s: int
    drain_s: int
    grace_s: int


def solve_strategy(least: int, gpus_per_pod: int, spare_gpus: int | None, *, can_share_volume: bool = True) -> Strategy:
    """`spare_gpus`: what the nodes have beyond the most replicas of all models; None: not known, so none is presumed.

    `least` replicas are there in quiet times, which is when a rollout must work, too.
    """
    at_once = max(1, -(-least // MOST_AT_ONCE))
    if not can_share_volume:
        if least <= 1:
            return Strategy("Recreate", 0, 1, pauses=True, reason="its volume is mounted by one pod at a time")
        return Strategy("RollingUpdate", 0, 1, pauses=False, reason="its volume is mounted by one node at a time")
    if not gpus_per_pod:
        return Strategy("RollingUpdate", at_once, 0, pauses=False, reason="it needs no GPU")
    room = (spare_gpus or 0) // gpus_per_pod
    if room:
        surge = min(at_once, room)
        return Strategy("RollingUpdate", surge, 0, pauses=False, reason=f"{spare_gpus} GPUs are spare")
    reason = "no GPU is known to be spare" if spare_gpus is None else f"{spare_gpus} GPUs are spare"
    return Strategy("RollingUpdate", 0, 1, pauses=least <= 1, reason=reason)


def solve_startup(file_bytes: int, read_bytes_s: int, *, num_readers: int = 1, node_start_s: int = 0) -> Startup:
    """`num_readers` pods read from one volume at the same time. `node_start_s`: until a new node is there.

    The probe starts when the container does, so a new node counts for the rollout only.
    """
    load_s = START_S + -(-file_bytes * max(num_readers, 1) // read_bytes_s)
    failures = -(-LOAD_MARGIN * load_s // PROBE_PERIOD_S)
    deadline_s = failures * PROBE_PERIOD_S + START_S + node_start_s
    return Startup(PROBE_PERIOD_S, failures, deadline_s, load_s)


def solve_job_deadline(file_bytes: int, bytes_s: int) -> int:
    """Seconds for a Job that downloads or copies the weights, at the least speed that is worth waiting for."""
    return START_S + -(-file_bytes // bytes_s) + JOB_MARGIN_S


def solve_grace(drain_s: int, notice_s: int | None = None) -> Grace:
    """`drain_s` as it is wished for; `notice_s`: what is left between a provider's notice and the end, None: enough.

    A drain that would outlast the notice is cut: the server must know when it really ends, or it is killed halfway.
    """
    fixed_s = ENDPOINT_SLEEP_S + KILL_MARGIN_S
    if notice_s is None or drain_s + fixed_s <= notice_s:
        return Grace(ENDPOINT_SLEEP_S, drain_s, drain_s + fixed_s)
    left_s = max(notice_s - fixed_s, min(LEAST_DRAIN_S, drain_s))
    return Grace(ENDPOINT_SLEEP_S, left_s, max(notice_s, ENDPOINT_SLEEP_S + left_s))
