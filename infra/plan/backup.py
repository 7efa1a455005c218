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
    """One CronJob. `model`: it runs where the model's volume can be mounted, and copies nothing else."""

    sets: tuple[BackupSet, ...]
    model: str | None = None

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
    weights = tuple(_of_weights(models)) if MODELS in asked.what else ()
    bound = [job for job in weights if config.cluster.multi_node and _is_bound(job, models)]
    together = tuple(each for job in weights if job not in bound for each in job.sets)
    plain = tuple(BackupSet(what) for what in (CONFIG, HISTORY) if what in asked.what)
    first = [BackupJob(plain + together)] if plain + together else []
    jobs = (*first, *bound)
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


def _of_weights(models: Sequence[ModelPlan]) -> Iterator[BackupJob]:
    """A set for each claim; weights that no claim holds come from a registry or the hub anyway."""
    shared = {model.weights.hash: model.weights for model in models if model.weights.delivery == "shared"}
    for model in models:
        claim = model.weights.claim
        if claim is not None and claim.model is not None:
            yield BackupJob((BackupSet(f"model-{model.id}", claim.name, model.weights.file_bytes),), model.id)
    if claims := {each.claim.name for each in shared.values() if each.claim is not None}:
        num_bytes = sum(each.file_bytes for each in shared.values())
        yield BackupJob((BackupSet(MODELS, claims.pop(), num_bytes),))


def _is_bound(job: BackupJob, models: Sequence[ModelPlan]) -> bool:
    modes = {model.weights.claim.name: model.weights.claim.access_mode for model in models if model.weights.claim}
    return any(modes.get(each.claim or "") == "ReadWriteOnce" for each in job.sets)


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
