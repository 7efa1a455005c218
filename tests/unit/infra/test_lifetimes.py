"""What outlives a mistake, and what must be able to go: the options that components register objects with."""

import dataclasses
from collections import defaultdict
from typing import Any

import pulumi
import pytest

from infra.components import objects as objects_of_kind
from infra.components import platform, weights
from infra.manifests.objects import Manifest
from infra.plan import Plan
from tests.unit.infra.recorder import record
from tests.unit.infra.test_guards import plan_with

Registered = dict[str, list[tuple[str, pulumi.ResourceOptions]]]


def registered(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """Names and options of everything that the two components with data in them register, by kind."""
    seen: Registered = defaultdict(list)

    def create_all(manifests: list[Manifest], opts: pulumi.ResourceOptions) -> list[pulumi.CustomResource]:
        for one in manifests:
            seen[one["kind"]].append((one["metadata"]["name"], opts))
        return objects_of_kind.create_all(manifests, opts)

    monkeypatch.setattr(platform, "create_all", create_all)
    monkeypatch.setattr(weights, "create_all", create_all)
    record(plan)
    return seen


def kept(found: list[tuple[str, pulumi.ResourceOptions]]) -> dict[str, tuple[Any, Any]]:
    """Whether Pulumi refuses to delete it, and whether it leaves it when it is told to."""
    return {name: (bool(opts.protect), bool(opts.retain_on_delete)) for name, opts in found}


@pytest.mark.parametrize("protect", [True, False])
def test_the_namespace_and_shared_volumes_outlive_a_mistake_where_the_stack_says_so(
    protect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both: deleting a namespace deletes every volume in it."""
    storage = {"protect": protect, "delivery": "shared"}
    plan = plan_with(storage=storage, models={"legal": {}}, backup={"target": "volume"})
    seen = registered(plan, monkeypatch)
    assert kept(seen["Namespace"]) == {"slipway": (protect, protect)}
    found = kept(seen["PersistentVolumeClaim"])
    assert set(found.values()) == {(protect, protect)}
    assert {name.split("-")[1] for name in found} == {"weights", "backup"}


def test_a_models_own_cache_goes_when_other_weights_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be filled again, and forty gigabytes that nobody reads cost as much as any."""
    plan = plan_with(storage={"protect": True}, models={"legal": {}})
    (found,) = kept(registered(plan, monkeypatch)["PersistentVolumeClaim"]).values()
    assert found == (False, False)


def test_nothing_but_other_weights_is_a_reason_to_fill_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Job's pods can't change: for a new image, tier or place it would be made anew."""
    ((_, opts),) = registered(plan_with(models={"legal": {}}), monkeypatch)["Job"]
    ignored = {path.removeprefix("spec.template.spec.") for path in opts.ignore_changes or ()}
    assert ignored == {"containers[0].image", "priorityClassName", "tolerations", "affinity"}


def test_names_of_shared_volumes_carry_neither_stack_nor_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """So no change of them is another volume; a change of class or mode is, beside the old one."""
    plan = plan_with(storage={"delivery": "shared"}, models={"legal": {}}, backup={"target": "volume"})
    other = dataclasses.replace(plan, stack="other", labels={"slipway.dev/owner": "others"})
    one, two = ([name for name, _ in registered(each, monkeypatch)["PersistentVolumeClaim"]] for each in (plan, other))
    assert one == two
