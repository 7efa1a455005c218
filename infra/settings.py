"""How a stack file is written: keys, types and ranges of every `slipway:` setting. Says nothing about what they do.

Each stack file has all keys: there is no default to look up. Four words stand for values that are known elsewhere:
`auto` (the local cluster knows), `ambient` (the usual kubeconfig), `derived` (computed from the plan) and `none`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infra.fields import Bytes, Cpu, DnsName, Label, Text, parse_field

AUTO, AMBIENT, DERIVED, NONE = "auto", "ambient", "derived", "none"


def _unless_derived(field: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value == DERIVED else parse_field(field, value))


Replicas = Annotated[int, Field(ge=1, le=1000)]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ClusterSettings(_Group):
    """Which cluster, and how its nodes lie."""

    kind: Literal["embedded", "kubeconfig"]
    kubeconfig: Text
    context: Text
    topology: Literal["single-node", "multi-node", "multi-zone"]


class ImageSettings(_Group):
    """Where the image goes, what nodes need to pull it, and for which machines it is built."""

    registry: Text
    repository: Text
    pull_secret: DnsName
    cpu_variants: Literal["all", "baseline"]
    platforms: Annotated[list[Literal["linux/amd64", "linux/arm64"]], Field(min_length=1)]


class ModelSettings(_Group):
    """How many replicas of a model, and on which profile if not the catalog's."""

    min_replicas: Replicas
    max_replicas: Replicas
    profile: Text | None = None


class StorageSettings(_Group):
    """The storage class of the weights caches."""

    class_: Annotated[Label, Field(alias="class")]


class IngressSettings(_Group):
    """How requests get in."""

    class_: Annotated[Label, Field(alias="class")]
    host: DnsName
    from_namespace: Label
    tls_secret: DnsName


class MonitoringSettings(_Group):
    """From where metrics are read."""

    namespace: Label


class QuotaSettings(_Group):
    """Upper bounds of the namespace; None is `derived`."""

    cpu: Annotated[int | None, _unless_derived(Cpu)]
    memory: Annotated[int | None, _unless_derived(Bytes)]
    gpus: Annotated[int | None, _unless_derived(Annotated[int, Field(ge=0, strict=True)])]
    storage: Annotated[int | None, _unless_derived(Bytes)]


class Settings(_Group):
    """A whole stack file."""

    owner: Label
    cost_centre: Label
    cluster: ClusterSettings
    namespace: Label
    image: ImageSettings
    size: Literal["full", "small"]
    models: Annotated[dict[str, ModelSettings], Field(min_length=1)]
    storage: StorageSettings
    ingress: IngressSettings
    monitoring: MonitoringSettings
    quota: QuotaSettings
