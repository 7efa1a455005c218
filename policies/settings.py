"""What a stack decides about the rules: levels, versions, thresholds, allow-lists, waivers. All defaults are here.

Plain values only; `settings_file.py` reads and validates them. The defaults are those of a production stack: a pack
that runs with no setting at all is strict.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class Level(StrEnum):
    """What a finding does: block, tell, nothing; `remediate` puts right what it can and blocks the rest."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"


@dataclass(frozen=True, slots=True)
class Waiver:
    """One rule is not to block one object until a day. `object` may have globs, such as `Deployment slipway/*`."""

    rule: str
    object: str
    owner: str
    reason: str
    expires: datetime.date


@dataclass(frozen=True, slots=True)
class Settings:
    """See docs/policies.md for what each one does."""

    environment: Literal["prod", "dev"] = "prod"  # whose levels hold; by default what the stack's name says
    levels: Mapping[str, Level] = field(default_factory=dict)  # by rule id, or `all`; wins over the rule's own
    waivers: tuple[Waiver, ...] = ()  # see below

    # Versions
    pod_security_level: Literal["baseline", "restricted"] = "restricted"  # of the Pod Security Standards
    pod_security_version: tuple[int, int] = (1, 36)  # whose controls hold, from 1.0 on
    kubernetes_version: tuple[int, int] = (1, 36)  # of the cluster: which APIs it still serves

    # Images
    registries: tuple[str, ...] = ()  # prefixes such as `registry.example.com/team`; none: any registry
    attested_digests: tuple[str, ...] | None = None  # sha256:...; None: not asked for
    image_size_budget_bytes: int = 4 * 2**30  # what an image may weigh
    image_sizes_bytes: Mapping[str, int] = field(default_factory=dict)  # by digest, where known

    # Identity
    token_service_accounts: tuple[str, ...] = ()  # `namespace/name` whose pods may mount an API token
    secret_readers: tuple[str, ...] = ()  # `namespace/name` of Roles (`name` of ClusterRoles) that may read Secrets
    min_uid: int = 10_000  # user and group ids below it may be those of the node

    # Reliability
    min_replicas: int = 2  # of what serves
    min_gpu_replicas: int = 2  # of what serves on GPUs, where a replica that stands by costs as much as many others
    min_grace_s: int = 30  # between SIGTERM and SIGKILL
    single_node: bool = False  # the cluster has one node and will have no other: nothing can be spread or kept apart
    required_labels: tuple[str, ...] = (  # alternatives are separated by |
        "app.kubernetes.io/name",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/managed-by",
        "slipway.dev/owner|owner|team",
        "slipway.dev/stack|env|environment",
        "slipway.dev/cost-centre|cost-centre|cost-center",
    )
    cost_labels: tuple[str, ...] = (  # on pod templates that use a GPU or serve a model
        "slipway.dev/model|model",
        "slipway.dev/owner|owner|team",
        "slipway.dev/stack|env|environment",
    )

    existing_objects: tuple[str, ...] = ()  # on the cluster, outside the stack: `Kind namespace/name`, may have globs

    # Jobs: what the remedy of job-ttl sets where nothing is said
    job_ttl_s: int = 7 * 86_400  # how long a finished Job stays
    job_deadline_s: int = 86_400  # how long a Job may run

    # Budgets
    cost: Mapping[str, Any] = field(default_factory=dict)  # the stack's `slipway:cost`, unless another one is said

    # Reach
    public_services: tuple[str, ...] = ()  # `namespace/name` that may be LoadBalancer or NodePort
    public_paths: tuple[str, ...] = ("/", "/v1", "/health", "/healthz", "/ready")  # that an Ingress may open

    # GPUs
    extended_resource_toleration: bool = False  # the cluster's admission plugin adds GPU tolerations itself
    gpu_memory_utilization: float = 0.9  # how much of a GPU's memory a server takes, where it does not say
    max_gpus: int | None = None  # of all node pools together; None: only the quota bounds it
    storage_bytes_s: int = 100 * 10**6  # how fast weights are read at worst
    warm_up_s: int = 60  # between weights in memory and the first answer
    remote_code_models: tuple[str, ...] = ()  # models that may run their own code
    node_types: tuple[str, ...] = ()  # names in infra/data/node_types.yaml; none: all of them
    daemon_cpu_m: int = 0  # what the daemon sets of the cluster request on each node
    daemon_memory_bytes: int = 0  # as daemon_cpu_m
    cache_headroom: float = 1.2  # the size of a cache volume, in sizes of the weights
    spot_notice_s: Mapping[str, int] = field(  # between a provider's notice and the end of a spot node
        default_factory=lambda: {"aws": 120, "gcp": 30, "azure": 30}
    )
