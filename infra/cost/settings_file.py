"""`slipway:cost` of a stack file (or a mapping of the same keys) -> CostSettings. All problems are told together.

provider, region and pools are enough: all else has a default. Machines are names of the project's table, or the stack's
own with their sizes. Nodes with GPUs are tainted as GPU operators do it, spot nodes of Azure as AKS does it, unless a
pool says its taints itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError

from infra import hardware
from infra.cost import machines, plain_yaml
from infra.cost.errors import CostSettingsError
from infra.cost.settings import OWN_MACHINES, Budgets, CostSettings, Traffic
from infra.cost.settings_schema import CostEntry, MachineEntry, PoolEntry
from infra.cost.types import Capacity, NodeType, Pool
from infra.problems import describe

KEY: Final = "slipway:cost"
GPU_TAINT: Final = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
AZURE_SPOT_TAINT: Final = {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}
ZONES: Final = {"aws": ("{}a", "{}b", "{}c"), "gcp": ("{}-a", "{}-b", "{}-c"), "azure": ("{}-1", "{}-2", "{}-3")}
"""Three zones as the provider writes them: what a cluster over zones usually has."""
ANY_SIZE = NodeType(OWN_MACHINES, "this-machine", 10**9, 2**50, max_pods=10**6)
EXAMPLE: Final = """\
  slipway:cost:
    provider: aws        # aws, azure, gcp; none: own machines, nothing is paid by the hour
    region: us-east-1
    pools:
      - {name: general, types: [m7i.xlarge, m7i.2xlarge]}
      - {name: gpu, types: [g5.2xlarge, g6.2xlarge], capacity: spot}
"""


def of_stack_file(text: str) -> CostSettings:
    """The settings in a Pulumi.<stack>.yaml; CostSettingsError with an example where they are missing."""
    try:
        content = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise CostSettingsError([f"the stack file is no YAML: {error}"]) from None
    config = content.get("config") if isinstance(content, Mapping) else None
    data = config.get(KEY) if isinstance(config, Mapping) else None
    if data is None:
        raise CostSettingsError(
            [f"{KEY}: is missing: where does the stack run, on which nodes? For example:\n{EXAMPLE}"]
        )
    return parse(data)


def parse(data: object, *, key: str = KEY) -> CostSettings:
    """Raises CostSettingsError that names each wrong setting, its value and what is allowed."""
    if not isinstance(data, Mapping):
        raise CostSettingsError([f"{key}: must be a mapping of keys to values. For example:\n{EXAMPLE}"])
    try:
        entry = CostEntry.model_validate({str(name): value for name, value in data.items()})
    except ValidationError as error:
        raise CostSettingsError(
            describe(error, CostEntry, lambda location: ".".join(map(str, (key, *location))))
        ) from None
    if problems := [f"{key}.{problem}" for problem in _problems(entry)]:
        raise CostSettingsError(problems)
    return _settings(entry)


def _problems(entry: CostEntry) -> Iterator[str]:
    is_own = entry.provider == OWN_MACHINES
    if not is_own and entry.region == OWN_MACHINES:
        yield f"region: is missing; allowed: a region of {entry.provider}"
    if not is_own and not entry.pools:
        yield "pools: is missing; allowed: at least one pool of nodes"
    names = [pool.name for pool in entry.pools]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"pools: {name!r} is there {names.count(name)} times; allowed: once"
    for index, pool in enumerate(entry.pools):
        for name in pool.types:
            if _machine(entry, name) is None:
                yield f"pools.{index}.types: {name!r} is not allowed; {_allowed(entry, name)}"
        if pool.max_nodes is not None and pool.max_nodes < pool.min_nodes:
            yield f"pools.{index}.max_nodes: {pool.max_nodes} is below min_nodes; allowed: {pool.min_nodes} or more"
    for name in entry.overrides:
        if _machine(entry, name) is None:
            yield f"overrides.{name}: there is no such machine; {_allowed(entry, name)}"
    for name in entry.assumptions.spot_share or {}:
        if name not in names:
            yield f"assumptions.spot_share.{name}: there is no such pool; allowed: {', '.join(dict.fromkeys(names))}"
    budgets, plain = entry.budgets, Budgets()
    warn, critical = budgets.warn_percent, budgets.critical_percent
    if (warn if warn is not None else plain.warn_percent) > (
        critical if critical is not None else plain.critical_percent
    ):
        yield "budgets.warn_percent: is above critical_percent; allowed: at most that"


def _allowed(entry: CostEntry, name: str) -> str:
    known = [*entry.machines, *machines.names(entry.provider)]
    near = difflib.get_close_matches(name, known, n=3)
    others = f"did you mean {' or '.join(near)}?" if near else f"allowed: a machine of {entry.provider} that is known."
    return f"{others} Describe any other one under machines, and its price under overrides"


def _machine(entry: CostEntry, name: str) -> NodeType | None:
    """The stack's own description first."""
    own = entry.machines.get(name)
    return machines.find(entry.provider, name) if own is None else _own(entry.provider, name, own)


def _own(provider: str, name: str, entry: MachineEntry) -> NodeType:
    return NodeType(
        provider=provider,
        name=name,
        cpu_m=entry.cpu,
        memory_bytes=entry.memory,
        gpus=entry.gpus,
        gpu_product=entry.gpu,
        gpu_memory_bytes=hardware.gpu_memory(entry.gpu) if entry.gpu else 0,
        max_pods=entry.max_pods,
    )


def _settings(entry: CostEntry) -> CostSettings:
    pools = tuple(_pool(entry, pool) for pool in entry.pools)
    traffic = {name: Traffic(**_given(each)) for name, each in entry.traffic.items()}
    return CostSettings(
        provider=entry.provider,
        region=entry.region,
        pools=pools or (Pool("this-machine", (ANY_SIZE,), Capacity.ON_DEMAND),),
        currency=entry.currency,
        exchange_rate=entry.exchange_rate,
        has_control_plane=entry.control_plane,
        storage_kinds=entry.storage_kinds,
        discounts_percent={name: percent for name, percent in entry.discounts_percent.model_dump().items() if percent},
        overrides=entry.overrides,
        traffic=traffic,
        budgets=Budgets(**_given(entry.budgets)),
        **_given(entry.assumptions),
    )


def _given(group: Any) -> dict[str, Any]:
    """What is set: all else is the default of the settings."""
    return {name: value for name in type(group).model_fields if (value := getattr(group, name)) is not None}


def _pool(entry: CostEntry, pool: PoolEntry) -> Pool:
    types = tuple(found for name in pool.types if (found := _machine(entry, name)) is not None)
    usual = tuple(zone.format(entry.region) for zone in ZONES.get(entry.provider, ("zone-a",)))
    return Pool(
        name=pool.name,
        types=types,
        capacity=Capacity(pool.capacity),
        zones=tuple(pool.zones) if pool.zones else usual,
        labels=pool.labels,
        taints=_taints(entry.provider, pool, types),
        min_nodes=pool.min_nodes,
        max_nodes=pool.max_nodes,
    )


def _taints(provider: str, pool: PoolEntry, types: tuple[NodeType, ...]) -> tuple[Mapping[str, str], ...]:
    if pool.taints is not None:
        return tuple({name: text for name, text in taint.model_dump().items() if text} for taint in pool.taints)
    gpu = [GPU_TAINT] if any(each.gpus for each in types) else []
    spot = [AZURE_SPOT_TAINT] if provider == "azure" and pool.capacity == "spot" else []
    return (*gpu, *spot)
