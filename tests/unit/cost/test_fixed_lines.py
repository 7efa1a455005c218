"""What is paid all month."""

from typing import Any

from infra.cost.fixed_lines import fixed_lines
from infra.cost.market import Packer
from infra.cost.money import Range
from infra.cost.months import months
from infra.cost.types import Demand, Line, LoadBalancer, Unpriced, Volume
from infra.units import GI
from tests.unit.cost.stacks import demand, market, workload


def lines(stack: Demand, **changed: Any) -> list[Line | Unpriced]:
    """Of a stack."""
    on = market(**changed)
    return list(fixed_lines(stack, on, months(stack, on, Packer(stack, on))))


def costs(stack: Demand, **changed: Any) -> dict[str, Range]:
    """By name."""
    return {each.name: each.cost for each in lines(stack, **changed) if isinstance(each, Line)}


def volume(**changed: Any) -> Volume:
    """100 GiB of gp3."""
    known: dict[str, Any] = {"namespace": "slipway", "name": "weights", "storage_class": "gp3", "size_bytes": 100 * GI}
    return Volume(**{**known, "access_mode": "ReadWriteOnce", **changed})


def test_a_claim_costs_its_size_all_month() -> None:
    """100 GiB x 0.08 = 8.00; a terabyte by providers is 1,000 GB, a TiB here 1,024 GiB: 81.92."""
    found = costs(demand(volumes=(volume(), volume(name="large", size_bytes=1024 * GI))))
    assert found == {"slipway/weights": Range(800, 800, 800), "slipway/large": Range(8192, 8192, 8192)}


def test_claims_of_replicas_are_as_many_as_ever_ran() -> None:
    """2 to 6 replicas: at least 2, typically 2 + 0.35 x 4 = 3.4, that is 3, at most 6; 8.00 each."""
    db = workload("db", (2, 6))
    found = costs(demand(db, volumes=(volume(name="data-db", count=0, workload="slipway/db"),)))
    assert found == {"slipway/data-db": Range(1600, 2400, 4800)}


def test_a_class_of_the_stack_is_what_its_driver_makes() -> None:
    """`fast` has no price, gp3 has."""
    own = volume(storage_class="fast")
    assert costs(demand(volumes=(own,), storage_kinds={"fast": "gp3"})) == {"slipway/weights": Range(800, 800, 800)}
    [told] = lines(demand(volumes=(own,)))
    assert isinstance(told, Unpriced)
    assert "'fast' has no price" in told.reason


def test_a_claim_of_unknown_size_is_told() -> None:
    """Not a line of nothing."""
    assert lines(demand(volumes=(volume(size_bytes=0),))) == [
        Unpriced("storage slipway/weights", "its size is not known")
    ]


def test_load_balancers_control_plane_nat_and_egress() -> None:
    """730 hours x 0.0225 = 16.425, to the even cent; x 0.10 = 73.00; 3 x 730 x 0.045 = 98.55; 500 GB x 0.09 = 45."""
    stack = demand(load_balancers=(LoadBalancer("slipway", "a"), LoadBalancer("", "ingress class nginx")))
    found = costs(stack, has_control_plane=True, num_nat_gateways=3, egress_gb=500)
    assert {name: cost.typical_cents for name, cost in found.items()} == {
        "slipway/a": 1642,
        "ingress class nginx": 1642,
        "control plane": 7300,
        "3 NAT gateways": 9855,
        "egress to the internet": 4500,
    }
