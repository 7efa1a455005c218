"""What a stack would cost if it were set otherwise: other replicas, another GPU, more or less spot.

    --replicas gemma=2..6   bounds of a model's replicas; `gemma=3` is a fixed number
    --gpu gemma=NVIDIA-L4   the model's pods on nodes with that GPU, whatever their own rules say
    --spot 60, gpu=60       percent of the nodes that are spot, of all pools or of one

A change is a changed demand and changed settings; what it costs is told by two reports, of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from infra.cost import sizes
from infra.cost.errors import WhatIfError
from infra.cost.market import Market
from infra.cost.node_labels import GPU_RESOURCE
from infra.cost.placement import REQUIRED
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Demand, NodeType, Pool, Workload

PRODUCT: Final = f"{GPU_RESOURCE}.product"
ALL: Final = ""
"""For all pools."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """By model, or by workload's id; spot by pool."""

    replicas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    gpus: Mapping[str, str] = field(default_factory=dict)
    spot: Mapping[str, Fraction] = field(default_factory=dict)


def parse(replicas: Sequence[str] = (), gpus: Sequence[str] = (), spot: Sequence[str] = ()) -> WhatIf:
    """Options as a person writes them; WhatIfError that says what is allowed."""
    return WhatIf(
        dict(_replicas(text) for text in replicas),
        dict(_gpu(text) for text in gpus),
        dict(_spot(text) for text in spot),
    )


def change(demand: Demand, market: Market, what: WhatIf) -> tuple[Demand, Market]:
    """The demand and the market as they would be; WhatIfError where a name is not in the stack."""
    _known({*what.replicas, *what.gpus}, demand)
    workloads = tuple(_changed(each, what) for each in demand.workloads)
    settings = _with_gpus(market, what.gpus.values())
    settings = _with_spot(settings, what.spot)
    throughput = {name: known for name, known in market.throughput.items() if name not in what.gpus}
    return replace(demand, workloads=workloads), replace(market, settings=settings, throughput=throughput)


def _changed(workload: Workload, what: WhatIf) -> Workload:
    name = workload.model if workload.model in {*what.replicas, *what.gpus} else workload.id
    bounds = what.replicas.get(name or "")
    if bounds:
        workload = replace(workload, min_replicas=bounds[0], max_replicas=bounds[1], schedule=())
    product = what.gpus.get(name or "")
    if product:
        workload = replace(workload, shape=replace(workload.shape, spec=_on_gpu(workload.shape.spec, product)))
    return workload


def _on_gpu(spec: Mapping[str, Any], product: str) -> dict[str, Any]:
    """Only nodes with that GPU; rules of its own about nodes are about the GPU that it had."""
    affinity = {kind: rules for kind, rules in (spec.get("affinity") or {}).items() if kind != "nodeAffinity"}
    term = {"matchExpressions": [{"key": PRODUCT, "operator": "In", "values": [product]}]}
    affinity["nodeAffinity"] = {REQUIRED: {"nodeSelectorTerms": [term]}}
    kept = {name: value for name, value in spec.items() if name not in ("nodeSelector", "affinity")}
    return {**kept, "affinity": affinity}


def _with_gpus(market: Market, products: Any) -> CostSettings:
    """A pool for each GPU that no pool has, of all machines that have it; what tolerates GPU nodes tolerates it."""
    settings = market.settings
    for product in dict.fromkeys(products):
        if any(node.gpu_product == product for pool in settings.pools for node in pool.types):
            continue
        types = tuple(node for node in market.machines if node.gpu_product == product)
        if not types:
            known = ", ".join(sorted({node.gpu_product for node in _all_machines(market) if node.gpu_product}))
            raise WhatIfError(
                [f"--gpu: {product!r} is on no machine of {settings.provider}; allowed: {known or 'none'}"]
            )
        like = next((pool for pool in settings.pools if any(node.gpus for node in pool.types)), settings.pools[0])
        capacity = Capacity.ON_DEMAND
        pool = Pool(f"what-if-{product}", types, capacity, like.zones, like.labels, like.taints)
        settings = replace(settings, pools=(*settings.pools, pool))
    return settings


def _all_machines(market: Market) -> list[NodeType]:
    return [*market.machines, *(node for pool in market.settings.pools for node in pool.types)]


def _with_spot(settings: CostSettings, spot: Mapping[str, Fraction]) -> CostSettings:
    names = [pool.name for pool in settings.pools]
    unknown = [name for name in spot if name not in (*names, ALL)]
    if unknown:
        raise WhatIfError([f"--spot: there is no pool {name!r}; allowed: {', '.join(names)}" for name in unknown])
    every = spot.get(ALL)
    shares = dict(settings.spot_share)
    shares |= {} if every is None else dict.fromkeys(names, every)
    shares |= {name: share for name, share in spot.items() if name != ALL}
    return replace(settings, spot_share=shares)


def _known(names: set[str], demand: Demand) -> None:
    known = dict.fromkeys(each.model or each.id for each in demand.workloads)
    ids = {each.id for each in demand.workloads}
    if problems := [
        f"there is no model {name!r}; allowed: {', '.join(known)}" for name in sorted(names - {*known, *ids})
    ]:
        raise WhatIfError(problems)


def _replicas(text: str) -> tuple[str, tuple[int, int]]:
    name, _, bounds = text.rpartition("=")
    least, dots, most = bounds.partition("..")
    numbers = [least, most if dots else least]
    is_number = all(_is_count(each, sizes.MAX_REPLICAS) for each in numbers)
    if not name or not is_number or int(numbers[0]) > int(numbers[1]):
        raise WhatIfError([f"--replicas: {text!r} is not allowed; allowed: MODEL=2..6 or MODEL=3"])
    return name, (int(numbers[0]), int(numbers[1]))


def _gpu(text: str) -> tuple[str, str]:
    name, _, product = text.partition("=")
    if not name or not product:
        raise WhatIfError([f"--gpu: {text!r} is not allowed; allowed: MODEL=PRODUCT such as gemma=NVIDIA-L4"])
    return name, product


def _spot(text: str) -> tuple[str, Fraction]:
    name, _, percent = text.rpartition("=")
    if not _is_count(percent, 100):
        raise WhatIfError([f"--spot: {text!r} is not allowed; allowed: a percentage such as 60, or POOL=60"])
    return name, Fraction(int(percent), 100)


def _is_count(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most
