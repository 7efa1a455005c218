"""One model as it will run: everything about it that any output needs."""

from dataclasses import dataclass

from infra.catalog.types import Catalog, Profile, Size
from infra.plan.edge import host_of, url_of
from infra.plan.priority import class_of
from infra.plan.probes import ProbePlan, plan_probes, plan_reading
from infra.plan.scaling import Load
from infra.plan.server import ServerPlan, plan_server
from infra.plan.sharing import GpuShare, plan_share
from infra.plan.storage import Claim
from infra.plan.tiers import Tier, plan_tiers
from infra.plan.tunnel import TunnelPlan, plan_tunnel
from infra.plan.weights import WeightsPlan, plan_weights
from infra.quota import Resources
from infra.stack import ModelConfig, StackConfig


@dataclass(frozen=True)
class ModelPlan:
    """One model: what runs (`server`), on what (`resources`, `gpu`), from which weights, in which tiers."""

    id: str
    server: ServerPlan
    weights: WeightsPlan
    resources: Resources
    gpu: GpuShare | None
    tiers: tuple[Tier, ...]
    probes: ProbePlan
    priority_class: str | None
    host: str | None
    url: str
    tunnel: TunnelPlan | None = None

    @property
    def base(self) -> Tier:
        """The tier that is always there."""
        return self.tiers[0]

    @property
    def least(self) -> int:
        """Replicas of all tiers, at least."""
        return sum(tier.replicas.least for tier in self.tiers)

    @property
    def most(self) -> int:
        """Replicas of all tiers, at most."""
        return sum(tier.replicas.most for tier in self.tiers)

    @property
    def peak(self) -> int:
        """The most pods that may exist at once."""
        return sum(tier.peak for tier in self.tiers)


def plan_model(config: StackConfig, chosen: ModelConfig, catalog: Catalog, shared: Claim | None = None) -> ModelPlan:
    """A model of the stack, with what the catalog knows of it; `shared` is the cache of all that share one."""
    model = catalog.models[chosen.id]
    size, profile = chosen_size(config, chosen, catalog), chosen_profile(config, chosen, catalog)
    resources = _resources(profile)
    share = plan_share(profile, chosen.sharing)
    probes = plan_probes(size.weights.file_bytes, plan_reading(config, chosen))
    load = Load(chosen.num_slots or size.num_slots, resources, probes.load_s)
    host = host_of(model.id, config.edge)
    tiers = plan_tiers(config, chosen, profile, share, load)
    weights = plan_weights(config, chosen, size.weights, sum(tier.peak for tier in tiers), shared)
    return ModelPlan(
        id=model.id,
        server=plan_server(config, model, size, chosen, profile.num_gpus, weights.stored),
        weights=weights,
        resources=resources,
        gpu=share,
        tiers=tiers,
        probes=probes,
        priority_class=class_of(chosen.tier or model.tier, config.priority),
        host=host,
        url=url_of(host, config.edge),
        tunnel=plan_tunnel(config, model.id),
    )


def chosen_size(config: StackConfig, chosen: ModelConfig, catalog: Catalog) -> Size:
    """The stack's of the two that a model may have."""
    model = catalog.models[chosen.id]
    return model.small if config.size == "small" else model.full


def chosen_profile(config: StackConfig, chosen: ModelConfig, catalog: Catalog) -> Profile:
    """The model's own, else that of its size."""
    return catalog.profiles[chosen.profile or chosen_size(config, chosen, catalog).profile]


def _resources(profile: Profile) -> Resources:
    return Resources(
        profile.cpu_m, profile.cpu_limit_m, profile.memory_bytes, profile.num_gpus, profile.gpu_memory_bytes
    )
