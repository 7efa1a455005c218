"""What is copied, when, to where, by how many Jobs, and how long it is kept.

A set is what one backup is of: the configuration of all models, their history in Prometheus, the weights on one claim.
One CronJob copies all sets whose claims any node can mount; a claim that is bound to one node has a CronJob of its own,
which runs beside the model. So a ReadWriteOnce volume of backups is enough unless there are several.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from infra import names, units
from infra.errors import PlanError
from infra.plan.model import ModelPlan
from infra.plan.speeds import COPY_BYTES_S, START_S
from infra.plan.storage import Claim
from infra.plan.weights import ALIGNMENT, PVC_HEADROOM
from infra.stack import BackupConfig, StackConfig

READS_AND_WRITES = 2
MARGIN_S = 600
CONFIG, HISTORY, MODELS = "config", "history", "models"


@dataclass(frozen=True, slots=True)
class BackupSet:
    """`name` is that of its folder at the target. `claim`: what holds it; None for what needs no volume."""

    name: str
    claim: str | None = None
    num_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BackupJob:
    """One CronJob. `model`: whose weights it copies, and nothing else. `is_bound`: one node at a time mounts these."""

    sets: tuple[BackupSet, ...]
    model: str | None = None
    is_bound: bool = False

    @property
    def deadline_s(self) -> int:
        """Each byte is read and written once, at the least speed that is worth waiting for."""
        return START_S + READS_AND_WRITES * sum(each.num_bytes for each in self.sets) // COPY_BYTES_S + MARGIN_S


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """`claim` for target volume; `bucket` with `secret` (its credentials) for target s3.

    Attributes:
        prefix: below which the sets of this stack are, so that others can use the same target.
        keep: so many backups of each set; what none of them needs any more is removed.
        prometheus_url: where history comes from; None where none is copied.
        restores: for each claim of weights that is copied, what fills it from the target. Nobody runs them by a clock.
    """

    target: Literal["volume", "s3"]
    schedule: str
    time_zone: str
    keep: int
    what: tuple[str, ...]
    prefix: str
    jobs: tuple[BackupJob, ...]
    restores: tuple[BackupJob, ...] = ()
    prometheus_url: str | None = None
    claim: Claim | None = None
    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    secret: str | None = None


def plan_backup(config: StackConfig, models: Sequence[ModelPlan]) -> BackupPlan | None:
    """None where the stack asks for none. PlanError where the volume can't hold even one backup."""
    asked = config.backup
    if asked is None:
        return None
    weights = tuple(_of_weights(config, models)) if MODELS in asked.what else ()
    alone = tuple(job for job in weights if job.is_bound and job.model)
    together = tuple(job for job in weights if not (job.is_bound and job.model))
    sets = tuple(BackupSet(what) for what in (CONFIG, HISTORY) if what in asked.what)
    sets += tuple(each for job in together for each in job.sets)
    first = (BackupJob(sets, is_bound=any(job.is_bound for job in together)),) if sets else ()
    jobs = (*first, *alone)
    return BackupPlan(
        target="s3" if asked.target == "s3" else "volume",
        schedule=asked.schedule,
        time_zone=asked.time_zone,
        keep=asked.keep,
        what=asked.what,
        prefix=config.stack,
        jobs=jobs,
        restores=weights,
        prometheus_url=config.scaling.prometheus_url if HISTORY in asked.what else None,
        claim=_claim(config, asked, jobs) if asked.target == "volume" else None,
        bucket=asked.bucket,
        endpoint=asked.endpoint,
        region=asked.region,
        secret=asked.secret,
    )


def _of_weights(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[BackupJob]:
    """A set for each claim; weights that no claim holds come from a registry or the hub anyway."""
    shared: dict[str, int] = {}
    claim: Claim | None = None
    for model in models:
        weights = model.weights
        if weights.claim is None:
            continue
        if weights.claim.model is None:
            claim, shared[weights.hash] = weights.claim, weights.file_bytes
        else:
            one = BackupSet(f"model-{model.id}", weights.claim.name, weights.file_bytes)
            yield BackupJob((one,), model.id, _is_bound(config, weights.claim))
    if claim is not None:
        yield BackupJob((BackupSet(MODELS, claim.name, sum(shared.values())),), is_bound=_is_bound(config, claim))


def _is_bound(config: StackConfig, claim: Claim) -> bool:
    return config.cluster.multi_node and claim.access_mode == "ReadWriteOnce"


def _claim(config: StackConfig, asked: BackupConfig, jobs: Sequence[BackupJob]) -> Claim:
    need = sum(each.num_bytes for job in jobs for each in job.sets)
    if asked.volume_bytes < need:
        enough = units.round_up(units.round_up(round(need * PVC_HEADROOM), ALIGNMENT), units.GI)
        raise PlanError(
            [
                f"slipway:backup.size: {units.format_bytes(asked.volume_bytes)} can't hold the weights of all models "
                f"({units.format_bytes(units.round_up(need, units.MI))}); allowed: {units.format_bytes(enough)} or "
                "more, or slipway:backup.what without models"
            ]
        )
    return Claim(
        name=f"{names.PROJECT}-backup",
        use="backup",
        storage_class=config.storage.data_class,
        access_mode="ReadWriteMany" if config.cluster.multi_node and len(jobs) > 1 else "ReadWriteOnce",
        num_bytes=asked.volume_bytes,
        protect=config.storage.protect,
    )
