"""OpenCost's allocation JSON."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from infra.cost.allocations import read
from infra.cost.errors import ReconcileError
from infra.cost.types import Kind
from tests.unit.policies.json_data import values

WEEK = {"start": "2026-08-03T00:00:00Z", "end": "2026-08-10T00:00:00Z"}


def allocation(**fields: Any) -> dict[str, Any]:
    """Of a week."""
    labels = {"slipway_dev_model": "llama"}
    return {
        "properties": {"namespace": "slipway", "controller": "llama", "labels": labels},
        "window": WEEK,
        "minutes": 7 * 24 * 60,
        "gpuCost": 140.0,
        "cpuCost": 20.5,
        "ramCost": 7.5,
        **fields,
    }


def text(*sets: dict[str, Any] | None) -> str:
    """The answer of OpenCost."""
    return json.dumps({"code": 200, "data": list(sets)})


def test_a_week_is_taken_to_a_month() -> None:
    """168 of 730 hours: GPU 140 x 730 / 168 = 608.33; CPU and memory 28 x 4.345 = 121.67."""
    [found] = read(text({"slipway/llama": allocation()}))
    assert found.cents[Kind.GPU] == 60833
    assert found.cents[Kind.CPU_MEMORY] == 12167
    assert found.month_cents == 73000
    assert (found.model, found.namespace, found.controller, found.hours) == ("llama", "slipway", "llama", Fraction(168))
    assert found.replica_hours == 168


def test_several_windows_are_added_up() -> None:
    """Two weeks of the same cost the same a month."""
    later = {"start": WEEK["end"], "end": "2026-08-17T00:00:00Z"}
    [found] = read(text({"a": allocation()}, {"a": allocation(window=later)}))
    assert (found.hours, found.month_cents) == (Fraction(336), 73000)


def test_idle_is_idle_whatever_it_is_of() -> None:
    """OpenCost calls it so."""
    [found] = read(text({"cluster-one/__idle__": allocation()}))
    assert {kind: cents for kind, cents in found.cents.items() if cents} == {Kind.IDLE: 73000}


def test_how_busy_gpus_were_is_weighted_by_their_hours() -> None:
    """0.5 for 100 hours and 0.2 for 50: 0.4."""
    first = allocation(gpuHours=100, gpuAllocation={"gpuUsageAverage": 0.5})
    second = allocation(
        gpuHours=50, gpuAllocation={"gpuUsageAverage": 0.2}, window={**WEEK, "start": "2026-08-02T00:00:00Z"}
    )
    [found] = read(text({"a": first}, {"a": second}))
    assert found.gpu_busy == Fraction(2, 5)
    [unknown] = read(text({"a": allocation(gpuHours=100)}))
    assert unknown.gpu_busy is None


def test_models_are_known_by_any_spelling_of_their_label() -> None:
    """Prometheus has no dots and slashes in names."""
    for label in ("slipway.dev/model", "slipway_dev_model", "model"):
        properties = {"labels": {label: "gemma"}}
        assert read(text({"a": allocation(properties=properties)}))[0].model == "gemma"
    assert read(text({"a": allocation(properties=None)}))[0].model is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no JSON"),
        ('{"code": 500, "message": "boom"}', "boom"),
        ('{"code": 200, "data": "x"}', "no allocations in it"),
        (text(None, {}), "was anything measured"),
        (text({"a": 3}), "a: is no allocation"),
        (text({"a": allocation(gpuCost=-1)}), "a.gpuCost: -1 is no amount"),
        (text({"a": allocation(gpuCost="1")}), "is no amount"),
        (text({"a": allocation(window=None)}), "window"),
        (text({"a": allocation(window={"start": "now", "end": "then"})}), "is no time"),
        ('{"data": [{"a": {"gpuCost": NaN}}]}', "NaN"),
    ],
)
def test_what_is_none_says_why(content: str, says: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ReconcileError) as error:
        read(content)
    assert says in str(error.value)


@given(values)
def test_any_json_is_read_or_refused(data: Any) -> None:
    """Nothing else is raised."""
    known = json.dumps(data, default=str)
    for content in (known, json.dumps({"data": [{"a": json.loads(known)}]}), json.dumps({"data": [json.loads(known)]})):
        try:
            assert read(content)
        except ReconcileError as error:
            assert str(error)  # noqa: PT017  either is fine
