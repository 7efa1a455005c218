"""One model: its models.json, the Deployments that serve it, and the Service in front of all."""

from infra import names
from infra.manifests import delivery, sidecars
from infra.manifests.edge import affinity
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.manifests.placement import hardware_of
from infra.manifests.pod import PodImages, config_hash, pod
from infra.plan import ModelPlan, Plan, Tier


def config_name(model: ModelPlan) -> str:
    """Of the object with its models.json."""
    return names.models_config(model.id, config_hash(model))


def models_config(plan: Plan, model: ModelPlan) -> Manifest:
    """models.json; new content is a new object, so that a rollback finds the old one."""
    name = config_name(model)
    labels = model_labels(plan, model, names.ROLE_MODEL)
    data = {names.MODELS_FILE_NAME: model.server.models_json}
    return manifest("v1", "ConfigMap", name, plan.namespace, labels, data=data, immutable=True)


def deployments(plan: Plan, model: ModelPlan, images: PodImages) -> list[Manifest]:
    """One a tier, the base first."""
    return [deployment(plan, model, tier, images) for tier in model.tiers]


def deployment(plan: Plan, model: ModelPlan, tier: Tier, images: PodImages) -> Manifest:
    """The pods of a tier. How many is the autoscaler's to say: were `spec.replicas` here too, both would write it."""
    labels = {
        **model_labels(plan, model, names.ROLE_MODEL),
        names.TIER_LABEL: tier.name,
        names.HARDWARE_LABEL: hardware_of(model),
        **delivery.labels(model.weights),
        **sidecars.tunnel_labels(model),
    }
    spec: Manifest = {
        "progressDeadlineSeconds": model.probes.progress_deadline_s + model.weights.start_s,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": names.tier_selector(model.id, tier.name)},
        "strategy": _strategy(tier),
        "template": {
            "metadata": {"labels": labels, "annotations": {names.CONFIG_HASH: config_hash(model)}},
            "spec": pod(plan, model, tier, images),
        },
    }
    return manifest("apps/v1", "Deployment", names.tier_object(model.id, tier.name), plan.namespace, labels, spec=spec)


def _strategy(tier: Tier) -> Manifest:
    if tier.rollout.strategy == "Recreate":
        return {"type": "Recreate"}
    bounds = {"maxSurge": tier.rollout.surge, "maxUnavailable": tier.rollout.unavailable}
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


def service(plan: Plan, model: ModelPlan) -> Manifest:
    """A stable address for the ready replicas."""
    ports = [
        {"name": names.HTTP_PORT_NAME, "port": names.SERVICE_PORT, "targetPort": names.HTTP_PORT_NAME},
        {"name": names.METRICS_PORT_NAME, "port": names.METRICS_PORT, "targetPort": names.METRICS_PORT_NAME},
    ]
    spec = {
        "type": "ClusterIP",
        "selector": names.model_selector(model.id),
        "ports": [{**port, "protocol": "TCP"} for port in ports],
        **affinity.of_service(plan.edge),
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    found = manifest("v1", "Service", model.id, plan.namespace, labels, spec=spec)
    if annotations := affinity.for_traefik(plan):
        found["metadata"]["annotations"] = annotations
    return found
