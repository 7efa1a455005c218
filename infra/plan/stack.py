"""(StackConfig, Catalog) -> Plan: only puts together what the modules beside it plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra import names
from infra.catalog.types import Catalog
from infra.errors import PlanError
from infra.plan import gpu_image
from infra.plan.backup import BackupPlan, plan_backup
from infra.plan.fit import refusals
from infra.plan.model import ModelPlan, plan_model
from infra.plan.notices import Notice, plan_notices
from infra.plan.priority import CHORES, PriorityClass, class_of, plan_priorities
from infra.plan.secrets import SecretPlan, plan_secrets
from infra.plan.sharing import devices_of
from infra.plan.sidecars import SidecarsPlan, plan_sidecars
from infra.plan.storage import Claim, plan_claims
from infra.plan.weights import known_volumes, plan_shared
from infra.quota import NUM_SCRATCH_PODS, Demand, Limits, Others, Quota, derive_limits, derive_quota
from infra.stack import (
    AiCoreConfig,
    ClusterConfig,
    DockerConfig,
    EdgeConfig,
    ImageConfig,
    MonitoringConfig,
    ScalingConfig,
    SecretsConfig,
    StackConfig,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole stack. What the plan only passes on, such as `edge`, is as the stack file says it.

    `protect`: the namespace, and with it every volume, outlives a mistake. `chores_class`: of what no model waits for.
    """

    stack: str
    target: str
    labels: Mapping[str, str]
    namespace: str
    protect: bool
    cluster: ClusterConfig
    image: ImageConfig
    models: tuple[ModelPlan, ...]
    claims: tuple[Claim, ...]
    priorities: tuple[PriorityClass, ...]
    chores_class: str | None
    secrets: tuple[SecretPlan, ...]
    secret_store: SecretsConfig
    scaling: ScalingConfig
    edge: EdgeConfig
    monitoring: MonitoringConfig
    backup: BackupPlan | None
    sidecars: SidecarsPlan
    quota: Quota
    limits: Limits
    docker: DockerConfig
    aicore: AiCoreConfig
    notices: tuple[Notice, ...]


def make_plan(config: StackConfig, catalog: Catalog) -> Plan:
    """Turn settings and catalog into a plan; models come in the order of their ids."""
    shared = plan_shared(config, catalog)
    in_order = sorted(config.models, key=lambda model: model.id)
    models = tuple(plan_model(config, chosen, catalog, shared) for chosen in in_order)
    backup = plan_backup(config, models)
    claims = plan_claims(shared, backup.claim if backup else None)
    num_jobs = sum(1 for model in models if model.weights.filled)
    if problems := [*refusals(config, catalog, models, num_jobs), *gpu_image.refusals(config, catalog, models)]:
        raise PlanError(problems)
    sidecars = plan_sidecars(config, models)
    demands, others = [_demand(model) for model in models], _others(config, claims, backup, sidecars)
    return Plan(
        stack=config.stack,
        target=config.target,
        labels=names.ownership_labels(config.owner, config.stack, config.cost_centre),
        namespace=config.namespace,
        protect=config.storage.protect,
        cluster=config.cluster,
        image=config.image,
        models=models,
        claims=claims,
        priorities=plan_priorities(config.priority),
        chores_class=class_of(CHORES, config.priority),
        secrets=plan_secrets(config),
        secret_store=config.secrets,
        scaling=config.scaling,
        edge=config.edge,
        monitoring=config.monitoring,
        backup=backup,
        sidecars=sidecars,
        quota=derive_quota(demands, known_volumes(config, catalog), config.quota, others),
        limits=derive_limits(demands, others),
        docker=config.docker,
        aicore=config.aicore,
        notices=plan_notices(config, catalog, models),
    )


def _demand(model: ModelPlan) -> Demand:
    """What it asks of the quota."""
    return Demand(
        resources=model.resources,
        peak=model.peak,
        volume_bytes=sum(claim.num_bytes for claim in model.weights.own_claims),
        devices=devices_of(model.gpu),
        num_jobs=1 if model.weights.filled else 0,
        sidecar=model.tunnel.resources if model.tunnel else None,
    )


def _others(config: StackConfig, claims: Sequence[Claim], backup: BackupPlan | None, sidecars: SidecarsPlan) -> Others:
    """Shared volumes, backups that run at the same time, the monitor, and a few pods for whoever looks for a fault."""
    return Others(
        num_jobs=NUM_SCRATCH_PODS + (len(backup.jobs) if backup else 0),
        claims=tuple((claim.storage_class, claim.num_bytes) for claim in claims),
        cache_class=config.storage.weights_class,
        pods=(sidecars.monitor.resources,) * sidecars.monitor.num_replicas if sidecars.monitor else (),
    )
