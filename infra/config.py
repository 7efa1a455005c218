"""The stack file -> StackConfig: read once, checked here, passed down as a value.

`load()` is the edge to pulumi.Config; `parse()` is pure. After it there is no `auto` left and no question about types.
Each problem is reported with its key, its value and what is allowed: all wrong keys, types and ranges together, and
when there are none, all values that don't fit the catalog, the cluster or each other.
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from infra import names
from infra.catalog.types import Catalog
from infra.endpoints import Endpoints
from infra.errors import ConfigError
from infra.problems import describe
from infra.settings import AMBIENT, AUTO, NONE, Settings
from infra.stack import ClusterConfig, ImageConfig, IngressConfig, ModelConfig, QuotaConfig, StackConfig

PREFIX = f"{names.PROJECT}:"
NOT_OURS = frozenset({"cost", "policy"})
"""Keys of the same stack file that others read: those of the cost report and of the policy pack."""


def load(catalog: Catalog, endpoints: Endpoints) -> StackConfig:
    """Read the running stack's settings."""
    import pulumi  # only here: whoever parses a stack file needs no Pulumi

    config = pulumi.Config(names.PROJECT)
    set_keys = {key.removeprefix(PREFIX) for key in pulumi.runtime.get_config_env() if key.startswith(PREFIX)}
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    found = {key: config.get(key) for key in sorted((known | set_keys) - NOT_OURS)}
    raw = {key: decode(text) for key, text in found.items() if text is not None}
    return parse(pulumi.get_stack(), raw, catalog, endpoints)


def decode(text: str) -> object:
    """Pulumi hands mappings and lists over as JSON, everything else as text."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def parse(stack: str, raw: Mapping[str, Any], catalog: Catalog, endpoints: Endpoints) -> StackConfig:
    """Check the settings and resolve what they leave to the cluster."""
    try:
        settings = Settings.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(describe(error, Settings, _key)) from None
    if problems := list(_check(settings, catalog, endpoints)):
        raise ConfigError(problems)
    return _resolve(stack, settings, endpoints)


def _key(location: tuple[int | str, ...]) -> str:
    return PREFIX + ".".join(map(str, location))


def _check(settings: Settings, catalog: Catalog, endpoints: Endpoints) -> Iterator[str]:
    yield from _check_models(settings, catalog)
    if settings.namespace == "default" or settings.namespace.startswith("kube-"):
        yield f"slipway:namespace: {settings.namespace!r} is not allowed; allowed: a namespace of its own"
    if settings.cluster.kind == "embedded":
        classes = endpoints.storage_classes
        if settings.storage.class_ not in classes:
            yield f"slipway:storage.class: {settings.storage.class_!r} is not allowed; allowed: {', '.join(classes)}"
    else:
        yield from _check_no_auto(settings)
    if settings.image.cpu_variants == "all" and "linux/arm64" in settings.image.platforms:
        yield (
            "slipway:image.platforms: 'linux/arm64' can't be built with cpu_variants 'all': the image's compiler does "
            "not know its newest variants; allowed: 'linux/amd64', or both with cpu_variants 'baseline'"
        )
    if settings.ingress.host == AUTO and len(settings.models) > 1:
        yield "slipway:ingress.host: 'auto' serves one model only; allowed: a DNS name, each model gets a name below it"


def _check_models(settings: Settings, catalog: Catalog) -> Iterator[str]:
    for model_id, model in settings.models.items():
        key = f"slipway:models.{model_id}"
        if model_id not in catalog.models:
            yield f"{key}: there is no such model; allowed: {', '.join(catalog.models)}"
        if model.min_replicas > model.max_replicas:
            yield f"{key}.min_replicas: {model.min_replicas} is above max_replicas; allowed: 1 to {model.max_replicas}"
        if model.profile is not None and model.profile not in catalog.profiles:
            yield f"{key}.profile: {model.profile!r} is not allowed; allowed: {', '.join(catalog.profiles)}"


def _check_no_auto(settings: Settings) -> Iterator[str]:
    values = {
        "cluster.kubeconfig": settings.cluster.kubeconfig,
        "cluster.context": settings.cluster.context,
        "image.registry": settings.image.registry,
        "ingress.class": settings.ingress.class_,
        "ingress.host": settings.ingress.host,
        "ingress.from_namespace": settings.ingress.from_namespace,
    }
    for key, value in values.items():
        if value == AUTO:
            yield f"slipway:{key}: 'auto' needs slipway:cluster.kind embedded; allowed here: a name"


def _resolve(stack: str, settings: Settings, endpoints: Endpoints) -> StackConfig:
    quota = settings.quota
    return StackConfig(
        stack=stack,
        owner=settings.owner,
        cost_centre=settings.cost_centre,
        namespace=settings.namespace,
        cluster=_resolve_cluster(settings, endpoints),
        image=_resolve_image(settings, endpoints),
        size=settings.size,
        models=tuple(
            ModelConfig(model_id, model.min_replicas, model.max_replicas, model.profile)
            for model_id, model in sorted(settings.models.items())
        ),
        storage_class=settings.storage.class_,
        ingress=_resolve_ingress(settings, endpoints),
        monitoring_namespace=settings.monitoring.namespace,
        quota=QuotaConfig(quota.cpu, quota.memory, quota.gpus, quota.storage),
    )


def _resolve_cluster(settings: Settings, endpoints: Endpoints) -> ClusterConfig:
    cluster = settings.cluster
    embedded = cluster.kind == "embedded"
    named = None if cluster.kubeconfig == AMBIENT else cluster.kubeconfig
    return ClusterConfig(
        embedded=embedded,
        kubeconfig=endpoints.kubeconfig if embedded else named,
        context=endpoints.context if embedded else cluster.context,
        multi_node=cluster.topology != "single-node",
        multi_zone=cluster.topology == "multi-zone",
    )


def _resolve_image(settings: Settings, endpoints: Endpoints) -> ImageConfig:
    image, embedded = settings.image, settings.cluster.kind == "embedded"
    return ImageConfig(
        registry=endpoints.registry if image.registry == AUTO else image.registry,
        repository=image.repository,
        cpu_variants=image.cpu_variants,
        platforms=tuple(sorted(set(image.platforms))),
        builder=endpoints.builder if embedded else None,
        base_image=endpoints.base_image if embedded else None,
        ca_file=endpoints.ca_file if embedded else None,
        pull_secret=None if image.pull_secret == NONE else image.pull_secret,
    )


def _resolve_ingress(settings: Settings, endpoints: Endpoints) -> IngressConfig:
    ingress = settings.ingress
    from_cluster = ingress.from_namespace == AUTO
    any_host = ingress.host == AUTO
    return IngressConfig(
        class_name=endpoints.ingress_class if ingress.class_ == AUTO else ingress.class_,
        host=None if any_host else ingress.host,
        base_url=endpoints.ingress_url if any_host else None,
        base_host=_name_in(endpoints.ingress_url) if any_host else None,
        source_cidrs=endpoints.ingress_source_cidrs if from_cluster else (),
        from_namespace=None if from_cluster else ingress.from_namespace,
        tls_secret=None if ingress.tls_secret == NONE else ingress.tls_secret,
    )


def _name_in(url: str) -> str | None:
    """The host of a URL, unless it is an address: an Ingress knows names only."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if names.DNS_NAME.fullmatch(host) else None
    return None
