"""From one state to the next, one field at a time."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.change_steps import change_steps, size_text
from infra.cost.types import Demand, LoadBalancer, Resources, Volume, Window, Workload
from infra.units import GI
from tests.unit.cost.stacks import demand, server, workload


def fields(before: Demand, after: Demand) -> list[tuple[str, str, str, str]]:
    """Subject, field, and both texts."""
    return [(step.subject, step.field, step.before, step.after) for step in change_steps(before, after)]


def with_requests(one: Workload, **changed: int) -> Workload:
    """The same pods of another size."""
    return replace(one, shape=replace(one.shape, requests=replace(one.shape.requests, **changed)))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (workload(replicas=(1, 3)), ("max_replicas", "1", "3")),
        (workload(replicas=(1, 1), cpu_m=2500), ("cpu", "1", "2500m")),
        (workload(memory_gib=8), ("memory", "4Gi", "8Gi")),
        (with_requests(workload(), gpus=1), ("gpus", "0", "1")),
        (with_requests(workload(), ephemeral_bytes=GI), ("ephemeral", "0", "1Gi")),
        (workload(schedule=(Window(8, 20, 1, 1),)), ("schedule", "0 windows", "1 windows")),
        (workload(spec={"nodeSelector": {"a": "b"}}), ("nodeSelector", "", "")),
        (workload(load_s=300), ("load time", "60 s", "300 s")),
        (workload(model="gemma"), ("model", "none", "gemma")),
    ],
)
def test_each_field_that_costs_is_told(after: Workload, told: tuple[str, str, str]) -> None:
    """With its value before and after."""
    assert fields(demand(workload()), demand(after)) == [("slipway/app", *told)]


@pytest.mark.parametrize(("old", "new"), [((1, 2), (5, 8)), ((5, 8), (1, 2)), ((1, 4), (2, 6)), ((2, 2), (3, 4))])
def test_the_least_is_never_above_the_most_in_between(old: tuple[int, int], new: tuple[int, int]) -> None:
    """From 1..2 to 5..8 first the most goes up, back first the least goes down: no state that can't be."""
    steps = list(change_steps(demand(workload(replicas=old)), demand(workload(replicas=new))))
    assert {step.field for step in steps} == {"min_replicas", "max_replicas"}
    assert all(each.min_replicas <= each.max_replicas for step in steps for each in step.demand.workloads)
    assert [(each.min_replicas, each.max_replicas) for each in steps[-1].demand.workloads] == [new]


def test_what_goes_comes_first_and_what_comes_last() -> None:
    """In between what changes."""
    before = demand(workload("gone"), workload("kept"))
    after = demand(workload("kept", (2, 2)), workload("new", (0, 3)))
    assert fields(before, after) == [
        ("slipway/gone", "removed", "1 replica", ""),
        ("slipway/kept", "replicas", "1", "2"),
        ("slipway/new", "added", "", "0 to 3 replicas"),
    ]


def test_two_kinds_of_one_name_are_two_objects() -> None:
    """A StatefulSet beside a Deployment."""
    one, other = workload(), replace(workload(replicas=(1, 5)), kind="StatefulSet")
    assert fields(demand(one), demand(one, other)) == [("slipway/app", "added", "", "1 to 5 replicas")]


def test_claims_load_balancers_jobs_and_daemon_sets_change_too() -> None:
    """Claims one by one, the others together."""

    def volume(name: str, gib: int) -> Volume:
        return Volume("slipway", name, "gp3", gib * GI, "ReadWriteOnce")

    before = demand(volumes=(volume("a", 10), volume("b", 10)))
    after = demand(
        volumes=(volume("a", 20), volume("c", 30)),
        load_balancers=(LoadBalancer("slipway", "web"),),
        jobs=(workload("job"),),
        daemons=(workload("agent"),),
    )
    assert fields(before, after) == [
        ("slipway/a", "size or class", "10Gi gp3", "20Gi gp3"),
        ("slipway/b", "removed", "10Gi gp3", ""),
        ("slipway/c", "added", "", "30Gi gp3"),
        ("stack", "load balancers", "0", "1"),
        ("stack", "jobs", "0", "1"),
        ("stack", "daemons", "0", "1"),
    ]


def test_nothing_changes_nothing() -> None:
    """Equal states, made apart."""
    assert fields(demand(server()), demand(server())) == []


@pytest.mark.parametrize(
    ("bounds", "text"), [((1, 1), "1 replica"), ((3, 3), "3 replicas"), ((0, 4), "0 to 4 replicas")]
)
def test_sizes_are_told_in_words(bounds: tuple[int, int], text: str) -> None:
    """Singular, plural, range."""
    assert size_text(workload(replicas=bounds)) == text


SHAPES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.integers(0, 3), st.sampled_from([500, 1000])),
    max_size=4,
    unique_by=lambda entry: entry[0],
)


def stack(shapes: Any) -> Demand:
    """Workloads by name."""
    return demand(*(workload(name, (least, least + more), cpu_m=cpu) for name, least, more, cpu in shapes))


@given(SHAPES, SHAPES)
def test_the_last_step_is_the_state_after(before: Any, after: Any) -> None:
    """Whatever changed; without a step the states were equal."""

    def sizes(of: Demand) -> dict[str, tuple[int, int, Resources]]:
        return {each.id: (each.min_replicas, each.max_replicas, each.shape.requests) for each in of.workloads}

    steps = list(change_steps(stack(before), stack(after)))
    last = steps[-1].demand if steps else stack(before)
    assert sizes(last) == sizes(stack(after))
