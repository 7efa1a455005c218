"""What pods cost beside the nodes on which they stay."""

from fractions import Fraction
from typing import Any

from infra.cost.market import Packer
from infra.cost.money import Range
from infra.cost.months import months
from infra.cost.pod_lines import pod_lines, served_tokens
from infra.cost.scenarios import Scenario
from infra.cost.settings import Traffic
from infra.cost.types import Demand, Kind, Line, Unpriced
from tests.unit.cost.stacks import FakePrices, demand, market, server, workload


def lines(stack: Demand, **changed: Any) -> list[Line | Unpriced]:
    """Of a stack."""
    on = market(**changed)
    packer = Packer(stack, on)
    return list(pod_lines(stack, on, months(stack, on, packer), packer.offers))


def test_a_job_pays_its_share_until_its_deadline() -> None:
    """1 GPU, 3 CPU, 12 GiB for 10 hours on a g5.xlarge: GPU 0.835233 an hour, 8.35; the rest 0.128079, 1.28. At least
    nothing: it may be done at once.
    """
    job = server(hours_per_month=Fraction(10))
    found = [each for each in lines(demand(jobs=(job,))) if isinstance(each, Line)]
    assert [(each.kind, each.cost) for each in found] == [
        (Kind.GPU, Range(0, 835, 835)),
        (Kind.CPU_MEMORY, Range(0, 128, 128)),
    ]
    assert {each.model for each in found} == {"llama"}


def test_a_job_that_fits_nowhere_is_told() -> None:
    """Or only where nothing has a price."""
    job = workload(cpu_m=10**6, hours_per_month=Fraction(1))
    assert lines(demand(jobs=(job,))) == [Unpriced("Deployment slipway/app", "it fits on no node that has a price")]
    small = workload(hours_per_month=Fraction(1))
    assert isinstance(lines(demand(jobs=(small,)), prices=FakePrices({}))[0], Unpriced)


def test_cold_starts_cost_the_share_while_loading() -> None:
    """60 starts of 6 minutes: 6 hours at 0.835233 and 0.128079: 5.01 and 0.77."""
    stack = demand(server(replicas=(1, 2), load_s=360))
    found = lines(stack, scale_ups_per_day=Fraction(60 * 24, 730))
    assert [each.cost for each in found if isinstance(each, Line)] == [Range(0, 501, 501), Range(0, 77, 77)]
    assert all("360 s each, 60 a month" in each.note for each in found if isinstance(each, Line))


def test_images_and_weights_come_through_the_nat_gateway() -> None:
    """2 fixed replicas, 4 releases: 8 starts of 8 GB + 40 GiB (42.95 GB) = 407.6 GB at 0.045: 18.34."""
    stack = demand(server(replicas=(2, 2), pulls_bytes=40 * 2**30), workload("web"))
    [found] = lines(stack, num_nat_gateways=1)
    assert isinstance(found, Line)
    assert found.cost == Range(1834, 1834, 1834)
    assert lines(stack) == []


def test_answers_leave_the_cluster() -> None:
    """1,000 tokens/s at the peak; 45 % in 60 of 168 hours and 10 % else: 225 on average, 591.3 million a month. A
    quarter is written: 147.8 million x 4 bytes = 0.591 GB at 0.09: 0.05; were each streamed alone, 29.6 GB: 2.66.
    """
    [found] = lines(demand(server()), traffic={"llama": Traffic(Fraction(1000))})
    assert isinstance(found, Line)
    assert found.cost == Range(5, 5, 266)


def test_the_tokens_of_a_month_follow_the_week() -> None:
    """1,000 x (60 / 168 x 0.45 + 108 / 168 x 0.10) = 225 a second, x 730 x 3,600 = 591,300,000."""
    on = market(traffic={"llama": Traffic(Fraction(1000))})
    stack = demand(server())
    typical = months(stack, on, Packer(stack, on))[Scenario.TYPICAL]
    assert served_tokens("llama", typical, on) == 591_300_000
    assert served_tokens("other", typical, on) == 0
