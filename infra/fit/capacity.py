"""What autoscalers and rollouts may ask for at most, against the nodes that a stack says it has. Pure, and linear.

Refuses only what can't be: each count is what nodes could hold if nothing else were on them, so whoever is refused here
would be pending at the peak, whatever the scheduler did. What passes may still be pending, because pods of several
models share nodes; `slipway cost` packs them one by one. A pool without an upper bound has room without end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra import units
from infra.cost.allocatable import allocatable
from infra.cost.types import NodeType, Pool, Resources


@dataclass(frozen=True, slots=True)
class Ask:
    """The most pods of one shape that may exist at once: replicas and the surge of a rollout, or the Jobs.

    `gpu_products` is empty where any GPU will do.
    """

    name: str
    num_pods: int
    cpu_m: int
    memory_bytes: int
    num_gpus: int = 0
    gpu_products: tuple[str, ...] = ()


def shortages(asks: Iterable[Ask], pools: Sequence[Pool]) -> Iterator[str]:
    """Sentences; nothing where no pools are known."""
    asks = [ask for ask in asks if ask.num_pods]
    if not pools:
        return
    alone = [problem for ask in asks if (problem := _alone(ask, pools))]
    yield from alone
    if not alone:
        yield from _together(asks, pools)


def _alone(ask: Ask, pools: Sequence[Pool]) -> str | None:
    room = _room_for(ask, pools)
    if room is None or room >= ask.num_pods:
        return None
    shape = f"{units.format_cpu(ask.cpu_m)} CPU, {ask.memory_bytes / units.GI:.1f} GiB"
    if ask.num_gpus:
        shape += f", {ask.num_gpus} GPU ({', '.join(ask.gpu_products) or 'any'})"
    names = ", ".join(pool.name for pool in pools)
    if room == 0:
        return f"{ask.name}: a pod of {shape} fits on no node of the pools; allowed: one that fits {names}"
    return f"{ask.name}: {ask.num_pods} pods of {shape} at the peak, the pools hold {room}; allowed: {room} or fewer"


def _room_for(ask: Ask, pools: Sequence[Pool]) -> int | None:
    """How many such pods fit if nothing else is there; None without end."""
    room = 0
    for pool in pools:
        each = max((_per_node(ask, node) for node in pool.types), default=0)
        if each and pool.max_nodes is None:
            return None
        room += each * (pool.max_nodes or 0)
    return room


def _per_node(ask: Ask, node: NodeType) -> int:
    free = allocatable(node)
    if ask.num_gpus and (node.gpu_product not in ask.gpu_products if ask.gpu_products else not node.gpus):
        return 0
    shares = [free.cpu_m // max(ask.cpu_m, 1), free.memory_bytes // max(ask.memory_bytes, 1), node.max_pods]
    return min(shares + ([node.gpus // ask.num_gpus] if ask.num_gpus else []))


def _together(asks: Sequence[Ask], pools: Sequence[Pool]) -> Iterator[str]:
    """The sum of all, and of those that need the same GPUs, against the most that there can be."""
    cpu_m = sum(ask.cpu_m * ask.num_pods for ask in asks)
    memory = sum(ask.memory_bytes * ask.num_pods for ask in asks)
    most = _most(pools)
    if most and cpu_m > most.cpu_m:
        yield f"all models: {cpu_m / 1000:g} CPU at the peak, all pools together have {most.cpu_m / 1000:g}"
    if most and memory > most.memory_bytes:
        there = f"{most.memory_bytes / units.GI:.0f}"
        yield f"all models: {memory / units.GI:.0f} GiB at the peak, all pools together have {there}"
    yield from _gpus(asks, pools)


def _gpus(asks: Sequence[Ask], pools: Sequence[Pool]) -> Iterator[str]:
    wanted: dict[tuple[str, ...], list[Ask]] = {}
    for ask in asks:
        if ask.num_gpus:
            wanted.setdefault(tuple(sorted(ask.gpu_products)), []).append(ask)
    for products in wanted:
        within = [a for key, group in wanted.items() if _covers(products, key) for a in group]
        fitting = [pool for pool in pools if any(_counts(node, products) for node in pool.types)]
        if any(pool.max_nodes is None for pool in fitting):
            continue
        count = sum(a.num_gpus * a.num_pods for a in within)
        there = sum((p.max_nodes or 0) * max(n.gpus for n in p.types if _counts(n, products)) for p in fitting)
        if count > there:
            names = ", ".join(sorted(a.name for a in within))
            yield (
                f"{names}: {count} GPUs ({', '.join(products) or 'any'}) at the peak, the pools have {there}; "
                "allowed: fewer max_replicas, or more max_nodes"
            )


def _covers(products: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether all GPUs that the others will take are among these; none means any."""
    return not products or (bool(others) and set(others) <= set(products))


def _counts(node: NodeType, products: tuple[str, ...]) -> bool:
    return node.gpus > 0 and (not products or node.gpu_product in products)


def _most(pools: Sequence[Pool]) -> Resources | None:
    """Of all nodes that there may be; None without end."""
    total = Resources()
    for pool in pools:
        if pool.max_nodes is None:
            return None
        each = [allocatable(node) for node in pool.types]
        total += Resources(
            pool.max_nodes * max(one.cpu_m for one in each), pool.max_nodes * max(one.memory_bytes for one in each)
        )
    return total
