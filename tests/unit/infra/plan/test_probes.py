"""How long loading may take: by the storage class, by how many read at once, by where the weights are."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from infra.catalog.load import load_catalog
from infra.plan import make_plan
from infra.plan.probes import Reading, plan_probes, plan_reading
from infra.storage_speeds import MB
from tests.unit.infra.plan.stacks import config, model, one
from tests.unit.infra.recorder import stack_plan

readings = st.builds(
    Reading, st.integers(10, 2000).map(lambda each: each * MB), st.integers(1, 50), st.integers(0, 900)
)


@given(st.integers(1, 2**40), st.integers(1, 2**40), readings)
def test_larger_weights_never_get_less_time(one: int, other: int, reading: Reading) -> None:
    """Monotone; and the rollout waits longer than the probe, so the probe decides."""
    small, large = (plan_probes(size, reading) for size in sorted((one, other)))
    assert small.startup_failures <= large.startup_failures
    assert large.progress_deadline_s > large.startup_failures * large.period_s >= 2 * large.load_s


def test_the_storage_class_decides_how_long_it_takes() -> None:
    """What the stack says that its class is, else what such a name usually is."""
    chosen = config(one("legal"))
    fast = dataclasses.replace(chosen, storage=dataclasses.replace(chosen.storage, kinds={"standard": "nvme"}))
    slow = dataclasses.replace(chosen, storage=dataclasses.replace(chosen.storage, kinds={"standard": "pd-standard"}))
    (quick,), (long,) = (make_plan(each, load_catalog()).models for each in (fast, slow))
    assert quick.probes.load_s < 100 < 300 < long.probes.load_s


def test_pods_that_start_together_share_a_file_service() -> None:
    """A disk of the node, and a volume of one node, are read by one: the second finds the file in the page cache."""
    several = one("legal", min_replicas=3, max_replicas=4)
    assert plan_reading(config(several), config(several).models[0]).num_readers == 3
    most = config(one("legal", min_replicas=1, max_replicas=9))
    assert plan_reading(most, most.models[0]).num_readers == 5
    alone = config(several, {"storage": {"access_mode": "ReadWriteOnce"}})
    single = config(several, {"cluster": {"topology": "single-node"}})
    own_disk = config(one("legal", min_replicas=3, max_replicas=4, weights="ephemeral"))
    assert [plan_reading(each, each.models[0]).num_readers for each in (alone, single, own_disk)] == [1, 1, 1]


def test_a_rollout_waits_for_a_node_where_nodes_come_and_go() -> None:
    """The probe does not: it starts when the container does."""
    here, there = model(one("legal"), {"cluster": {"topology": "single-node"}}).probes, model(one("legal")).probes
    assert (
        there.progress_deadline_s - there.startup_failures * 2
        == here.progress_deadline_s - here.startup_failures * 2 + 600
    )


def test_seventy_thousand_million_parameters_get_the_time_that_they_need() -> None:
    """42.5 GB from a file service of 100 MB/s, by two pods at once: a quarter of an hour, twice."""
    by_id = {each.id: each.probes for each in stack_plan("prod").models}
    assert 850 < by_id["llama-3-70b"].load_s < 1000
    assert by_id["llama-3-70b"].startup_failures * by_id["llama-3-70b"].period_s >= 1700
