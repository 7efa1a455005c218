"""The four ways of weights into a pod, and which volumes each takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import names
from infra.errors import ConfigError, PlanError
from infra.manifests.all import Images, objects
from infra.plan import Plan
from infra.units import GI
from kube.objects import Object
from policies.pod_security import verdict
from tests.unit.infra.recorder import pod_specs
from tests.unit.infra.test_guards import plan_with

DIGEST = "sha256:" + "ab" * 32
IMAGE = f"registry.example.com/weights@{DIGEST}"
MODERN = {"context": "c", "topology": "multi-node", "version": "1.36"}


def made(plan: Plan) -> list[dict[str, Any]]:
    """All objects, with packed weights for the models that have them."""
    return objects(plan, Images(f"serve@{DIGEST}", {model.id: f"packed@{DIGEST}" for model in plan.models}))


def of_kind(plan: Plan, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of a kind by their names."""
    return {one["metadata"]["name"]: one for one in made(plan) if one["kind"] == kind}


def server(plan: Plan, model: str) -> dict[str, Any]:
    """The pod of a model's base."""
    return pod_specs(made(plan))[f"Deployment/{model}"]


def volume(pod: dict[str, Any], name: str = "weights") -> dict[str, Any]:
    """One volume of a pod, without its name."""
    (found,) = [one for one in pod["volumes"] if one["name"] == name]
    return {key: value for key, value in found.items() if key != "name"}


def test_own_is_a_claim_and_a_job_a_model() -> None:
    """What `auto` is: it works in every cluster."""
    plan = plan_with(models={"legal": {}, "risk": {"weights": "own"}})
    claims, jobs = of_kind(plan, "PersistentVolumeClaim"), of_kind(plan, "Job")
    assert set(claims) == set(jobs)
    assert {name.rpartition("-weights-")[0] for name in claims} == {"legal", "risk"}
    mounted = volume(server(plan, "legal"))["persistentVolumeClaim"]
    assert mounted["claimName"] in claims
    assert mounted["readOnly"]


def test_shared_is_one_claim_with_a_job_a_model_and_names_that_carry_hashes() -> None:
    """A file that is there and right is not fetched again, whichever model asks for it."""
    plan = plan_with(storage={"delivery": "shared"}, models={"legal": {}, "risk": {}})
    (claim,) = of_kind(plan, "PersistentVolumeClaim").values()
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    jobs = of_kind(plan, "Job")
    assert len(jobs) == 2
    for model in plan.models:
        weights = model.weights
        assert weights.stored == f"{weights.hash}-{weights.file}" == model.server.file
        (job,) = [one for name, one in jobs.items() if name.startswith(f"{model.id}-weights-")]
        pod = job["spec"]["template"]["spec"]
        arguments = pod["containers"][0]["args"]
        assert arguments[arguments.index("--as") + 1] == weights.stored
        assert volume(pod, "cache") == {"persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        assert volume(server(plan, model.id))["persistentVolumeClaim"]["readOnly"]


def test_a_shared_cache_has_room_for_the_next_weights_beside_the_present_ones() -> None:
    """Or as much as the operator says, but never less than the models take."""
    two: dict[str, Any] = {"legal": {}, "risk": {}}
    plan = plan_with(storage={"delivery": "shared"}, models=two)
    need = sum(model.weights.volume_bytes for model in plan.models)
    (claim,) = plan.claims
    assert 2 * need <= claim.num_bytes < 2 * need + GI
    (asked,) = plan_with(storage={"delivery": "shared", "cache_size": "80Gi"}, models=two).claims
    assert asked.num_bytes == 80 * GI
    with pytest.raises(PlanError, match=r"storage.cache_size: 1Gi is too small .* allowed: \d+Gi or more"):
        plan_with(storage={"delivery": "shared", "cache_size": "1Gi"}, models=two)


def test_models_with_the_same_weights_take_the_room_of_one() -> None:
    """They are one file in the cache."""
    both: dict[str, Any] = {"recommendations": {}, "risk": {}}
    alone: dict[str, Any] = {"recommendations": {}}
    one, two = (
        plan_with(storage={"delivery": "shared"}, models=models).claims[0].num_bytes for models in (alone, both)
    )
    hashes = {model.weights.hash for model in plan_with(models=both).models}
    assert (two == one) == (len(hashes) == 1)


def test_image_is_a_volume_by_digest_and_nothing_to_fill() -> None:
    """Pulled and kept by the node, in the folder where packed weights are."""
    plan = plan_with(cluster=MODERN, models={"legal": {"weights": "image", "weights_image": IMAGE}})
    assert of_kind(plan, "PersistentVolumeClaim") == of_kind(plan, "Job") == {}
    pod = server(plan, "legal")
    assert volume(pod) == {"image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}}
    mount = next(one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "weights")
    assert (mount["subPath"], mount["readOnly"]) == ("weights", True)


def test_weights_that_the_stack_packs_need_no_reference() -> None:
    """The image that a fill Job would copy from is mounted as it is."""
    plan = plan_with("local", storage={"weights_class": "standard", "delivery": "image"})
    assert volume(server(plan, "gemma-3-270m"))["image"]["reference"] == f"packed@{DIGEST}"


def test_ephemeral_is_a_disk_of_the_node_that_is_filled_before_the_server_starts() -> None:
    """By the same code; the disk is reserved, the pod asks for no more memory, and the rollout waits long enough."""
    plan = plan_with(models={"legal": {"weights": "ephemeral"}})
    assert of_kind(plan, "PersistentVolumeClaim") == of_kind(plan, "Job") == {}
    (model,), pod = plan.models, server(plan, "legal")
    size = volume(pod)["emptyDir"]["sizeLimit"]
    (init,), (serve,) = pod["initContainers"], pod["containers"]
    assert init["args"][0] == "pull"
    assert init["resources"]["limits"]["memory"] == serve["resources"]["limits"]["memory"]
    assert serve["resources"]["requests"]["ephemeral-storage"] != init["resources"]["requests"]["ephemeral-storage"]
    assert size.endswith(("Mi", "Gi"))
    deployment = of_kind(plan, "Deployment")["legal"]["spec"]
    assert deployment["progressDeadlineSeconds"] > model.weights.job_deadline_s
    labels = deployment["template"]["metadata"]["labels"]
    assert labels[names.PULLS_LABEL] == "true"


@pytest.mark.parametrize("delivery", ["own", "shared", "ephemeral", "image"])
def test_every_pod_is_admitted_whatever_the_delivery(delivery: str) -> None:
    """By Pod Security `restricted`, init containers too."""
    models = {"legal": {"weights_image": IMAGE} if delivery == "image" else {}}
    plan = plan_with(cluster=MODERN, storage={"delivery": delivery}, models=models)
    for one in made(plan):
        assert verdict(Object(one), "restricted", (1, 36)).is_allowed, one["metadata"]["name"]


@pytest.mark.parametrize(
    ("topology", "replicas", "mode", "expected"),
    [
        ("single-node", 4, "auto", "ReadWriteOnce"),
        ("multi-node", 4, "auto", "ReadWriteMany"),
        ("multi-zone", 1, "auto", "ReadWriteMany"),  # two for a moment, in a rollout with surge
        ("multi-node", 4, "ReadWriteOnce", "ReadWriteOnce"),
        ("single-node", 4, "ReadWriteMany", "ReadWriteMany"),
    ],
)
def test_the_mode_follows_from_pods_and_nodes_unless_it_is_named(
    topology: str, replicas: int, mode: str, expected: str
) -> None:
    """ReadWriteOnce would pin all replicas to one node."""
    plan = plan_with(
        cluster={"context": "c", "topology": topology},
        storage={"access_mode": mode},
        models={"legal": {"max_replicas": replicas, "min_replicas": 1}},
    )
    claim = plan.models[0].weights.claim
    assert claim is not None
    assert claim.access_mode == expected


def test_another_class_or_mode_is_another_claim() -> None:
    """A claim's never change: under the same name, the update would wait for the old one to go, and it for its pods."""
    found = {
        claim
        for storage in ({}, {"weights_class": "other"}, {"access_mode": "ReadWriteOnce"})
        for claim in of_kind(plan_with(storage=storage, models={"legal": {}}), "PersistentVolumeClaim")
    }
    assert len(found) == 3


def test_a_volume_that_many_nodes_can_only_read_is_a_clone_of_one_that_was_filled() -> None:
    """After the Job, which writes to the other; both count for the quota."""
    plan = plan_with(storage={"access_mode": "ReadOnlyMany"}, models={"legal": {}})
    kinds = [(one["kind"], one["metadata"]["name"]) for one in made(plan) if "legal-weights" in one["metadata"]["name"]]
    name = of_kind(plan, "Job").popitem()[0]
    assert kinds == [
        ("PersistentVolumeClaim", f"{name}-fill"), ("Job", name), ("PersistentVolumeClaim", name),
    ]  # fmt: skip
    claims = of_kind(plan, "PersistentVolumeClaim")
    assert claims[name]["spec"]["dataSource"] == {"kind": "PersistentVolumeClaim", "name": f"{name}-fill"}
    assert claims[f"{name}-fill"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert any("a clone of one that a Job fills first" in notice.text for notice in plan.notices)


def test_a_disk_is_filled_where_the_model_can_follow() -> None:
    """It stays in the zone of its first pod: the Job goes to nodes that the model can go to."""
    storage = {"access_mode": "ReadWriteOnce"}
    plan = plan_with("prod", storage=storage, models={"gpt-oss": {"max_replicas": 1}, "legal": {}})
    pods = pod_specs(made(plan))
    job, base = (
        next(pod for name, pod in pods.items() if name.startswith(f"{kind}/gpt-oss")) for kind in ("Job", "Deployment")
    )
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    assert job["affinity"]["nodeAffinity"][required] == base["affinity"]["nodeAffinity"][required]
    assert job["tolerations"] == base["tolerations"]
    assert any("all replicas must be on it: legal" in notice.text for notice in plan.notices)


@given(st.sampled_from(["own", "shared", "ephemeral"]), st.sampled_from(["auto", "ReadWriteOnce", "ReadWriteMany"]))
def test_the_quota_admits_every_claim_of_every_way(delivery: str, mode: str) -> None:
    """By number, by size, by class, and each below the largest that the limits allow."""
    plan = plan_with(storage={"delivery": delivery, "access_mode": mode}, backup={"target": "volume"})
    claims = [*plan.claims, *(claim for model in plan.models for claim in model.weights.own_claims)]
    assert len(claims) <= plan.quota.num_volumes
    assert all(claim.num_bytes <= plan.limits.volume_bytes for claim in claims)
    for name, most in plan.quota.class_bytes.items():
        assert sum(claim.num_bytes for claim in claims if claim.storage_class == name) <= most


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"models": {"legal": {"weights": "image"}}, "cluster": MODERN}, "weights: 'image' needs weights_image"),
        (
            {"models": {"legal": {"weights": "image", "weights_image": "r/x:latest"}}, "cluster": MODERN},
            "legal.weights_image: 'r/x:latest' is not allowed; allowed: a reference by digest",
        ),
        (
            {"models": {"legal": {"weights": "image", "weights_image": IMAGE}}},
            "'image' needs nodes that mount images, as they do from 1.35 on; allowed with slipway:cluster.version",
        ),
        (
            {"storage": {"delivery": "shared", "access_mode": "ReadOnlyMany"}},
            "storage.access_mode: 'ReadOnlyMany' is a clone, which all models would have to leave",
        ),
        ({"storage": {"cache_size": "10Gi"}}, "slipway:storage.cache_size: needs a model with weights: shared"),
    ],
)
def test_what_can_not_work_is_refused(settings: dict[str, Any], expected: str) -> None:
    """In the preview, with what would."""
    with pytest.raises(ConfigError) as caught:
        plan_with(**settings)
    assert len(caught.value.problems) == 1
    assert expected in caught.value.problems[0]


def test_servers_that_download_are_told() -> None:
    """Their way out stays open, which a network policy can't help."""
    plan = plan_with(models={"legal": {"weights": "ephemeral"}, "risk": {}})
    (text,) = [notice.text for notice in plan.notices if "at every start" in notice.text]
    assert "legal;" in text
