"""Random stacks: pools, daemons and workloads with every rule that packing claims to know. Same seed, same stacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from infra.cost import machines
from infra.cost.scheduling import HOSTNAME, REQUIRED, ZONE, spread_rules
from infra.cost.types import Capacity, NodeType, Pool, Resources, Shape, Workload
from infra.units import GI, MI
from tests.conformance.fleet.objects import STACK

GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
SPOT_TAINT = {"key": "slipway.dev/spot", "effect": "NoSchedule"}
ZONES = {
    "aws": ("us-east-1a", "us-east-1b", "us-east-1c"),
    "gcp": ("europe-west4-a", "europe-west4-b", "europe-west4-c"),
    "azure": ("eastus-1", "eastus-2", "eastus-3"),
}
MOST_CORES, MOST_GPU_CORES = 16, 48


@dataclass(frozen=True, slots=True)
class Stack:
    """What is packed by us and placed by kube-scheduler."""

    name: str
    pools: tuple[Pool, ...]
    replicas: tuple[tuple[Workload, int], ...]
    daemons: tuple[Workload, ...]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All that its pods are in."""
        return tuple(f"{self.name}-{each}" for each in ("models", "apps"))

    @property
    def is_alone(self) -> bool:
        """Whether its rules look beyond the nodes that its pods select: it must not be played beside others."""
        specs = [workload.shape.spec for workload, _ in self.replicas]
        return any(rule.get("nodeAffinityPolicy") == "Ignore" for spec in specs for rule in spread_rules(spec))

    @staticmethod
    def price(pool: Pool, node: NodeType) -> Fraction:
        """Near what such a machine costs; two in a hundred more or less, lest prices of sizes are multiples."""
        size = Fraction(node.cpu_m, 25_000) + Fraction(node.memory_bytes, 250 * GI) + Fraction(node.gpus * 8, 10)
        odd = Fraction(98 + sum(map(ord, node.name)) % 5, 100)
        return size * odd * (Fraction(2, 5) if pool.capacity is Capacity.SPOT else 1)


def stack(seed: int, number: int) -> Stack:
    """The stack of that number."""
    name = f"s{number}"
    random = Random(f"{seed}/{number}")
    provider = random.choice(sorted(ZONES))
    pools = tuple(_pools(random, provider, name))
    maker = _Maker(random, name, pools)
    workloads = [maker.workload(index) for index in range(random.randint(3, 9))]
    replicas = tuple((each, each.max_replicas) for each in workloads)
    return Stack(name, pools, replicas, tuple(maker.daemon(index) for index in range(random.choice((0, 1, 1, 2)))))


def _pools(random: Random, provider: str, stack: str) -> Iterator[Pool]:
    zones = ZONES[provider][: random.choice((1, 2, 3, 3))]
    known = [machines.find(provider, name) for name in machines.names(provider)]
    plain = [each for each in known if each and not each.gpus and each.cpu_m <= MOST_CORES * 1000]
    gpu = [each for each in known if each and each.gpus and each.cpu_m <= MOST_GPU_CORES * 1000]
    general = random.sample(plain, random.choice((1, 2, 3)))
    yield _pool(random, stack, "general", general, Capacity.ON_DEMAND, zones, ())
    if random.random() < 0.4:
        taints = (SPOT_TAINT,) if random.random() < 0.6 else ()
        yield _pool(random, stack, "spot", random.sample(plain, 2), Capacity.SPOT, zones, taints)
    if random.random() < 0.7:
        capacity = random.choice(tuple(Capacity))
        some = zones[: random.choice((1, 2, 3))]
        yield _pool(random, stack, "gpu", random.sample(gpu, random.choice((1, 2, 3))), capacity, some, (GPU_TAINT,))


def _pool(
    random: Random,
    stack: str,
    name: str,
    types: list[NodeType],
    capacity: Capacity,
    zones: tuple[str, ...],
    taints: tuple[dict[str, str], ...],
) -> Pool:
    labels = {STACK: stack, "pool": name, "rank": str(random.randint(1, 9))}
    most = random.choice((None, None, None, 1, 3, 6))
    least = min(random.choice((0, 0, 0, 1, 2)), most or 9)
    return Pool(name, tuple(types), capacity, zones, labels, taints, least, most)


class _Maker:
    """Makes the workloads of one stack."""

    def __init__(self, random: Random, stack: str, pools: tuple[Pool, ...]) -> None:
        self._random, self._stack, self._pools = random, stack, pools
        self._gpus = max((node.gpus for pool in pools for node in pool.types), default=0)

    def workload(self, index: int) -> Workload:
        """With one or two rules of some kind, mostly."""
        random = self._random
        is_gpu = self._gpus > 0 and random.random() < 0.4
        labels = {"app": f"m{index}", "tier": random.choice(("a", "b"))}
        spec: dict[str, Any] = {"nodeSelector": {STACK: self._stack}}
        if is_gpu or random.random() < 0.1:
            spec["tolerations"] = [
                random.choice(({"operator": "Exists"}, {"key": GPU_TAINT["key"], "operator": "Exists"}))
            ]
        if random.random() < 0.3:
            spec.setdefault("tolerations", []).append({"key": SPOT_TAINT["key"], "effect": "NoSchedule"})
        self._select(spec)
        if random.random() < 0.45:
            spec["topologySpreadConstraints"] = [self._even(labels) for _ in range(random.choice((1, 1, 2)))]
            _drop_double(spec["topologySpreadConstraints"])
        self._attract(spec, labels)
        shape = Shape(self._requests(is_gpu=is_gpu), labels, spec, random.choice((0, 0, 0, 1000, -10)))
        namespace = f"{self._stack}-{random.choice(('models', 'models', 'apps'))}"
        kind = random.choice(("Deployment", "Deployment", "StatefulSet"))
        count = random.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8))
        return Workload(kind, namespace, f"m{index}", shape, count, count)

    def daemon(self, index: int) -> Workload:
        """On every node, or on those without taints."""
        random = self._random
        spec: dict[str, Any] = {"tolerations": [{"operator": "Exists"}]} if random.random() < 0.6 else {}
        if random.random() < 0.2:
            spec["nodeSelector"] = {"pool": "general"}
        need = Resources(random.choice((0, 50, 100, 250)), random.choice((0, 64, 200, 512)) * MI)
        shape = Shape(need, {"daemon": str(index)}, spec)
        return Workload("DaemonSet", f"{self._stack}-apps", f"d{index}", shape, 1, 1)

    def _requests(self, *, is_gpu: bool) -> Resources:
        random = self._random
        if random.random() < 0.08:
            return Resources(gpus=1 if is_gpu else 0)
        cpu_m = random.choice((100, 250, 500, 1000, 2000, 3000, random.randint(50, 5000)))
        memory = random.choice((128, 512, 1024, 2048, 4096, 8192, random.randint(64, 20000)))
        gpus = random.choice((1, 1, 1, self._gpus)) if is_gpu else 0
        return Resources(cpu_m, memory * MI, gpus, random.choice((0, 0, GI)))

    def _select(self, spec: dict[str, Any]) -> None:
        """Labels of nodes, in one of the ways to ask for them."""
        random = self._random
        kind = random.random()
        if kind < 0.15:
            spec["nodeSelector"]["pool"] = random.choice(self._pools).name
        elif kind < 0.4:
            zones = self._pools[0].zones
            expressions: list[dict[str, Any]] = [
                {"key": ZONE, "operator": "In", "values": list(zones[:2])},
                {"key": ZONE, "operator": "NotIn", "values": [zones[-1]]},
                {"key": "rank", "operator": "Gt", "values": [str(random.randint(0, 5))]},
                {"key": "rank", "operator": "Lt", "values": [str(random.randint(4, 10))]},
                {"key": "karpenter.sh/capacity-type", "operator": "NotIn", "values": ["spot"]},
                {"key": "nvidia.com/gpu.present", "operator": "DoesNotExist"},
                {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["20000"]},
                {
                    "key": "node.kubernetes.io/instance-type",
                    "operator": "NotIn",
                    "values": [random.choice(self._pools[0].types).name],
                },
            ]
            chosen = random.sample(expressions, random.choice((1, 1, 2)))
            terms = (
                [{"matchExpressions": chosen}] if random.random() < 0.7 else [{"matchExpressions": [e]} for e in chosen]
            )
            spec["affinity"] = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}

    def _even(self, labels: dict[str, str]) -> dict[str, Any]:
        random = self._random
        selector = random.choice(({"app": labels["app"]}, {"app": labels["app"]}, {"tier": labels["tier"]}))
        rule: dict[str, Any] = {
            "maxSkew": random.choice((1, 1, 2)),
            "topologyKey": random.choice((ZONE, ZONE, HOSTNAME, HOSTNAME, "karpenter.sh/capacity-type")),
            "whenUnsatisfiable": random.choice(("DoNotSchedule", "DoNotSchedule", "DoNotSchedule", "ScheduleAnyway")),
            "labelSelector": {"matchLabels": selector},
        }
        if random.random() < 0.25:
            rule["matchLabelKeys"] = [random.choice(("pod-template-hash", "tier"))]
            if rule["matchLabelKeys"] == ["tier"] and "tier" in selector:
                del rule["matchLabelKeys"]
        if random.random() < 0.15:
            rule["nodeTaintsPolicy"] = "Honor"
        if random.random() < 0.02:
            rule["nodeAffinityPolicy"] = "Ignore"
        if random.random() < 0.1 and rule["whenUnsatisfiable"] == "DoNotSchedule":
            rule["minDomains"] = random.choice((2, 3))
        return rule

    def _attract(self, spec: dict[str, Any], labels: dict[str, str]) -> None:
        random = self._random
        for kind, chance in (("podAntiAffinity", 0.3), ("podAffinity", 0.12)):
            if random.random() < chance:
                terms = [self._term(labels) for _ in range(random.choice((1, 1, 1, 2)))]
                spec.setdefault("affinity", {})[kind] = {REQUIRED: terms}

    def _term(self, labels: dict[str, str]) -> dict[str, Any]:
        random = self._random
        others = f"m{random.randint(0, 8)}"
        selector: dict[str, Any] = random.choice(
            (
                {"matchLabels": {"app": labels["app"]}},
                {"matchLabels": {"app": labels["app"]}},
                {"matchLabels": {"app": others}},
                {"matchLabels": {"tier": random.choice(("a", "b"))}},
                {"matchExpressions": [{"key": "app", "operator": "In", "values": [labels["app"], others]}]},
            )
        )
        term: dict[str, Any] = {"topologyKey": random.choice((HOSTNAME, HOSTNAME, ZONE)), "labelSelector": selector}
        among = random.random()
        both = [f"{self._stack}-models", f"{self._stack}-apps"]
        if among < 0.15:
            term["namespaces"] = both
        elif among < 0.25:
            expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": both}
            term["namespaceSelector"] = {"matchExpressions": [expression]}
        elif among < 0.35:
            term[random.choice(("matchLabelKeys", "mismatchLabelKeys"))] = ["pod-template-hash"]
        return term


def _drop_double(rules: list[dict[str, Any]]) -> None:
    """The API refuses two constraints for one label that are equally strict."""
    seen = set()
    for rule in list(rules):
        key = rule["topologyKey"], rule["whenUnsatisfiable"]
        if key in seen:
            rules.remove(rule)
        seen.add(key)
