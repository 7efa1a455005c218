"""What pods cost beside the nodes on which they stay: jobs, cold starts, what they download, what they send out.

Jobs          a share of the cheapest node that they fit on, until their deadline: at most
Cold starts   the same share while a new replica loads
Pulls         image and weights through the NAT gateway, at each start of a pod; free where the stack has none
Egress        tokens that leave the cluster: 4 bytes each, up to 200 where each is streamed in a JSON event of its own
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from infra.cost import shares
from infra.cost.book import READ_PER_WRITTEN, Price
from infra.cost.cold_starts import Starts, starts
from infra.cost.lines import Amount, Paid, line
from infra.cost.market import Market
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.months import Month, Months
from infra.cost.offers import Offers
from infra.cost.scenarios import Scenario, traffic_share
from infra.cost.types import Confidence, Demand, Kind, Line, Unpriced, Workload

GB: Final = 10**9
HOUR_S: Final = 3600
TOKEN_BYTES: Final = 4
STREAMED_TOKEN_BYTES: Final = 200  # `data: {"id": ..., "choices": [{"delta": {"content": " the"}}]}`
NO_NODE: Final = "it fits on no node that has a price"


def pod_lines(demand: Demand, market: Market, months: Months, offers: Offers) -> Iterator[Line | Unpriced]:
    """In the order above."""
    found = starts(demand, months[Scenario.TYPICAL], market)
    for job in demand.jobs:
        yield from _job(job, offers)
    for each in found:
        if each.events:
            yield from _cold_starts(each, offers)
    if market.settings.num_nat_gateways:
        yield from _pulls(market, months, found)
    yield from _egress(demand, market, months[Scenario.TYPICAL])


def served_tokens(model: str, typical: Month, market: Market) -> Fraction:
    """What is asked for in a month, by the settings' traffic; 0 where they have none."""
    traffic = market.settings.traffic.get(model)
    if traffic is None:
        return Fraction(0)
    settings = market.settings
    mean = sum(
        (
            piece.share * traffic_share(traffic, settings, is_working_time=piece.is_working_time)
            for piece in typical.pieces
        ),
        start=Fraction(0),
    )
    return traffic.peak_tokens_s * mean * HOURS_PER_MONTH * HOUR_S


def _job(job: Workload, offers: Offers) -> Iterator[Line | Unpriced]:
    hours = (job.hours_per_month or Fraction(0)) * job.max_replicas
    amount = Amount(Fraction(0), hours, hours)
    yield from _share_lines(job, f"{job.kind} {job.id}", amount, "runs", offers, "at most: until its deadline")


def _cold_starts(of: Starts, offers: Offers) -> Iterator[Line | Unpriced]:
    amount = Amount(Fraction(0), of.hours, of.hours)
    name, note = f"cold starts of {of.workload.id}", f"{of.workload.load_s} s each, {float(of.events):.0f} a month"
    for entry in _share_lines(of.workload, name, amount, "scale events", offers, note):
        if isinstance(entry, Line):  # pods that fit nowhere are told by the packing
            yield entry


def _share_lines(
    workload: Workload, name: str, amount: Amount, driver: str, offers: Offers, note: str
) -> Iterator[Line | Unpriced]:
    """Hours of its share of the cheapest node that it fits on: one line for the GPU, one for the rest."""
    offer = next((each for each in offers.possible(workload) if each.price is not None), None)
    if offer is None or offer.price is None:
        yield Unpriced(name, NO_NODE)
        return
    part = shares.share(workload.shape.requests, offer.type, offer.price)
    for kind, hour in ((Kind.GPU, part.gpu), (Kind.CPU_MEMORY, part.cpu_memory)):
        if hour:
            paid = Paid(kind, name, "hours", amount, driver, workload.namespace, workload.model, workload.id)
            yield line(paid, Price(hour, hour, hour, Confidence.ASSUMED, "", note), "")


def _pulls(market: Market, months: Months, found: Sequence[Starts]) -> Iterator[Line | Unpriced]:
    """Every release starts all pods anew; each scale-up one. Only of servers of models: other images are small."""
    settings = market.settings
    for index, each in enumerate(found):
        workload = each.workload
        if workload.model is None and not workload.shape.requests.gpus:
            continue
        size = Fraction(settings.image_bytes + workload.pulls_bytes, GB)
        pods = [max(counts[index] for counts in months[scenario].replicas) for scenario in Scenario]
        low, typical, high = (count * settings.releases_per_month for count in pods)
        amount = Amount(low * size, (typical + each.events) * size, (high + each.events) * size)
        name = f"images and weights for {workload.id}"
        paid = Paid(Kind.NETWORK, name, "GB", amount, "pod starts", workload.namespace, workload.model, workload.id)
        yield line(paid, market.prices.nat(), "traffic through NAT gateways has no price")


def _egress(demand: Demand, market: Market, typical: Month) -> Iterator[Line | Unpriced]:
    price = market.prices.egress()
    for model, namespace in _models(demand).items():
        written = served_tokens(model, typical, market) / (READ_PER_WRITTEN + 1)
        if written:
            text, streamed = written * TOKEN_BYTES / GB, written * STREAMED_TOKEN_BYTES / GB
            amount = Amount(text, text, streamed)
            paid = Paid(Kind.NETWORK, f"answers of {model}", "GB", amount, "traffic", namespace, model)
            yield line(paid, price, "egress has no price")


def _models(demand: Demand) -> Mapping[str, str]:
    """The namespace of each model's first workload."""
    found: dict[str, str] = {}
    for workload in demand.workloads:
        if workload.model:
            found.setdefault(workload.model, workload.namespace)
    return found
