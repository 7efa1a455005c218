"""The comparison of packing with kube-scheduler itself, and some stacks in full."""

import os
from collections import Counter
from dataclasses import replace

import pytest

from tests.conformance.fleet.autoscaler import Outcome
from tests.conformance.fleet.control_plane import FIRST_BOUGHT, Programs
from tests.conformance.fleet.stacks import stack
from tests.conformance.packing import Comparison, compare, packed
from tests.integration.plugins.control_plane import Binaries

NUM_STACKS = 25


def as_packed(number: int = 0) -> Comparison:
    """A scheduler that does just what packing does."""
    each = stack(1, number)
    packing = packed(each)
    nodes = Counter((node.pool.name, node.type.name) for node in packing.nodes if node.pods)
    unplaced = Counter({workload.id: count for workload, count, _ in packing.unplaced})
    return Comparison(each, packing, Outcome(nodes, unplaced))


def test_the_same_nodes_are_no_difference() -> None:
    """For several stacks, with empty nodes of a pool's least number among them."""
    assert [as_packed(number).differences for number in range(20)] == [[]] * 20


def test_a_node_more_is_a_difference() -> None:
    """Of any pool and type."""
    found = as_packed()
    found.scheduled.nodes["general", "other"] += 1
    assert len(found.differences) == 1
    assert "('general', 'other'): 1" in found.differences[0]


def test_a_pod_without_a_place_is_a_difference() -> None:
    """Also where the nodes are the same."""
    found = as_packed()
    found.scheduled.unplaced["s0-apps/m0"] += 1
    assert [text.split(":")[1] for text in found.differences] == [" without a place"]


def test_what_the_scheduler_does_against_packing_is_a_difference() -> None:
    """Even if the nodes come out the same."""
    found = as_packed()
    surprised = replace(found.scheduled, surprises=["it refused a node"])
    assert replace(found, scheduled=surprised).differences == ["s0: it refused a node"]


def test_a_seed_gives_the_same_stacks_again() -> None:
    """Else a difference could not be looked at."""
    first, again = (stack(7, 3) for _ in range(2))
    assert [(w.id, n, w.shape.spec) for w, n in first.replicas] == [(w.id, n, w.shape.spec) for w, n in again.replicas]
    assert first.pools == again.pools
    assert stack(7, 4).pools != first.pools


@pytest.mark.plane
@pytest.mark.timeout(900)
def test_packing_uses_the_nodes_that_kube_scheduler_uses() -> None:
    """Lots settled; `make conformance-packing` does it with more stacks, and lots drawn."""
    binaries = Binaries.read(os.environ)
    programs = Programs(*(binaries.path(name) for name in ("etcd", "kube-apiserver", "kube-scheduler")))
    told: list[str] = []
    done = compare(programs, [stack(1, number) for number in range(NUM_STACKS)], told.append, FIRST_BOUGHT)
    assert told == []
    assert sum(each.scheduled.nodes.total() for each in done) > 2 * NUM_STACKS
