"""All objects of a stack, as plain data: for `pulumi up`, the YAML output, the cost report and the tests alike.

In groups, each of which needs those before it. The components register the groups; nothing makes an object elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.manifests import backup, disruption, model, monitoring, network, secrets, sharing, sidecars, storage, weights
from infra.manifests.accounts import accounts
from infra.manifests.edge import edge
from infra.manifests.namespaces import namespaces
from infra.manifests.objects import Manifest
from infra.manifests.pod import PodImages
from infra.manifests.priority import priority_classes
from infra.manifests.quota import bounds
from infra.manifests.scaling import autoscalers
from infra.plan import ModelPlan, Plan


@dataclass(frozen=True, slots=True)
class Images:
    """References by digest: texts, or Pulumi's outputs of them. What a stack does not need, it has not.

    Attributes:
        serve: the server on CPUs, which also fetches weights and makes backups.
        weights: by model, for those packed in a package.
        cuda: the server on GPUs.
        cublas: what is mounted into the pods of models that need it.
        tunnel: runs beside the server in the pods of models that have one.
        monitor: watches all models.
    """

    serve: Any
    weights: Mapping[str, Any] = field(default_factory=dict)
    cuda: Any = None
    cublas: Any = None
    tunnel: Any = None
    monitor: Any = None

    def of(self, model: ModelPlan) -> PodImages:
        """What its pods run and mount."""
        serve = self.cuda if model.server.variant == "cuda" else self.serve
        return PodImages(serve, self.weights.get(model.id), self.cublas, self.tunnel)


def guards(plan: Plan) -> list[Manifest]:
    """What is in a namespace before any workload, and priorities; the namespaces themselves come before."""
    return [*priority_classes(plan), *accounts(plan), *bounds(plan), *network.network_policies(plan)]


def data(plan: Plan, secret_values: Mapping[str, Any]) -> list[Manifest]:
    """Secrets and volumes of the whole stack."""
    return [*secrets.secrets(plan, secret_values), *storage.claims(plan)]


def before_model(plan: Plan, one: ModelPlan) -> list[Manifest]:
    """What a model's pods mount or claim, beside the weights."""
    return [model.models_config(plan, one), *sharing.device_claims(plan, one)]


def behind_model(plan: Plan, one: ModelPlan) -> list[Manifest]:
    """What is only done when there is something to lead to."""
    return [model.service(plan, one), *disruption.budgets(plan, one), *autoscalers(plan, one)]


def operations(plan: Plan, images: Images) -> list[Manifest]:
    """What watches and copies."""
    watching = [*monitoring.monitors(plan), *sidecars.health_monitor(plan, images.monitor)]
    return [*watching, *backup.backups(plan, images.serve)]


def objects(plan: Plan, images: Images, secret_values: Mapping[str, Any] | None = None) -> list[Manifest]:
    """All of them; each after what it needs. Without values there is no plain Secret among them."""
    found = [*namespaces(plan), *guards(plan), *data(plan, secret_values or {})]
    for one in plan.models:
        packed = images.weights.get(one.id)
        found += weights.cache_claims(plan, one)
        found += weights.fill_jobs(plan, one, images.serve, packed)
        found += weights.clones(plan, one)
        found += before_model(plan, one)
        found += model.deployments(plan, one, images.of(one))
        found += behind_model(plan, one)
    return [*found, *edge(plan), *operations(plan, images)]
