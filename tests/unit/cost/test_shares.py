"""What of a node's price each pod pays."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from infra.cost import shares
from infra.cost.types import Capacity, Node, Pool, Resources
from infra.units import GI
from tests.unit.cost.stacks import G5, G5_12, server

POD = Resources(3000, 12 * GI, 1)


def test_a_pod_on_a_node_of_its_size_pays_almost_all_of_it() -> None:
    """Base prices of the pod: 0.95 + 3 x 0.031611 + 12 x 0.004237 = 1.095677; of g5.xlarge: 0.95 + 4 x 0.031611 +
    16 x 0.004237 = 1.144236. So it pays 1.095677 / 1.144236 x 1.006 = 0.9633; 4.2 % are idle.
    """
    part = shares.share(POD, G5, Fraction("1.006"))
    assert round(float(part.whole), 4) == 0.9633
    node = Node(Pool("p", (G5,), Capacity.ON_DEMAND), G5, "a", Resources(), ((server(), 1),))
    assert round(float(shares.idle(node, Fraction("1.006")) / Fraction("1.006") * 100), 1) == 4.2


def test_alone_on_a_node_with_four_gpus_it_pays_little_of_a_large_bill() -> None:
    """g5.12xlarge: 4 x 0.95 + 48 x 0.031611 + 192 x 0.004237 = 6.130832; share 1.095677 / 6.130832 x 5.672 = 1.0137 an
    hour, while 5.672 are billed: 5.6 times as much.
    """
    part = shares.share(POD, G5_12, Fraction("5.672"))
    assert round(float(part.whole), 4) == 1.0137
    assert round(float(Fraction("5.672") / part.whole), 1) == 5.6


def test_the_gpu_keeps_its_part_of_the_price() -> None:
    """0.95 of 1.144236 base dollars, at 1.006 an hour: 0.83523 for the GPU."""
    part = shares.share(POD, G5, Fraction("1.006"))
    assert round(float(part.gpu), 5) == 0.83523
    assert part.whole == part.gpu + part.cpu_memory


@given(st.integers(0, 4), st.integers(0, 48000), st.integers(0, 192 * GI), st.integers(1, 4))
def test_shares_and_idle_add_up_to_the_price(gpus: int, cpu_m: int, memory_bytes: int, parts: int) -> None:
    """Exactly, whatever the pods ask for."""
    price = Fraction("5.672")
    asked = [Resources(cpu_m // parts, memory_bytes // parts, gpus // parts) for _ in range(parts)]
    whole = shares.base(G5_12).whole
    used = sum(shares.base(each).whole for each in asked)
    idle = price * (whole - used) / whole
    assert sum((shares.share(each, G5_12, price).whole for each in asked), start=Fraction(0)) + idle == price


def test_base_prices_are_those_of_opencost() -> None:
    """A core, a GiB and a GPU for an hour."""
    unit = shares.UNITS
    assert Fraction(shares.base(Resources(1000)).whole, unit) == Fraction("0.031611")
    assert Fraction(shares.base(Resources(0, GI)).whole, unit) == Fraction("0.004237")
    assert Fraction(shares.base(Resources(0, 0, 1)).whole, unit) == Fraction("0.95")
