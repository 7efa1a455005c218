"""(StackConfig, Catalog) -> Plan: only puts together what the modules beside it plan."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra import names
from infra.catalog.types import Catalog
from infra.plan.backup import BackupPlan, plan_backup
from infra.plan.model import ModelPlan, plan_model
from infra.plan.notices import Notice, plan_notices
from infra.plan.priority import PriorityClass, plan_priorities
from infra.plan.secrets import SecretPlan, plan_secrets
from infra.plan.storage import Claim, plan_claims
from infra.plan.weights import known_volumes
from infra.quota import Demand, Limits, Quota, derive_limits, derive_quota
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
    """A whole stack. What the plan only passes on, such as `edge`, is as the stack file says it."""

    stack: str
    target: str
    labels: Mapping[str, str]
    namespace: str
    cluster: ClusterConfig
    image: ImageConfig
    models: tuple[ModelPlan, ...]
    claims: tuple[Claim, ...]
    priorities: tuple[PriorityClass, ...]
    secrets: tuple[SecretPlan, ...]
    secret_store: SecretsConfig
    scaling: ScalingConfig
    edge: EdgeConfig
    monitoring: MonitoringConfig
    backup: BackupPlan | None
    quota: Quota
    limits: Limits
    docker: DockerConfig
    aicore: AiCoreConfig
    notices: tuple[Notice, ...]


def make_plan(config: StackConfig, catalog: Catalog) -> Plan:
    """Turn settings and catalog into a plan; models come in the order of their ids."""
    models = tuple(plan_model(config, chosen, catalog) for chosen in sorted(config.models, key=lambda model: model.id))
    demands = [Demand(model.resources, model.peak, model.weights.volume_bytes) for model in models]
    return Plan(
        stack=config.stack,
        target=config.target,
        labels=names.ownership_labels(config.owner, config.stack, config.cost_centre),
        namespace=config.namespace,
        cluster=config.cluster,
        image=config.image,
        models=models,
        claims=plan_claims(config),
        priorities=plan_priorities(config.priority),
        secrets=plan_secrets(config),
        secret_store=config.secrets,
        scaling=config.scaling,
        edge=config.edge,
        monitoring=config.monitoring,
        backup=plan_backup(config),
        quota=derive_quota(demands, known_volumes(catalog), config.quota),
        limits=derive_limits(demands),
        docker=config.docker,
        aicore=config.aicore,
        notices=plan_notices(config, models),
    )
