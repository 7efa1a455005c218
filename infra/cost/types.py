"""The words of the cost engine, as values. Everything in infra/cost speaks in these and nothing else.

Workload   pods of one shape, with bounds of their number      Pool      nodes that may be bought, on demand or spot
Volume, LoadBalancer, ...   what is paid for beside nodes      Node      one bought node and the pods on it
Demand     all that a set of objects asks for                  Packing   nodes for given numbers of replicas
Line       one line of an estimate                             Estimate  all lines, and what could not be priced
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from infra.cost.money import Range, total

# What is asked for


@dataclass(frozen=True, slots=True)
class Resources:
    """What a pod reserves: the larger of its init containers' and the sum of its running containers' requests."""

    cpu_m: int = 0
    memory_bytes: int = 0
    gpus: int = 0
    ephemeral_bytes: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.cpu_m + other.cpu_m,
            self.memory_bytes + other.memory_bytes,
            self.gpus + other.gpus,
            self.ephemeral_bytes + other.ephemeral_bytes,
        )

    def fits(self, room: Resources) -> bool:
        """Whether it is within `room` in every resource."""
        return (
            self.cpu_m <= room.cpu_m
            and self.memory_bytes <= room.memory_bytes
            and self.gpus <= room.gpus
            and self.ephemeral_bytes <= room.ephemeral_bytes
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One pod as the scheduler sees it. `spec` is plain data: the fields of the pod spec that say where it may go."""

    requests: Resources
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """Pods of one shape. `model` is the catalog's id, None for what serves no model. Each is itself, as a key, too."""

    kind: str
    namespace: str
    name: str
    shape: Shape
    min_replicas: int
    max_replicas: int
    model: str | None = None
    schedule: tuple[Window, ...] = ()
    hours_per_month: Fraction | None = None  # of Jobs and CronJobs: how long their pods run; None: always
    load_s: int = 60  # until a new replica serves
    pulls_bytes: int = 0  # what each new pod downloads besides its image: weights that no volume keeps

    @property
    def id(self) -> str:
        """`slipway/gemma`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the week with bounds of their own, as a KEDA cron trigger gives them: hours since Monday 00:00."""

    start_hour: int
    end_hour: int  # may be smaller than start: over the week's end
    min_replicas: int
    max_replicas: int


@dataclass(frozen=True, slots=True)
class Volume:
    """A claim, or those of which the pods of `workload` (its id) have one each."""

    namespace: str
    name: str
    storage_class: str
    size_bytes: int
    access_mode: str
    model: str | None = None
    count: int = 1
    workload: str = ""  # whose replicas have one each, beside `count`; a StatefulSet's stay when it scales down


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A Service of type LoadBalancer, a Gateway, or all Ingresses of one class and group."""

    namespace: str
    name: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """What was seen and is not in the total; never counted as zero silently."""

    id: str
    reason: str
    is_total_wrong: bool = True  # False where it costs nothing by itself, or is told for information


@dataclass(frozen=True, slots=True)
class Demand:
    """All that a set of objects asks for."""

    workloads: tuple[Workload, ...] = ()
    volumes: tuple[Volume, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    daemons: tuple[Workload, ...] = ()  # on every node that tolerates and selects them
    jobs: tuple[Workload, ...] = ()  # that end: they have `hours_per_month`
    unpriced: tuple[Unpriced, ...] = ()
    storage_kinds: Mapping[str, str] = field(default_factory=dict)  # of the stack's own storage classes


# What can be bought


class Capacity(StrEnum):
    """How a node is bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"


@dataclass(frozen=True, slots=True)
class NodeType:
    """A machine that a provider sells."""

    provider: str
    name: str
    cpu_m: int
    memory_bytes: int
    gpus: int = 0
    gpu_product: str | None = None  # as in the node label nvidia.com/gpu.product
    gpu_memory_bytes: int = 0
    arch: str = "amd64"
    max_pods: int = 110


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes of some types that the cluster may add, one type a node."""

    name: str
    types: tuple[NodeType, ...]
    capacity: Capacity
    zones: tuple[str, ...] = ("zone-a",)
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    min_nodes: int = 0
    max_nodes: int | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One node and how many pods of which workload are on it, in the order in which they came."""

    pool: Pool
    type: NodeType
    zone: str
    allocatable: Resources
    pods: tuple[tuple[Workload, int], ...]


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the pods are. `unplaced` says of which workload how many fit nowhere, and why."""

    nodes: tuple[Node, ...]
    unplaced: tuple[tuple[Workload, int, str], ...] = ()


# What it costs


class Kind(StrEnum):
    """What a line pays for."""

    GPU = "gpu"
    CPU_MEMORY = "cpu and memory"
    IDLE = "idle"  # paid for and used by no pod
    STORAGE = "storage"
    LOAD_BALANCER = "load balancer"
    NETWORK = "network"
    CONTROL_PLANE = "control plane"


class Confidence(StrEnum):
    """How a line's price or quantity is known."""

    MEASURED = "measured"
    LIST_PRICE = "list price"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Lines add up to the total, whatever they are grouped by."""

    kind: Kind
    name: str  # of the node type and pool, the claim, the load balancer
    cost: Range
    unit: str  # what the quantity counts: "hours", "GiB-months"
    quantity: Fraction  # typical, a month
    price: Fraction  # of one unit, in the currency
    confidence: Confidence
    driver: str  # which input moves it: "replicas", "spot price", "size"
    namespace: str = ""  # empty: shared by all
    model: str | None = None
    note: str = ""
    workload: str = ""  # the id of whose pods cause it; empty where it is not known, or shared


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one state of a stack costs a month."""

    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...] = ()
    p50_cents: int = 0
    p90_cents: int = 0

    @property
    def cost(self) -> Range:
        """The total."""
        return total([line.cost for line in self.lines])
