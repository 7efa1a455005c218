"""From settings and catalog to the plan."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from infra.catalog.load import load_catalog
from infra.config.models import SERVERS_OWN
from infra.plan import Plan, make_plan
from infra.stack import ModelConfig, StackConfig
from serve.chat.types import RESERVED
from serve.models import Models
from tests.unit.infra.recorder import STACKS, stack_config, stack_plan

CATALOG = load_catalog()
PROD = stack_config("prod", CATALOG)
MODEL_IDS = sorted(CATALOG.models)
some_models = st.lists(
    st.builds(
        lambda model_id, least, more: ModelConfig(model_id, least, least + more, None),
        st.sampled_from(MODEL_IDS),
        st.integers(1, 20),
        st.integers(0, 20),
    ),
    min_size=1,
    unique_by=lambda model: model.id,
)


def with_models(models: list[ModelConfig], config: StackConfig = PROD) -> Plan:
    """The plan of prod with other models."""
    return make_plan(dataclasses.replace(config, models=tuple(models)), CATALOG)


@given(some_models)
def test_the_quota_always_admits_the_plan_at_its_peak(models: list[ModelConfig]) -> None:
    """Whatever models and replicas a stack has: a rollout at the most replicas fits, and the pods that it ends, too."""
    plan = with_models(models)
    pods = [(m.resources, m.most + m.peak) for m in plan.models]
    assert plan.quota.memory_bytes >= sum(resources.memory_bytes * count for resources, count in pods)
    assert plan.quota.num_pods >= sum(count for _, count in pods) + len(plan.models)
    assert all(m.resources.memory_bytes <= plan.limits.memory_bytes for m in plan.models)


@given(some_models, some_models, st.sampled_from(["full", "small"]), st.sampled_from(["full", "small"]))
def test_the_quota_admits_all_caches_on_the_way_between_any_two_plans(
    old_models: list[ModelConfig], new_models: list[ModelConfig], old_size: str, new_size: str
) -> None:
    """The old ones, the new ones, and what a failed attempt at the new ones has left."""
    old = with_models(old_models, dataclasses.replace(PROD, size=old_size))
    new = with_models(new_models, dataclasses.replace(PROD, size=new_size))
    caches = [model.weights.volume_bytes for plan in (old, new, new) for model in plan.models]
    assert sum(caches) <= new.quota.storage_bytes
    assert len(caches) <= new.quota.num_volumes


@given(some_models, st.randoms(use_true_random=False))
def test_the_order_of_the_settings_does_not_matter(models: list[ModelConfig], random: object) -> None:
    """The same settings in another order are the same plan, in the order of the ids."""
    mixed = sorted(models, key=lambda _: random.random())  # type: ignore[attr-defined]
    plan = with_models(models)
    assert plan == with_models(mixed)
    assert [model.id for model in plan.models] == sorted(model.id for model in models)


@given(some_models)
def test_volumes_hold_their_weights(models: list[ModelConfig]) -> None:
    """With room for the file system's own needs."""
    plan = with_models(models)
    for model in plan.models:
        assert model.weights.volume_bytes >= CATALOG.models[model.id].full.weights.file_bytes * 1.2


def test_staging_takes_the_small_sizes_and_prod_the_full_ones() -> None:
    """The size is a setting of the stack; models that have one size use it on both."""
    files = {stack: {model.id: model.weights.file for model in stack_plan(stack).models} for stack in STACKS[1:]}
    assert files["staging"]["llama-3-70b"] == "Meta-Llama-3-8B-Instruct-Q4_K_M.gguf"
    assert files["prod"]["llama-3-70b"] == "Meta-Llama-3-70B-Instruct.Q4_K_M.gguf"
    assert files["staging"]["legal"] == files["prod"]["legal"]


def test_a_stack_can_choose_another_profile() -> None:
    """For a cluster that lacks what the catalog asks for; the warning about GPUs goes with it."""
    plan = with_models([ModelConfig("llama-3-70b", 1, 1, "cpu-64g")])
    assert plan.models[0].resources.num_gpus == 0
    assert [notice.kind for notice in plan.notices] == ["warning"]


def test_other_weights_have_another_hash() -> None:
    """Names of volumes and Jobs depend on it; replicas and profile do not touch it."""
    one, same, other = (
        with_models([ModelConfig("risk", 1, 1, None)]),
        with_models([ModelConfig("risk", 2, 9, "cpu-8g")]),
        with_models([ModelConfig("legal", 1, 1, None)]),
    )
    assert one.models[0].weights.hash == same.models[0].weights.hash != other.models[0].weights.hash


def test_models_json_is_what_the_server_reads() -> None:
    """Every key of the server's schema, and the template of the model that has none of its own."""
    (model,) = stack_plan("local").models
    (entry,) = json.loads(model.server.models_json)["models"]
    assert entry.pop("chat_template").startswith("Question:")
    assert entry == {
        "id": "gemma-3-270m",
        "file": "gemma-3-270m-q4_k_m.gguf",
        "sha256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        "num_slots": 4,
        "context_tokens": 2048,
        "draft_tokens": 0,
        "stop": ["\n"],
        "sampling": {"temperature": 0},
        "aliases": [],
    }


def test_what_a_model_tells_its_template_is_in_its_entry_as_the_server_reads_it() -> None:
    """And the server's own variables are the same for both."""
    told = {"enable_thinking": False}
    plan = with_models([ModelConfig("legal", 1, 1, None, chat_template_kwargs=told)])
    text = plan.models[0].server.models_json
    (entry,) = TypeAdapter(Models).validate_json(text).models
    assert entry.chat_template_kwargs == told
    assert SERVERS_OWN == RESERVED


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_stops_an_update_of_our_own_stacks(stack: str) -> None:
    """What is told is to be known, and nothing else."""
    assert [notice for notice in stack_plan(stack).notices if notice.kind == "blocker"] == []


@pytest.mark.parametrize(("stack", "kind"), [("staging", "warning"), ("prod", "blocker")])
def test_a_download_without_a_known_checksum_is_said_and_refused_in_prod(stack: str, kind: str) -> None:
    """With the models that it is about."""
    legal = CATALOG.models["legal"]
    full, small = (
        dataclasses.replace(size, weights=dataclasses.replace(size.weights, sha256=None))
        for size in (legal.full, legal.small)
    )
    unknown = dataclasses.replace(legal, full=full, small=small)
    catalog = dataclasses.replace(CATALOG, models={**CATALOG.models, "legal": unknown})
    (notice,) = [each for each in make_plan(stack_config(stack), catalog).notices if "sha256" in each.text]
    assert notice.kind == kind
    assert "not checked against a known value: legal" in notice.text


@pytest.mark.parametrize(("stack", "mode"), [("local", "ReadWriteOnce"), ("staging", "ReadWriteMany")])
def test_replicas_on_several_nodes_share_a_volume_that_several_nodes_can_mount(stack: str, mode: str) -> None:
    """ReadWriteOnce would pin all replicas to one node."""
    claims = [model.weights.claim for model in stack_plan(stack).models]
    assert {claim.access_mode for claim in claims if claim} == {mode}
