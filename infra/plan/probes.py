"""How long a replica may take to load: the startup probe's budget and the rollout's deadline, from the weights."""

from dataclasses import dataclass

from infra.plan.speeds import NODE_START_S
from infra.plan.weights import delivery_of
from infra.rollout import solve_startup
from infra.stack import ModelConfig, StackConfig
from infra.storage_speeds import read_bytes_s

ON_NODE = "local"
"""What a disk of the node is in the table of speeds."""


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """How long a replica may take to load before it counts as failed. `load_s`: what it takes at worst, no margin."""

    period_s: int
    startup_failures: int
    progress_deadline_s: int
    load_s: int


@dataclass(frozen=True, slots=True)
class Reading:
    """From where weights are read: how fast, by how many pods at once, on a node that is there or is yet to come."""

    bytes_s: int
    num_readers: int = 1
    node_start_s: int = 0


def plan_probes(file_bytes: int, reading: Reading) -> ProbePlan:
    """A margin above the time that loading takes at worst; the rollout waits a little longer than the probe."""
    found = solve_startup(
        file_bytes, reading.bytes_s, num_readers=reading.num_readers, node_start_s=reading.node_start_s
    )
    return ProbePlan(found.period_s, found.failures, found.progress_deadline_s, found.load_s)


def plan_reading(config: StackConfig, chosen: ModelConfig) -> Reading:
    """A disk of a node has one reader: the second pod there finds the file in the page cache. So has a single node."""
    node_start_s = NODE_START_S if config.cluster.multi_node else 0
    if delivery_of(chosen) in ("image", "ephemeral"):
        return Reading(read_bytes_s(ON_NODE), node_start_s=node_start_s)
    speed = read_bytes_s(config.storage.weights_class, config.storage.kinds)
    is_shared = config.cluster.multi_node and config.storage.access_mode != "ReadWriteOnce"
    return Reading(speed, _at_once(chosen) if is_shared else 1, node_start_s)


def _at_once(chosen: ModelConfig) -> int:
    """How many start together: all of the first `up`, or, as an autoscaler doubles, half of the most."""
    return max(chosen.min_replicas, -(-chosen.max_replicas // 2), 1)
