"""How long Pulumi waits for an object: as the plan says, not ten minutes for all."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.components import model as model_component
from infra.components import objects, platform, weights
from infra.manifests.objects import Manifest
from tests.unit.infra.outputs.samples import changed
from tests.unit.infra.recorder import record


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], int]:
    """By kind and name, of all that a stack with a shared cache registers."""
    found: dict[tuple[str, str], int] = {}

    def create_all(manifests: list[Manifest], opts: pulumi.ResourceOptions) -> list[pulumi.CustomResource]:
        timeouts: Any = opts.custom_timeouts
        for each in manifests:
            found[each["kind"], each["metadata"]["name"]] = int(timeouts.create[:-1]) if timeouts else 0
        return objects.create_all(manifests, opts)

    for component in (model_component, platform, weights):
        monkeypatch.setattr(component, "create_all", create_all)
    record(changed("staging", storage={"delivery": "shared"}, backup={"target": "volume"}))
    record(changed("staging", storage={"weights_class": "standard"}))
    return found


def test_whatever_waits_for_bytes_has_a_limit_of_its_own(seconds: dict[tuple[str, str], int]) -> None:
    """Deployments, Jobs and claims: none has the provider's."""
    slow = {key: value for key, value in seconds.items() if key[0] in ("Deployment", "Job", "PersistentVolumeClaim")}
    assert {kind for kind, _ in slow} == {"Deployment", "Job", "PersistentVolumeClaim"}
    assert not [key for key, value in slow.items() if value == 0]


def test_a_claim_may_wait_for_a_node_and_its_driver(seconds: dict[tuple[str, str], int]) -> None:
    """A volume that is bound at its first pod is there when that pod's node is."""
    assert {value for (kind, _), value in seconds.items() if kind == "PersistentVolumeClaim"} == {1200}
