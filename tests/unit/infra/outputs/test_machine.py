"""One machine without Kubernetes."""

from __future__ import annotations

import dataclasses
import json

import pytest

from infra.outputs import machine
from infra.plan import Plan
from serve.settings import Settings
from tests.unit.infra.outputs.samples import changed, references
from tests.unit.infra.recorder import STACKS, stack_plan


@pytest.fixture(params=STACKS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Every stack in turn."""
    return stack_plan(str(request.param))


def test_the_server_knows_every_variable(plan: Plan) -> None:
    """A misspelt one would be ignored in silence."""
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    for model in plan.models:
        assert set(machine.environment(model)) <= known


def test_models_json_is_the_same_on_one_line(plan: Plan) -> None:
    """Without what other systems would replace."""
    for model in plan.models:
        text = machine.models_text(model)
        assert json.loads(text) == json.loads(model.server.models_json)
        assert "{{" not in text
        assert "\n" not in text


def test_braces_in_a_row_all_come_back() -> None:
    """Two, three or ten of them."""
    model = stack_plan("local").models[0]
    template = "{{{ a }}} {{{{{{{{{{"
    model = dataclasses.replace(model, server=dataclasses.replace(model.server, chat_template=template))
    text = machine.models_text(model)
    assert json.loads(text)["models"][0]["chat_template"] == template
    assert "{{" not in text


def test_every_container_that_waits_waits_for_one_that_ends(plan: Plan) -> None:
    """And both have the same volume."""
    found = {each.name: each for each in machine.containers(plan, references(plan))}
    for each in found.values():
        if each.after:
            before = found[each.after]
            assert before.retries is not None
            assert before.mounts[0].source == each.mounts[0].source
    assert {each.mounts[0].source for each in found.values()} == set(machine.volumes(plan))


def test_names_and_ports_are_each_given_once(plan: Plan) -> None:
    """On one machine they would collide."""
    found = machine.containers(plan, references(plan))
    ports = [each.port for each in found if each.port is not None]
    assert len({each.name for each in found}) == len(found)
    assert len(set(ports)) == len(ports) == len(plan.models)


def test_an_image_of_weights_needs_nothing_that_fetches() -> None:
    """It is mounted as it is."""
    weights = {"weights": "image", "weights_image": "registry.example.com/w@sha256:" + "ab" * 32}
    plan = changed("staging", models={"legal": weights}, cluster={"context": "a", "version": "1.36"})
    [only] = machine.containers(plan, references(plan))
    assert (only.after, only.mounts[0].is_image, only.mounts[0].source) == (None, True, weights["weights_image"])
    assert machine.volumes(plan) == []
