"""What the estimate takes from outside the stack, what nodes cost in each scenario, and packings that are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from infra.cost.book import ApiPrice, Prices
from infra.cost.offers import Offers
from infra.cost.packing import pack_on
from infra.cost.scenarios import Scenario, Throughput, hour_price
from infra.cost.settings import CostSettings
from infra.cost.types import Demand, NodeType, Packing, Pool, Workload

NodeKind = tuple[str, str]
"""Names of the pool and of the type."""


@dataclass(frozen=True, slots=True)
class Market:
    """Settings, prices, what models yield, and what hosted APIs ask. `machines`: what a provider sells, for hints."""

    settings: CostSettings
    prices: Prices
    throughput: Mapping[str, Throughput] = field(default_factory=dict)  # by model
    api_prices: Mapping[str, ApiPrice] = field(default_factory=dict)  # by model: the nearest hosted one
    machines: tuple[NodeType, ...] = ()


class HourPrices:
    """Dollars an hour of each kind of node in one scenario; None where its price is not known."""

    def __init__(self, market: Market, scenario: Scenario) -> None:
        self._market, self._scenario = market, scenario
        self._known: dict[NodeKind, Fraction | None] = {}

    def __call__(self, pool: Pool, node: NodeType) -> Fraction | None:
        """The price of one node."""
        key = (pool.name, node.name)
        if key not in self._known:
            self._known[key] = hour_price(self._scenario, pool, node, self._market.prices, self._market.settings)
        return self._known[key]

    def of(self, packing: Packing) -> Fraction:
        """Of all nodes together; those without a price are not in it."""
        counts = Counter((node.pool.name, node.type.name) for node in packing.nodes)
        kinds = {(node.pool.name, node.type.name): node for node in packing.nodes}
        prices = {key: self(node.pool, node.type) or Fraction(0) for key, node in kinds.items()}
        return sum((prices[key] * count for key, count in counts.items()), start=Fraction(0))


def offers_of(market: Market, daemons: Sequence[Workload]) -> Offers:
    """Nodes are chosen by their typical price."""
    return Offers(market.settings.pools, HourPrices(market, Scenario.TYPICAL), daemons)


class Packer:
    """Packs each combination of replicas once: pieces of the week and scenarios repeat them."""

    def __init__(self, demand: Demand, market: Market, offers: Offers | None = None) -> None:
        self.offers = offers or offers_of(market, demand.daemons)
        self._workloads = demand.workloads
        self._known: dict[tuple[int, ...], Packing] = {}

    def pack(self, counts: tuple[int, ...]) -> Packing:
        """`counts` in the order of the demand's workloads."""
        if counts not in self._known:
            self._known[counts] = pack_on(self.offers, list(zip(self._workloads, counts, strict=True)))
        return self._known[counts]
