"""Who goes first, who pods are, and how much there may be: what stands in a namespace before any workload."""

import dataclasses

import pytest

from infra import names
from infra.catalog.types import TIERS
from infra.config import parse
from infra.endpoints import without_cluster
from infra.manifests.accounts import accounts
from infra.manifests.all import Images, objects
from infra.manifests.priority import priority_classes
from infra.manifests.quota import limit_range, resource_quota
from infra.plan import GpuShare, Plan, make_plan
from infra.plan.priority import VALUES
from infra.plan.sharing import devices_of
from infra.quota import GPUS
from tests.unit.infra.recorder import pod_specs, raw_settings
from tests.unit.infra.test_plan import CATALOG

IMAGES = Images("image", {"gemma-3-270m": "weights"})


def plan_with(stack: str = "staging", **settings: object) -> Plan:
    """A stack's plan with other settings."""
    return make_plan(parse(stack, {**raw_settings(stack), **settings}, CATALOG, without_cluster()), CATALOG)


def test_there_is_a_class_for_every_tier_of_the_catalog() -> None:
    """In its order, from high to low; the patient ones push out nobody, and none is the cluster's default."""
    assert tuple(VALUES) == TIERS
    found = priority_classes(plan_with())
    assert [one["metadata"]["name"] for one in found] == [f"slipway-{tier}" for tier in TIERS]
    values = [one["value"] for one in found]
    assert values == sorted(values, reverse=True)
    assert [one["preemptionPolicy"] for one in found] == ["PreemptLowerPriority"] * 2 + ["Never"] * 2
    assert not any(one["globalDefault"] for one in found)


def test_two_stacks_of_a_cluster_have_classes_of_their_own() -> None:
    """They would undo each other's at every update; a namespace has one owner anyway."""
    one, other = (
        {each["metadata"]["name"] for each in priority_classes(plan_with(namespace=name))} for name in ("a", "b")
    )
    assert one.isdisjoint(other)


def test_classes_that_somebody_else_makes_are_named_and_not_made() -> None:
    """For a team without rights on the cluster's own objects."""
    plan = plan_with(priority={"create": False, "prefix": "company"})
    assert priority_classes(plan) == []
    named = {pod["priorityClassName"] for pod in pod_specs(objects(plan, IMAGES)).values()}
    assert named
    assert all(name.startswith("company-") for name in named)


def test_every_pod_has_the_class_of_its_models_tier() -> None:
    """The servers and what they wait for."""
    plan = plan_with(models={"legal": {"tier": "critical"}, "risk": {"tier": "batch"}})
    pods = pod_specs(objects(plan, IMAGES))
    found = {name: pod["priorityClassName"] for name, pod in pods.items()}
    assert {value for name, value in found.items() if "/legal" in name} == {"slipway-critical"}
    assert {value for name, value in found.items() if "/risk" in name} == {"slipway-batch"}


@pytest.mark.parametrize(
    ("stack", "settings", "roles"),
    [
        ("local", {}, {"model", "fill"}),
        ("staging", {}, {"model", "pull"}),
        ("staging", {"backup": {"target": "volume"}}, {"model", "pull", "backup"}),
        ("staging", {"storage": {"delivery": "ephemeral"}}, {"model"}),
    ],
)
def test_each_role_that_has_pods_has_an_account_without_a_token(
    stack: str, settings: dict[str, object], roles: set[str]
) -> None:
    """And there is no right that any of them has."""
    plan = plan_with(stack, **settings)
    found = accounts(plan)
    assert {one["metadata"]["name"] for one in found} == {names.account(role) for role in roles}
    assert {one["kind"] for one in found} == {"ServiceAccount"}
    assert not any(one["automountServiceAccountToken"] for one in found)


def test_the_quota_bounds_each_class_of_storage_and_each_kind_of_object() -> None:
    """By the names that the API server knows them by."""
    plan = plan_with(storage={"weights_class": "fast", "data_class": "slow"}, backup={"target": "volume"})
    hard = resource_quota(plan)["spec"]["hard"]
    classes = {key.split(".")[0]: value for key, value in hard.items() if ".storageclass." in key}
    assert classes["slow"] == "200Gi"
    assert set(classes) == {"fast", "slow"}
    assert int(hard["count/cronjobs.batch"]) > 0
    assert {"configmaps", "secrets", "services", "count/jobs.batch", "count/deployments.apps"} <= set(hard)


def test_a_bound_of_ones_own_for_storage_bounds_every_class() -> None:
    """Two bounds that contradict each other would be one too many."""
    hard = resource_quota(plan_with(quota={"storage": "2Ti"}))["spec"]["hard"]
    assert {value for key, value in hard.items() if key.endswith("requests.storage")} == {"2Ti"}


@pytest.mark.parametrize(
    ("share", "key", "count"),
    [
        (GpuShare("none", "nvidia.com/gpu", 2), "requests.nvidia.com/gpu", 2),
        (GpuShare("mig", "nvidia.com/mig-1g.10gb", 1), "requests.nvidia.com/mig-1g.10gb", 1),
        (
            GpuShare("dra", None, 1, device_class="gpu.example.com"),
            "gpu.example.com.deviceclass.resource.k8s.io/devices",
            1,
        ),
    ],
)
def test_gpus_of_every_way_of_sharing_have_a_name_in_the_quota(share: GpuShare, key: str, count: int) -> None:
    """What a quota does not name it does not bound."""
    assert devices_of(share) == {key: count}


def test_gpus_of_all_kinds_are_bounded_at_the_most_replicas() -> None:
    """Slices and claims beside whole ones; whole ones also where none is used, so that nobody else takes one."""
    sharing = {"sharing": "mig", "mig_profile": "3g.40gb"}
    models = {"qwen2-5-32b": {"max_replicas": 3, "gpu_sharing": "none"}, "gpt-oss": {"max_replicas": 2}}
    plan = plan_with("prod", gpu=sharing, models={**models, "legal": {}})
    slices, whole = plan.quota.devices["requests.nvidia.com/mig-3g.40gb"], plan.quota.devices[GPUS]
    peaks = {model.id: model.peak for model in plan.models}
    assert slices >= peaks["gpt-oss"]
    assert whole >= peaks["qwen2-5-32b"]
    assert plan_with("local").quota.devices == {GPUS: 0}


def test_a_bound_for_gpus_leaves_each_kind_what_it_needs() -> None:
    """And the sum is the bound."""
    sharing = {"sharing": "mig", "mig_profile": "3g.40gb"}
    models = {"qwen2-5-32b": {"max_replicas": 3, "gpu_sharing": "none"}, "gpt-oss": {"max_replicas": 2}}
    plan = plan_with("prod", gpu=sharing, models=models, quota={"gpus": 20})
    assert sum(plan.quota.devices.values()) == 20
    assert all(plan.quota.devices[key] for key in plan.quota.devices)


def test_every_pod_of_a_stack_fits_its_quota_at_once() -> None:
    """Models at their peak, all Jobs, all backups and a shell: what a rollout in the night of a backup has."""
    plan = plan_with("prod", backup={"target": "volume", "what": ["models", "config", "history"], "size": "1Ti"})
    found = objects(plan, IMAGES)
    num_jobs = sum(one["kind"] in ("Job", "CronJob") and not one["spec"].get("suspend") for one in found)
    assert plan.quota.num_pods >= sum(model.peak for model in plan.models) + num_jobs + 1
    claims = [one for one in found if one["kind"] == "PersistentVolumeClaim"]
    assert plan.quota.num_volumes >= len(claims)
    assert plan.limits.volume_bytes == 2**40


def test_a_container_that_says_nothing_gets_little_of_the_nodes_disk_too() -> None:
    """Else a shell beside a fault could fill it."""
    container = limit_range(plan_with())["spec"]["limits"][0]
    assert set(container["default"]) == set(container["defaultRequest"]) == {"cpu", "memory", "ephemeral-storage"}


def test_a_login_is_on_the_accounts_of_all_roles() -> None:
    """A backup pulls the same image."""
    plan = plan_with(backup={"target": "volume"})
    plan = dataclasses.replace(plan, image=dataclasses.replace(plan.image, pull_secret="login"))
    assert all(one["imagePullSecrets"] == [{"name": "login"}] for one in accounts(plan))
