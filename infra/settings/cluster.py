"""Keys of `cluster` and `gpu`: which cluster, how its nodes lie, and how they offer their GPUs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.fields import Bytes, Cpu, Label, Text
from infra.settings import words
from infra.settings.group import Group

Sharing = Literal["none", "time-slicing", "mps", "mig", "dra"]


def _version(value: str) -> str:
    major, _, minor = value.partition(".")
    if major != "1" or not minor.isdigit() or int(minor) < 33:
        raise ValueError('allowed: a version from "1.33" on, such as "1.36" (in quotes)')
    return value


class NodePoolSettings(Group):
    """Nodes that the cluster has or may add: a machine that infra/data knows, or its size. For the fit proof."""

    name: Label
    machine: Text | None = None
    cpu: Cpu | None = None
    memory: Bytes | None = None
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    gpu: Text | None = None
    max_nodes: Annotated[int, Field(ge=1, le=10_000)]
    spot: bool = False


class ClusterSettings(Group):
    """Which cluster, and how its nodes lie. `stack` takes kubeconfig, context and classes from another stack."""

    kind: Literal["embedded", "kubeconfig", "stack"] = words.CLUSTER_KIND
    kubeconfig: Text = words.AMBIENT
    context: Text = words.AUTO
    stack: Text = words.NONE
    topology: Literal["single-node", "multi-node", "multi-zone"] = words.TOPOLOGY
    provider: Literal["aws", "gcp", "azure", "other"] = words.PROVIDER
    version: Annotated[str, AfterValidator(_version)] = words.KUBERNETES_VERSION
    nodes: list[NodePoolSettings] = Field(default_factory=list)
    spare_gpus: dict[Text, Annotated[int, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    scheduler: Text = words.NONE


class GpuSettings(Group):
    """How the cluster's nodes offer GPUs; a model may ask for another way."""

    sharing: Sharing = words.SHARING
    replicas_per_gpu: Annotated[int, Field(ge=2, le=64)] = words.REPLICAS_PER_GPU
    mig_profile: Text = words.NONE
    device_class: Text = words.DEVICE_CLASS
