"""The price file as one stack sees it: its provider and region, its discounts, overrides and currency.

On demand  by the list, less the discount for compute; an override of the stack is what is really paid, in its currency.
Spot       by the list where there is one, else as a share of the on-demand price (of the override, if there is one);
           discounts are commitments to on-demand machines, they make spot no cheaper.
What the file does not have is None. Nothing is taken from another region.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from infra.cost import price_file
from infra.cost.book import READ_PER_WRITTEN, ApiPrice, Price
from infra.cost.report import Prices as Facts
from infra.cost.settings import OWN_MACHINES, CostSettings
from infra.cost.types import Capacity, Confidence, NodeType

FREE = Price(Fraction(0), Fraction(0), Fraction(0), Confidence.MEASURED, "", "an own machine: it costs nothing here")


class PriceBook:
    """Answers what `book.Prices` asks."""

    def __init__(self, settings: CostSettings, content: Mapping[str, Any] | None = None) -> None:
        self._settings = settings
        self._content = price_file.load() if content is None else content
        self._services: Mapping[str, Any] = self._content["services"].get(settings.provider, {})
        self._known: dict[tuple[str, str, Capacity], Price | None] = {}

    def machine(self, node: NodeType, capacity: Capacity) -> Price | None:
        """An hour of a node."""
        key = (node.provider, node.name, capacity)
        if key not in self._known:
            self._known[key] = self._spot(node) if capacity is Capacity.SPOT else self._on_demand(node)
        return self._known[key]

    def storage(self, storage_class: str) -> Price | None:
        """A GiB-month. A class is the provider's kind that the stack says, else the one that clusters usually mean."""
        if self.is_free:
            return FREE
        kinds = self._services.get("storage", {})
        usual = self._services.get("classes", {}).get(storage_class, storage_class)
        kind = self._settings.storage_kinds.get(storage_class, usual)
        return self._service(kinds.get(kind), "storage")

    def load_balancer(self) -> Price | None:
        """An hour."""
        return FREE if self.is_free else self._service(self._services.get("load_balancer"), "network")

    def control_plane(self) -> Price | None:
        """An hour of the cluster's control plane."""
        return FREE if self.is_free else self._service(self._services.get("control_plane"), None)

    def nat(self) -> Price | None:
        """A GB through a NAT gateway."""
        return FREE if self.is_free else self._service(self._services.get("nat"), "network")

    def nat_gateway(self) -> Price | None:
        """An hour of one, without what goes through it."""
        return FREE if self.is_free else self._service(self._services.get("nat_gateway"), "network")

    def egress(self) -> Price | None:
        """A GB to the internet: the mean over the steps that the stack's egress climbs, from the first one on."""
        if self.is_free:
            return FREE
        entry = self._services.get("egress")
        if entry is None:
            return None
        mean = mean_of_steps(entry["steps"], self._settings.egress_gb)
        return self._service({**entry, "price": mean, "note": "the mean over the steps of the price"}, "network")

    @property
    def is_free(self) -> bool:
        """Whether the stack runs on machines of its own."""
        return self._settings.provider == OWN_MACHINES

    def api_prices(self) -> Mapping[str, ApiPrice]:
        """By model of the catalog: the nearest hosted one."""
        about = self._content["sources"]["hosted"]
        found = {}
        for name, entry in self._content["hosted"].items():
            mixed = (READ_PER_WRITTEN * Fraction(entry["read"]) + Fraction(entry["written"])) / (READ_PER_WRITTEN + 1)
            shown = (
                f"{entry['model']} of {entry['provider']}, {about['source']} {about['version']}, {about['time'][:10]}"
            )
            other = "" if entry["is_same"] else f"; not the same model: {entry['why']}"
            found[name] = ApiPrice(shown + other, mixed * self._settings.exchange_rate)
        return found

    def date(self) -> datetime.date:
        """Of the machine prices: of all that the file has where the stack pays for none."""
        about = self._content["sources"].get(self._settings.provider, self._content)
        return datetime.date.fromisoformat(about["time"][:10])

    def facts(self, today: datetime.date) -> Facts:
        """Where the prices are from, and how old they are."""
        return Facts(
            version=self._content["version"],
            sha256=self._content["sha256"],
            date=self.date(),
            age_days=max((today - self.date()).days, 0),
            sources=tuple(self._sources()),
        )

    def problems(self) -> tuple[str, ...]:
        """What is missing as a whole; a single missing price is told where it is needed."""
        provider, region = self._settings.provider, self._settings.region
        regions = self._content["on_demand"].get(provider, {})
        if self.is_free or region in regions:
            return ()
        return (f"no machine of {provider} has a price in region {region!r}; known regions: {', '.join(regions)}",)

    def _on_demand(self, node: NodeType) -> Price | None:
        override = self._settings.overrides.get(node.name)
        if override is not None:
            return Price(override, override, override, Confidence.MEASURED, "the stack's settings", "as the stack says")
        if node.provider == OWN_MACHINES:
            return FREE
        text = self._listed("on_demand", node)
        return None if text is None else self._price([text] * 3, self._source(node.provider), "compute")

    def _spot(self, node: NodeType) -> Price | None:
        if (text := self._listed("spot", node)) is not None:
            return self._price([text] * 3, self._source(node.provider), None, note="one price for the region")
        on_demand = self._settings.overrides.get(node.name)
        if on_demand is None and (text := self._listed("on_demand", node)) is not None:
            on_demand = Fraction(text) * self._settings.exchange_rate
        shares = self._shares(node)
        if on_demand is None or shares is None:
            return None
        low, typical, high = (on_demand * Fraction(share) for share in shares)
        note = f"{shares[0]} to {shares[2]} of the on-demand price, usually {shares[1]}"
        return Price(low, typical, high, Confidence.ASSUMED, "infra/cost/data/spot.yaml", note)

    def _shares(self, node: NodeType) -> list[str] | None:
        """Of the machine's family in this region, else the provider's usual ones."""
        regions = self._content["spot_shares"].get(node.provider)
        if regions is None:
            return None
        usual: list[str] = regions["default"]["gpu" if node.gpus else "cpu"]
        shares: list[str] = regions.get(self._settings.region, {}).get(node.name.split(".")[0], usual)
        return shares

    def _listed(self, kind: str, node: NodeType) -> str | None:
        regions = self._content[kind].get(node.provider, {})
        found: str | None = regions.get(self._settings.region, {}).get(node.name)
        return found

    def _service(self, entry: Mapping[str, Any] | None, discount: str | None) -> Price | None:
        if entry is None:
            return None
        price = entry["price"]
        about = self._content["services"]["sources"][entry["source"]]
        is_assumed = isinstance(price, list) or entry["source"] == "known"
        return self._price(
            price if isinstance(price, list) else [price] * 3,
            f"{about['url']}, {about['date']}",
            discount,
            note=entry.get("note", ""),
            confidence=Confidence.ASSUMED if is_assumed else Confidence.LIST_PRICE,
        )

    def _price(
        self,
        amounts: list[Any],
        source: str,
        discount: str | None,
        *,
        note: str = "",
        confidence: Confidence = Confidence.LIST_PRICE,
    ) -> Price:
        percent = self._settings.discounts_percent.get(discount or "", 0)
        factor = self._settings.exchange_rate * Fraction(100 - percent, 100)
        low, typical, high = (Fraction(amount) * factor for amount in amounts)
        less = f"less {percent} %" if percent else ""
        return Price(low, typical, high, confidence, source, "; ".join(filter(None, (note, less))))

    def _source(self, name: str) -> str:
        about = self._content["sources"][name]
        return f"{about['source']} {about['version']}, {about['time'][:10]}, {about['licence']}"

    def _sources(self) -> list[str]:
        """Those that this stack's prices may come from."""
        if self.is_free:
            return ["machines of one's own"]
        everything = self._content["services"]["sources"]
        entries = [*self._services.get("storage", {}).values(), *self._services.values()]
        names = dict.fromkeys(entry["source"] for entry in entries if "source" in entry)
        services = [f"{everything[n]['url']}, {everything[n]['date']}, {everything[n]['licence']}" for n in names]
        return [self._source(self._settings.provider), *services]


def mean_of_steps(steps: list[list[Any]], amount: int) -> Fraction:
    """Of one unit when so many are taken: each step is a limit (None: no limit) and the price up to there."""
    if amount <= 0:
        return Fraction(steps[0][1])
    paid, start = Fraction(0), 0
    for limit, price in steps:
        end = amount if limit is None else min(limit, amount)
        paid += max(end - start, 0) * Fraction(price)
        start = max(end, start)
    return paid / amount
