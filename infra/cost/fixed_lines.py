"""What is paid all month whatever a schedule says: claims, load balancers, the control plane, NAT gateways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from infra.cost.book import Price
from infra.cost.lines import Amount, Paid, line
from infra.cost.market import Market
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.months import Months
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand, Kind, Line, Unpriced, Volume
from infra.units import GI


def fixed_lines(demand: Demand, market: Market, months: Months) -> Iterator[Line | Unpriced]:
    """Claims first, then by kind."""
    most = _most_replicas(demand, months)
    for volume in demand.volumes:
        yield _storage(volume, demand, market, most)
    for balancer in demand.load_balancers:
        name = f"{balancer.namespace}/{balancer.name}" if balancer.namespace else balancer.name
        hours = Amount.fixed(HOURS_PER_MONTH)
        paid = Paid(Kind.LOAD_BALANCER, name, "hours", hours, "number", balancer.namespace, balancer.model)
        yield line(paid, market.prices.load_balancer(), "load balancers have no price")
    yield from _shared(market)


def _storage(volume: Volume, demand: Demand, market: Market, most: Mapping[str, tuple[int, ...]]) -> Line | Unpriced:
    """A claim of a StatefulSet stays when its replica goes: the most that ever ran is what is paid."""
    name = f"{volume.namespace}/{volume.name}"
    if not volume.size_bytes:
        return Unpriced(f"{Kind.STORAGE} {name}", "its size is not known")
    counts = [volume.count + replicas for replicas in most.get(volume.workload, (0, 0, 0))]
    amount = Amount(*(Fraction(volume.size_bytes * count, GI) for count in counts))
    driver = "replicas" if volume.workload else "size"
    paid = Paid(Kind.STORAGE, name, "GiB-months", amount, driver, volume.namespace, volume.model, volume.workload)
    reason = f"storage class {volume.storage_class!r} has no price: say what it is under storage_kinds"
    return line(paid, storage_price(volume.storage_class, demand, market), reason)


def storage_price(storage_class: str, demand: Demand, market: Market) -> Price | None:
    """By the class's own name or the settings; else by what the stack's StorageClass of that name asks for."""
    own = demand.storage_kinds.get(storage_class)
    found = market.prices.storage(storage_class)
    return market.prices.storage(own) if found is None and own is not None else found


def _most_replicas(demand: Demand, months: Months) -> Mapping[str, tuple[int, ...]]:
    """By workload: the most replicas that run at once in each month."""
    with_claims = {volume.workload for volume in demand.volumes if volume.workload}
    return {
        workload.id: tuple(max(counts[index] for counts in months[scenario].replicas) for scenario in Scenario)
        for index, workload in enumerate(demand.workloads)
        if workload.id in with_claims
    }


def _shared(market: Market) -> Iterator[Line | Unpriced]:
    prices, settings = market.prices, market.settings
    if settings.has_control_plane:
        paid = Paid(Kind.CONTROL_PLANE, "control plane", "hours", Amount.fixed(HOURS_PER_MONTH), "")
        yield line(paid, prices.control_plane(), "control planes have no price")
    if settings.num_nat_gateways:
        amount = Amount.fixed(HOURS_PER_MONTH * settings.num_nat_gateways)
        paid = Paid(Kind.NETWORK, f"{settings.num_nat_gateways} NAT gateways", "hours", amount, "number")
        yield line(paid, prices.nat_gateway(), "NAT gateways have no price")
    if settings.egress_gb:
        paid = Paid(Kind.NETWORK, "egress to the internet", "GB", Amount.fixed(settings.egress_gb), "traffic")
        yield line(paid, prices.egress(), "egress has no price")
