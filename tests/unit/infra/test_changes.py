"""A changed setting changes just the objects that it is about."""

import dataclasses

from infra import names
from infra.plan import Plan, Replicas
from infra.plan.edge import url_of
from tests.unit.infra.recorder import kubernetes_objects, pod_specs, record, stack_plan


def changed_objects(before: Plan, after: Plan) -> set[str]:
    """Kinds of all resources that are new, gone or different."""
    old, new = ({(one.type, one.name): one.inputs for one in record(plan)} for plan in (before, after))
    return {key[0].split(":")[-1] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def with_model(plan: Plan, **changes: object) -> Plan:
    """The plan with its first model changed."""
    first, *others = plan.models
    return dataclasses.replace(plan, models=(dataclasses.replace(first, **changes), *others))  # type: ignore[arg-type]


def with_replicas(plan: Plan, least: int, most: int) -> Plan:
    """The plan with other bounds for its first model's only tier."""
    (tier,) = plan.models[0].tiers
    replicas = Replicas(least, most)
    scaling = dataclasses.replace(tier.scaling, replicas=replicas)
    return with_model(plan, tiers=(dataclasses.replace(tier, replicas=replicas, scaling=scaling),))


LOCAL = stack_plan("local")
MODEL = LOCAL.models[0]


def test_no_change_changes_nothing() -> None:
    """The comparison itself would show a difference if there were one."""
    assert changed_objects(LOCAL, LOCAL) == set()


def test_more_replicas_touch_the_autoscaler_only() -> None:
    """No pod restarts for it."""
    assert changed_objects(LOCAL, with_replicas(LOCAL, 1, 5)) == {"HorizontalPodAutoscaler"}


def test_a_fixed_number_of_replicas_touches_the_autoscaler_only() -> None:
    """The number keeps its owner: no pod is taken away between fixed and variable."""
    assert changed_objects(LOCAL, with_replicas(LOCAL, 2, 2)) == {"HorizontalPodAutoscaler"}


def test_more_slots_roll_the_model_with_a_new_configuration() -> None:
    """The cache is not filled again."""
    server = dataclasses.replace(MODEL.server, num_slots=8)
    assert changed_objects(LOCAL, with_model(LOCAL, server=server)) == {
        "ConfigMap",
        "Deployment",
    }


def test_other_weights_get_a_cache_and_a_job_of_their_own() -> None:
    """The old ones stay until the new replicas serve."""
    assert MODEL.weights.claim is not None
    claim = dataclasses.replace(MODEL.weights.claim, name="gemma-3-270m-weights-00000000")
    weights = dataclasses.replace(MODEL.weights, hash="00000000", claim=claim)
    found = changed_objects(LOCAL, with_model(LOCAL, weights=weights))
    assert found == {"PersistentVolumeClaim", "Job", "Deployment", "Image"}


def test_a_login_for_the_registry_is_on_the_service_account_of_all_pods() -> None:
    """No pod restarts for it; `none` leaves it out."""
    image = dataclasses.replace(LOCAL.image, pull_secret="registry-login")
    plan = dataclasses.replace(LOCAL, image=image)
    assert changed_objects(LOCAL, plan) == {"ServiceAccount"}
    objects = kubernetes_objects(record(plan))
    accounts = {one["metadata"]["name"]: one for one in objects if one["kind"] == "ServiceAccount"}
    assert all(account["imagePullSecrets"] == [{"name": "registry-login"}] for account in accounts.values())
    assert {pod["serviceAccountName"] for pod in pod_specs(objects).values()} == set(accounts)


def test_another_image_registry_rolls_the_models() -> None:
    """The Job appears because its image differs; in an update it is told to ignore that."""
    image = dataclasses.replace(LOCAL.image, registry="127.0.0.1:5009")
    assert changed_objects(LOCAL, dataclasses.replace(LOCAL, image=image)) == {"Image", "Job", "Deployment"}


def test_another_owner_changes_labels_and_runs_no_job_again() -> None:
    """Also those of pods that serve; a Job's pods can't change, and its work is done."""
    labels = names.ownership_labels("others", "local", "else")
    before, after = (kubernetes_objects(record(plan)) for plan in (LOCAL, dataclasses.replace(LOCAL, labels=labels)))
    assert {one["metadata"]["labels"]["slipway.dev/owner"] for one in after} == {"others"}
    templates = {one["kind"]: one["spec"]["template"] for one in after if one["kind"] in ("Deployment", "Job")}
    assert templates["Deployment"]["metadata"]["labels"].items() >= labels.items()
    assert [templates["Job"]] == [one["spec"]["template"] for one in before if one["kind"] == "Job"]


def test_a_long_name_of_a_stack_is_cut_for_its_label() -> None:
    """Kubernetes takes 63 characters, and none but letters and digits at the end."""
    labels = names.ownership_labels("o", "s" * 62 + "--too-long", "c")
    assert labels["slipway.dev/stack"] == "s" * 62


def test_a_cluster_that_is_reached_by_https_has_tls_with_its_own_certificate() -> None:
    """Where the stack names no Secret, the controller's certificate is used; by http there is none."""
    for url, expected in (("https://models.my.org", [{"hosts": ["models.my.org"]}]), ("http://models.my.org", None)):
        edge = dataclasses.replace(LOCAL.edge, base_url=url, base_host="models.my.org")
        plan = dataclasses.replace(with_model(LOCAL, host="models.my.org"), edge=edge)
        (entry,) = [one for one in kubernetes_objects(record(plan)) if one["kind"] == "Ingress"]
        assert entry["spec"].get("tls") == expected
        assert url_of("models.my.org", edge) == url
