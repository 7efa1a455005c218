"""The life of a stack on the stand-in provider, step by step: each test goes on where the one before has stopped."""

from __future__ import annotations

import base64

import pytest

from tests.integration.plugins.control_plane import ControlPlane
from tests.integration.plugins.workspace import Workspace

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

PASSWORD = "correct horse"

PROGRAM = """
namespace = k8s.core.v1.Namespace("namespace", metadata={"name": "life"})
inside = pulumi.ResourceOptions(depends_on=[namespace])
settings = k8s.core.v1.ConfigMap(
    "settings", metadata={"namespace": namespace.metadata["name"]}, data={"colour": "COLOUR"})
password = k8s.core.v1.Secret(
    "password", metadata={"namespace": "life", "name": "password"},
    string_data={"password": pulumi.Output.secret("PASSWORD")}, opts=inside)
server = k8s.apps.v1.Deployment(
    "server", metadata={"namespace": "life", "name": "server", "labels": LABELS,
                        "annotations": {"pulumi.com/timeoutSeconds": "PATIENCE"}},
    spec={"replicas": 2, "selector": {"match_labels": {"app": "server"}},
          "template": {"metadata": {"labels": {"app": "server"}},
                       "spec": {"containers": [{"name": "main", "image": "IMAGE",
                                "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}}}]}}}, opts=inside)
service = k8s.core.v1.Service(
    "service", metadata={"namespace": "life", "name": "server"},
    spec={"selector": {"app": "server"}, "ports": [{"port": 80}]}, opts=inside)
fill = k8s.batch.v1.Job(
    "fill", metadata={"namespace": "life", "name": "fill"},
    spec={"template": {"spec": {"restart_policy": "Never", "containers": [
        {"name": "main", "image": "fill:1", "args": ["COLOUR"]}]}}}, opts=inside)
pulumi.export("settings", settings.metadata["name"])
"""


def program(*, colour: str = "blue", image: str = "server:1", labels: str = "{}", patience_s: int = 180) -> str:
    """The program with these settings."""
    text = PROGRAM.replace("COLOUR", colour).replace("IMAGE", image).replace("LABELS", labels)
    return text.replace("PASSWORD", PASSWORD).replace("PATIENCE", str(patience_s))


def test_preview_creates_nothing(project: Workspace, plane: ControlPlane) -> None:
    """Objects in a namespace that is still to come are previewed by their inputs."""
    project.write(program())
    steps = project.steps()
    assert {name for name, step in steps.items() if step["op"] == "create"} >= {"namespace", "settings", "server"}
    assert not plane.exists("/api/v1/namespaces/life")


def test_preview_is_checked_by_the_api_server(project: Workspace) -> None:
    """What the server would refuse, it refuses already in the preview."""
    project.write('k8s.core.v1.ConfigMap("bad", metadata={"name": "bad"}, data={"not a key!": "x"})')
    done = project.run("preview")
    assert done.returncode != 0
    assert "a valid config key must consist of" in done.stdout + done.stderr


def test_up_creates_everything_and_waits_until_it_is_ready(project: Workspace, plane: ControlPlane) -> None:
    """After `up` the Deployment has its pods, the Job is done, and ids are `namespace/name`."""
    project.write(program())
    assert project.up()["create"] == 7  # six objects and the stack
    assert plane.get("/apis/apps/v1/namespaces/life/deployments/server")["status"]["readyReplicas"] == 2
    assert plane.get("/apis/batch/v1/namespaces/life/jobs/fill")["status"]["succeeded"] == 1
    resources = project.resources()
    assert resources["server"]["id"] == "life/server"
    assert resources["namespace"]["id"] == "life"
    assert resources["settings"]["id"].startswith("life/settings-")


def test_state_has_what_the_official_provider_needs_to_go_on(project: Workspace) -> None:
    """Inputs, first apiVersion and field manager are inside the outputs, for every kind."""
    for name in ("server", "password", "settings"):
        outputs = project.resources()[name]["outputs"]
        assert outputs["__inputs"]["metadata"]["namespace"] == "life"
        assert outputs["__initialApiVersion"] == outputs["apiVersion"]
        assert outputs["__fieldManager"].startswith("pulumi-kubernetes-")


def test_secrets_are_nowhere_in_clear_in_the_state(project: Workspace, plane: ControlPlane) -> None:
    """Neither the text nor its base64 form is in the exported state, but both are in the cluster."""
    exported = project.run("stack", "export").stdout
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    assert PASSWORD not in exported
    assert encoded not in exported
    assert plane.get("/api/v1/namespaces/life/secrets/password")["data"] == {"password": encoded}


def test_up_again_changes_nothing(project: Workspace) -> None:
    """Also where the server spells a value differently than the program (1000m and 1)."""
    assert set(project.up()) == {"same"}


def test_one_changed_field_is_the_only_difference(project: Workspace, plane: ControlPlane) -> None:
    """The diff names the field, and the update changes it."""
    project.write(program(labels='{"tier": "front"}'))
    steps = {name: step for name, step in project.steps().items() if step["op"] != "same"}
    assert set(steps) == {"server"}
    assert steps["server"]["op"] == "update"
    assert set(steps["server"]["detailedDiff"]) == {"metadata.labels"}
    assert project.up()["update"] == 1
    deployment = plane.get("/apis/apps/v1/namespaces/life/deployments/server")
    assert deployment["metadata"]["labels"] == {"tier": "front"}


def test_a_field_that_is_dropped_is_removed_from_the_object(project: Workspace, plane: ControlPlane) -> None:
    """Fields set by the create are ours to remove later."""
    project.write(program())
    assert project.up()["update"] == 1
    assert "labels" not in plane.get("/apis/apps/v1/namespaces/life/deployments/server")["metadata"]


def test_changed_data_replaces_a_config_map_and_a_changed_template_a_job(
    project: Workspace, plane: ControlPlane
) -> None:
    """An autonamed object gets a new name; a named one is deleted first."""
    old = project.resources()["settings"]["id"]
    uid = plane.get("/apis/batch/v1/namespaces/life/jobs/fill")["metadata"]["uid"]
    project.write(program(colour="green"))
    steps = project.steps()
    assert steps["settings"]["replaceReasons"] == ["data.colour"]
    assert project.up()["replace"] == 2
    new = project.resources()["settings"]["id"]
    assert new != old
    assert plane.get(f"/api/v1/namespaces/life/configmaps/{new.split('/')[1]}")["data"] == {"colour": "green"}
    assert not plane.exists(f"/api/v1/namespaces/life/configmaps/{old.split('/')[1]}")
    assert plane.get("/apis/batch/v1/namespaces/life/jobs/fill")["metadata"]["uid"] != uid


def test_refresh_finds_drift_and_the_next_up_repairs_it(project: Workspace, plane: ControlPlane) -> None:
    """Someone has changed the Deployment with `kubectl edit`."""
    path = "/apis/apps/v1/namespaces/life/deployments/server"
    plane.patch(path, {"spec": {"replicas": 3}}, manager="kubectl-edit")
    project.pulumi("refresh", "--yes", "--skip-preview")
    assert project.resources()["server"]["inputs"]["spec"]["replicas"] == 3
    assert set(project.steps()["server"]["detailedDiff"]) == {"spec.replicas"}
    assert project.up()["update"] == 1
    assert plane.get(path)["spec"]["replicas"] == 2


def test_a_field_of_another_manager_is_a_conflict_until_the_program_takes_it(
    project: Workspace, plane: ControlPlane
) -> None:
    """The message names the other one and says what to do; the annotation patchForce settles it."""
    path = "/apis/apps/v1/namespaces/life/deployments/server"
    plane.patch(path, {"spec": {"replicas": 3}})
    project.write(program(colour="green", labels='{"tier": "back"}').replace('"replicas": 2', '"replicas": 4'))
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert 'conflict with "someone-else"' in done.stdout + done.stderr
    assert "pulumi.com/patchForce" in done.stdout + done.stderr
    forced = program(colour="green").replace("timeoutSeconds", "patchForce").replace('"180"', '"true"')
    project.write(forced)
    assert project.up()["update"] == 1
    assert plane.get(path)["spec"]["replicas"] == 2
    project.write(program(colour="green"))
    project.up()


def test_a_failed_rollout_names_the_pod_and_the_reason_and_is_repaired_later(
    project: Workspace, plane: ControlPlane
) -> None:
    """The state keeps the object; the next `up` with a good image ends well."""
    project.write(program(colour="green", image="broken:1", patience_s=20))
    done = project.run("up", "--yes", "--skip-preview")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "timed out waiting to be Ready" in output
    assert "ImagePullBackOff" in output
    assert "[Pod life/server-" in output
    assert project.resources()["server"]["initErrors"]
    project.write(program(colour="green", image="server:2"))
    assert project.up()["update"] == 1
    assert "initErrors" not in project.resources()["server"]
    pod_spec = plane.get("/apis/apps/v1/namespaces/life/deployments/server")["spec"]["template"]["spec"]
    assert pod_spec["containers"][0]["image"] == "server:2"


def test_refresh_of_a_deleted_object_creates_it_anew(project: Workspace, plane: ControlPlane) -> None:
    """An object that is gone leaves the state."""
    plane.http.delete("/api/v1/namespaces/life/secrets/password").raise_for_status()
    project.pulumi("refresh", "--yes", "--skip-preview")
    assert "password" not in project.resources()
    assert project.up()["create"] == 1


def test_an_existing_object_can_be_imported(project: Workspace, plane: ControlPlane) -> None:
    """Its inputs come without what the cluster itself has written; then it is ours without a change."""
    plane.create(
        "/api/v1/namespaces/life/configmaps",
        {"metadata": {"name": "theirs"}, "data": {"made": "by hand"}},
    )
    project.pulumi(
        "import", "kubernetes:core/v1:ConfigMap", "theirs", "life/theirs", "--yes", "--protect=false",
        "--generate-code=false",
    )  # fmt: skip
    inputs = project.resources()["theirs"]["inputs"]
    assert inputs["data"] == {"made": "by hand"}
    assert inputs["metadata"] == {"name": "theirs", "namespace": "life"}
    theirs = """
theirs = k8s.core.v1.ConfigMap("theirs", metadata={"namespace": "life", "name": "theirs"}, data={"made": "by hand"})
"""
    project.write(program(colour="green", image="server:2") + theirs)
    assert set(project.up()) == {"same"}


def test_creating_an_object_that_exists_fails_and_leaves_it_alone(project: Workspace, plane: ControlPlane) -> None:
    """As the official provider does since 4.29."""
    plane.create("/api/v1/namespaces/life/configmaps", {"metadata": {"name": "taken"}, "data": {"a": "theirs"}})
    taken = """
taken = k8s.core.v1.ConfigMap("taken", metadata={"namespace": "life", "name": "taken"}, data={"a": "ours"})
"""
    project.write(program(colour="green", image="server:2") + taken)
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "already" in done.stdout + done.stderr
    assert plane.get("/api/v1/namespaces/life/configmaps/taken")["data"] == {"a": "theirs"}


def test_destroy_leaves_nothing(project: Workspace, plane: ControlPlane) -> None:
    """Every object is gone when the command ends."""
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.resources() == {}
    assert not plane.exists("/api/v1/namespaces/life")
