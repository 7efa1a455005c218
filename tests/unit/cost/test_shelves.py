"""The fullest node with room is found whatever is on the shelves."""

from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost.offers import Offer, Offers
from infra.cost.shelves import Free, Shelves
from infra.cost.types import Capacity, NodeType, Pool, Resources
from infra.units import GI, MI

TYPES = (
    NodeType("none", "small", 4000, 16 * GI, max_pods=8),
    NodeType("none", "large", 16000, 32 * GI, max_pods=20),
    NodeType("none", "gpu", 8000, 61 * GI, 4, max_pods=20),
)
OFFERS = Offers([Pool("pool", TYPES, Capacity.ON_DEMAND)], lambda _pool, node: Fraction(node.cpu_m)).all


def naive(nodes: list[tuple[Offer, Free]], need: Resources, allowed: set[int]) -> int | None:
    """By asking all."""
    cpu, memory = need.cpu_m or 100, need.memory_bytes or 200 * MI
    scored = [
        (free.score_with(cpu, memory, offer.whole), -number)
        for number, (offer, free) in enumerate(nodes)
        if number in allowed and free.most(need) > 0
    ]
    return -max(scored)[1] if scored else None


PODS = st.builds(
    Resources,
    st.one_of(st.just(0), st.integers(1, 16000)),
    st.one_of(st.just(0), st.integers(1, 32).map(lambda gib: gib * GI), st.integers(1, 2**34)),
    st.sampled_from([0, 0, 0, 1, 2]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.lists(PODS, max_size=6)), max_size=12), PODS, st.randoms())
def test_the_fullest_node_is_found_among_any(
    filled: list[tuple[int, list[Resources]]], need: Resources, random: Random
) -> None:
    """With full nodes, empty ones, pods that ask for nothing, and nodes that are not allowed."""
    shelves, nodes = Shelves(), []
    for number, (kind, pods) in enumerate(filled):
        offer = OFFERS[kind]
        free = Free.of(offer)
        shelves.add(offer, free, number)
        for pod in pods:
            if free.most(pod):
                shelves.remove(offer, free, number)
                free = free.less(pod, 1)
                shelves.add(offer, free, number)
        nodes.append((offer, free))
    everyone = set(range(len(nodes)))
    assert shelves.fullest(need, OFFERS) == naive(nodes, need, everyone)
    some = set(random.sample(sorted(everyone), len(nodes) // 2))
    assert shelves.fullest(need, OFFERS, some.__contains__) == naive(nodes, need, some)
    small = {number for number in everyone if nodes[number][0] is OFFERS[0]}
    assert shelves.fullest(need, OFFERS[:1]) == naive(nodes, need, small)


def test_scores_are_those_of_the_plugin() -> None:
    """On 4 cores and 16 GiB a pod of 1 core and 2 GiB: (25 + 12) // 2 = 18; on top of 3 cores: (100 + 12) // 2 = 56;
    more than all counts as all.
    """
    offer = OFFERS[0]
    empty = Free.of(offer)
    assert empty.score_with(1000, 2 * GI, offer.whole) == 18
    assert (
        empty.less(Resources(3000), 1)._replace(scored_memory_bytes=16 * GI).score_with(1000, 2 * GI, offer.whole) == 56
    )
    assert empty.score_with(9000, 99 * GI, offer.whole) == 100


def test_a_pod_that_asks_for_nothing_takes_only_a_place() -> None:
    """For the score it counts 100m and 200 MiB."""
    free = Free.of(OFFERS[0]).less(Resources(), 2)
    assert (free.cpu_m, free.memory_bytes, free.pods) == (4000, 16 * GI, 6)
    assert (free.scored_cpu_m, free.scored_memory_bytes) == (3800, 16 * GI - 400 * MI)


def test_how_many_fit() -> None:
    """The scarcest resource decides; none where there is not even room for one."""
    free = Free.of(next(offer for offer in OFFERS if offer.type.gpus))
    assert free.most(Resources(1000, GI, 1)) == 4
    assert free.most(Resources(3000)) == 2  # of 8 cores
    assert free.most(Resources()) == 20
    assert free.most(Resources(memory_bytes=20 * GI)) == 3
    assert free.most(Resources(ephemeral_bytes=2**62)) == 1
    assert free.most(Resources(9000)) == 0
