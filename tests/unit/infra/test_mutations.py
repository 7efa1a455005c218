"""Whatever is in a stack file, it either makes a plan or is refused by sentences that name the key. No traceback."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.catalog.load import load_catalog
from infra.config import parse
from infra.endpoints import without_cluster
from infra.errors import ConfigError, PlanError
from infra.manifests.all import objects
from infra.outputs.kubernetes import files
from infra.plan import Plan, make_plan
from infra.settings import Settings
from tests.unit.infra.outputs.samples import references
from tests.unit.infra.recorder import STACKS, raw_settings

CATALOG = load_catalog()
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**70, 0.5, float("inf"), float("nan"), "", " ", "auto", "none", "derived", "ambient",
    "x" * 300, "\x00", "ü", "1", "1Gi", "-1Gi", "100m", "Europe/Berlin", "24:00", "0 3 * * *", "* * * * * *",
    "a/b/c", "https://[", "../..", "${x}", "{{x}}", "kube-system", [], {}, [[]], [None], [{}], {"": ""}, {1: 2},
    {"a": {"b": 1}}, "existing", "plain", "external", "keda", "burst", "gateway", "stack", "docker", "s3", "shared",
    "mig", "dra",
]  # fmt: skip
KEYS = sorted({field.alias or name for name, field in Settings.model_fields.items()})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index in it."""
    if isinstance(value, dict):
        return [path, *(found for key, inner in value.items() for found in places(inner, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for index, inner in enumerate(value) for found in places(inner, (*path, index)))]
    return [path]


def known_places() -> list[tuple[Any, ...]]:
    """Every key of every group of the schema, whether our own files set it or not."""
    found: list[tuple[Any, ...]] = []
    for name, field in Settings.model_fields.items():
        top = field.alias or name
        inner = getattr(field.annotation, "model_fields", {})
        found += [(top, each.alias or key) for key, each in inner.items()] or [(top,)]
    return found


KNOWN = known_places()


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    """Set what is there or make the way to it; where there is none, nothing happens."""
    for key in path[:-1]:
        if isinstance(tree, dict):
            tree = tree.setdefault(key, {})
        elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return
    if isinstance(tree, dict) or (isinstance(tree, list) and isinstance(path[-1], int) and path[-1] < len(tree)):
        tree[path[-1]] = value


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A valid stack file of ours with one to three things changed."""
    raw = copy.deepcopy(raw_settings(draw(st.sampled_from(STACKS))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([*(place for place in places(raw) if place), *KNOWN, *((key,) for key in KEYS)]))
        put(raw, path, copy.deepcopy(draw(st.sampled_from(ODD) | st.text(max_size=20) | st.integers())))
    return raw


def outcome(raw: dict[str, Any]) -> tuple[tuple[str, ...], Plan | None]:
    """A plan, or why there is none; any other error is one of ours."""
    try:
        return (), make_plan(parse("mutated", raw, CATALOG, without_cluster()), CATALOG)
    except ConfigError as error:
        unnamed = [problem for problem in error.problems if not problem.startswith("slipway:")]
        return (*error.problems, *(f"\nnames no key: {problem}" for problem in unnamed)), None
    except PlanError as error:
        return error.problems, None


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_changed_stack_file_makes_a_plan_or_is_refused_by_key(raw: dict[str, Any]) -> None:
    """And what makes a plan makes objects, and files of them."""
    refused, plan = outcome(raw)
    if plan is None:
        assert refused
        assert not [problem for problem in refused if "\n" in problem or len(problem) > 2000]
        return
    known = references(plan)
    assert objects(plan, known.images(plan))
    if not any(one.source == "plain" for one in plan.secrets):
        assert files(plan, known)


@pytest.mark.parametrize("path", KNOWN, ids=".".join)
def test_a_group_in_place_of_a_value_is_told_with_its_key(path: tuple[str, ...]) -> None:
    """Every key there is: what no key takes is refused by name, with what was found and what is allowed."""
    raw = copy.deepcopy(raw_settings("staging"))
    put(raw, path, [[{"no": "way"}]])
    with pytest.raises(ConfigError) as caught:
        parse("mutated", raw, CATALOG, without_cluster())
    told = [problem for problem in caught.value.problems if problem.startswith(f"slipway:{'.'.join(path)}")]
    assert told
    assert all("allowed" in problem for problem in told), told
