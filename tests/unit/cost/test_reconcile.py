"""The estimate against what OpenCost measured."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from infra.cost.allocations import Allocation, read
from infra.cost.analyse import analyse
from infra.cost.money import Range
from infra.cost.reconcile import IDLE_ROW, TOTAL, Reconciliation, reconcile
from infra.cost.report import Report
from tests.unit.cost.stacks import FACTS, demand, market, server, workload
from tests.unit.cost.test_allocations import allocation, text


def report(**changed: Any) -> Report:
    """A model with 1 to 3 replicas, and a web server."""
    stack = demand(server(replicas=(1, 3)), workload("web"))
    return analyse("prod", None, stack, market(**changed), FACTS)


def measured(**sets: dict[str, Any]) -> tuple[Allocation, ...]:
    """Of one week."""
    return read(text(sets))


def errors(found: Reconciliation) -> dict[str, Fraction | None]:
    """By row."""
    return {row.name: row.error_percent for row in found.rows}


def test_each_model_and_the_total_have_an_error() -> None:
    """Measured 730.00 and 496.40; the estimate is what it is: its error is (estimated - measured) / measured."""
    web = allocation(properties={"namespace": "slipway", "controller": "web"}, gpuCost=0, cpuCost=114.24, ramCost=0)
    own = report()
    found = reconcile(own, measured(llama=allocation(), web=web))
    by_name = {row.name: row for row in found.rows}
    assert by_name["llama"].measured_cents == 73000
    assert by_name["slipway/web"].measured_cents == 49640
    estimated = {row.name: row.cost.typical_cents for row in own.models}
    assert errors(found)["slipway/web"] == Fraction((estimated["slipway/web"] - 49640) * 100, 49640)
    assert found.rows[-1].name == TOTAL
    assert found.rows[-1].estimated == own.after.cost
    assert found.rows[-1].measured_cents == 73000 + 49640


def test_within_means_between_low_and_high() -> None:
    """730.00 is below the least of the estimate, 734.38; 1,000 is between 1 and 3 replicas."""
    for gpu_cost, is_within in ((140.0, False), (202.2, True)):
        found = reconcile(report(), measured(llama=allocation(gpuCost=gpu_cost)))
        assert next(row.is_within for row in found.rows if row.name == "llama") is is_within


def test_a_model_that_is_dearest_in_the_low_month_is_within_all_three() -> None:
    """Low 1,000, typical 700, high 900: 730.00 is within; above 1,000 or below 700 it is not."""
    own = report()
    rows = tuple(replace(row, cost=Range(100000, 70000, 90000)) if row.name == "llama" else row for row in own.models)
    for gpu_cost, is_within in ((140.0, True), (130.0, False), (202.2, False)):
        found = reconcile(replace(own, models=rows), measured(llama=allocation(gpuCost=gpu_cost)))
        assert next(row.is_within for row in found.rows if row.name == "llama") is is_within


def test_where_idle_is_told_apart_so_it_is_here() -> None:
    """Models then pay for what they ask only; rows still add up to the total."""
    own = report()
    found = reconcile(own, measured(llama=allocation(), __idle__=allocation()))
    rows = {row.name: row for row in found.rows}
    assert rows[IDLE_ROW].measured_cents == 73000
    assert rows[IDLE_ROW].estimated.typical_cents > 0
    parts = sum(row.estimated.typical_cents for row in found.rows if row.name != TOTAL)
    assert parts == own.after.cost.typical_cents == rows[TOTAL].estimated.typical_cents


def test_what_was_not_measured_has_no_error() -> None:
    """Nothing is divided by nothing; what was not estimated is shared."""
    other = allocation(properties={"namespace": "kube-system", "controller": "dns"})
    found = reconcile(report(), measured(dns=other))
    assert errors(found)["llama"] is None
    shared = next(row for row in found.rows if row.name == "shared")
    assert (shared.estimated, shared.measured_cents) == (Range(), 73000)


def test_what_was_measured_comes_back_as_settings() -> None:
    """2 replicas on average of 1 to 3: half of the way. GPUs busy 40 %: 1,000,000 tokens in 336 replica hours at 40 %
    are 1,000,000 / (336 x 3,600 x 0.4) = 2.07 a second.
    """
    own = allocation(minutes=2 * 7 * 24 * 60, gpuHours=336, gpuAllocation={"gpuUsageAverage": 0.4})
    found = reconcile(report(), measured(llama=own), {"llama": 1_000_000})
    assert [(each.setting, each.value) for each in found.suggestions] == [
        ("working_time_load and other_time_load, on average", "0.50"),
        ("traffic.llama.utilisation", "0.40"),
        ("throughput of llama, tokens a second", "2"),
    ]


def test_less_than_a_week_is_no_sample_of_a_month() -> None:
    """That is said."""
    day = {"start": "2026-08-03T00:00:00Z", "end": "2026-08-04T00:00:00Z"}
    assert "24 hours" in reconcile(report(), measured(llama=allocation(window=day))).warnings[0]
    assert reconcile(report(), measured(llama=allocation())).warnings == ()


def test_a_real_answer_of_opencost_is_read() -> None:
    """Fields that are of no use here do not disturb."""
    entry = allocation(name="llama", start=None, totalEfficiency=0.4, cpuCores=3, pvs=None, pvCost=1.4, networkCost=0.1)
    found = reconcile(report(), read(json.dumps({"code": 200, "status": "success", "data": [{"llama": entry}]})))
    assert next(row.measured_cents for row in found.rows if row.name == "llama") == 73000 + 608 + 43
