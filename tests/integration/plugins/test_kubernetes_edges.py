"""The stand-in provider where things are missing, refused, slow or someone else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.plugins.control_plane import ControlPlane
from tests.integration.plugins.workspace import Workspace

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

CONFIG_MAP = 'k8s.core.v1.ConfigMap("plain", metadata={"name": "plain"}, data={"a": "VALUE"})'


def config_map(value: str) -> str:
    """A program with one ConfigMap in the default namespace."""
    return CONFIG_MAP.replace("VALUE", value)


def test_preview_works_on_a_machine_without_any_kubeconfig(blind_project: Workspace) -> None:
    """It shows what the program asks for, and says once that no API server has checked it."""
    blind_project.write(config_map("1") + '\nk8s.core.v1.Namespace("other", metadata={"name": "other"})')
    done = blind_project.run("preview")
    assert done.returncode == 0
    assert "3 to create" in done.stdout
    assert done.stdout.count("No Kubernetes cluster answers") == 2  # beside the resource, and under Diagnostics
    assert "no kubeconfig was found" in done.stdout


def test_up_without_a_cluster_fails_and_says_why(blind_project: Workspace) -> None:
    """No object is in the state afterwards."""
    blind_project.write(config_map("1"))
    done = blind_project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "no kubeconfig was found" in done.stdout + done.stderr
    assert "plain" not in blind_project.resources()


def test_preview_of_an_update_works_when_the_cluster_does_not_answer(
    project: Workspace, plane: ControlPlane, dead_kubeconfig: Path
) -> None:
    """The diff is then between the old inputs and the new ones."""
    project.write(config_map("1"))
    project.up()
    project.write(config_map("2"))
    done = project.run("preview", "--json", env={"KUBECONFIG": str(dead_kubeconfig)})
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    step = next(step for step in report["steps"] if step["urn"].endswith("::plain"))
    assert (step["op"], set(step["detailedDiff"])) == ("replace", {"data.a"})
    assert any("does not answer" in entry["message"] for entry in report["diagnostics"])


def test_up_fails_when_the_cluster_does_not_answer(project: Workspace, dead_kubeconfig: Path) -> None:
    """And names the server."""
    done = project.run("up", "--yes", "--skip-preview", env={"KUBECONFIG": str(dead_kubeconfig)})
    assert done.returncode != 0
    assert "the API server https://127.0.0.1:1 does not answer" in done.stdout + done.stderr


def test_objects_of_a_lost_cluster_can_be_forgotten(project: Workspace, dead_kubeconfig: Path) -> None:
    """With the official provider's variable, a refresh drops them from the state."""
    env = {"KUBECONFIG": str(dead_kubeconfig)}
    done = project.run("refresh", "--yes", "--skip-preview", env=env)
    assert done.returncode != 0
    assert "PULUMI_K8S_DELETE_UNREACHABLE" in done.stdout + done.stderr
    backup = project.run("stack", "export").stdout
    project.pulumi("refresh", "--yes", "--skip-preview", env={**env, "PULUMI_K8S_DELETE_UNREACHABLE": "true"})
    assert "plain" not in project.resources()
    (project.folder / "backup.json").write_text(backup)
    project.pulumi("stack", "import", "--file", str(project.folder / "backup.json"))


@pytest.mark.parametrize(
    ("program", "what"),
    [
        ('k8s.yaml.ConfigFile("bundle", file="bundle.yaml")', "function kubernetes:yaml:decode"),
        ('k8s.yaml.v2.ConfigFile("bundle", file="bundle.yaml")', "component kubernetes:yaml/v2:ConfigFile"),
        ('k8s.helm.v3.Release("chart", chart="nginx")', "kubernetes:helm.sh/v3:Release"),
        ('k8s.helm.v4.Chart("chart", chart="nginx")', "kubernetes:helm.sh/v4:Chart"),
        ('k8s.core.v1.ConfigMapPatch("patch", metadata={"name": "plain"})', "kubernetes:core/v1:ConfigMapPatch"),
        (
            'provider = k8s.Provider("files", render_yaml_to_directory="out")\n'
            'k8s.core.v1.ConfigMap("plain", opts=pulumi.ResourceOptions(provider=provider))',
            "renderYamlToDirectory",
        ),
    ],
)
def test_what_only_the_official_provider_does_is_refused_by_name(project: Workspace, program: str, what: str) -> None:
    """The message says that this is a stand-in, and what to install."""
    (project.project / "bundle.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bundled}\n")
    project.write(program)
    done = project.run("preview")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert what in output
    assert "stand-in" in output
    assert "pulumi plugin install resource kubernetes" in output


KIND = """
definition = k8s.apiextensions.v1.CustomResourceDefinition(
    "definition", metadata={"name": "boats.test.example"},
    spec={"group": "test.example", "scope": "Namespaced",
          "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
          "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                        "schema": {"open_apiv3_schema": {
                            "type": "object", "x_kubernetes_preserve_unknown_fields": True}}}]})
boat = k8s.apiextensions.CustomResource(
    "boat", api_version="test.example/v1", kind="Boat",
    metadata={"name": "boat", "annotations": ANNOTATIONS}, spec={"sails": SAILS},
    opts=pulumi.ResourceOptions(depends_on=[definition]))
"""


def boat(sails: int, annotations: str = "{}") -> str:
    """A program that defines a kind and makes one of it."""
    return KIND.replace("SAILS", str(sails)).replace("ANNOTATIONS", annotations)


def test_a_kind_and_an_object_of_it_come_in_one_program(project: Workspace, plane: ControlPlane) -> None:
    """The preview knows the kind from the program; the update waits until the server knows it, too."""
    project.write(boat(1))
    assert project.steps()["boat"]["op"] == "create"
    project.up()
    assert project.resources()["boat"]["id"] == "default/boat"
    assert set(project.up()) == {"same"}
    project.write(boat(2))
    assert set(project.steps()["boat"]["detailedDiff"]) == {"spec.sails"}
    project.up()
    assert plane.get("/apis/test.example/v1/namespaces/default/boats/boat")["spec"] == {"sails": 2}


def test_the_program_says_what_to_wait_for(project: Workspace, plane: ControlPlane) -> None:
    """`pulumi.com/waitFor` with a condition that never comes is a failure that names it."""
    project.write(boat(2, '{"pulumi.com/waitFor": "condition=Afloat", "pulumi.com/timeoutSeconds": "2"}'))
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "condition=Afloat: there is no such condition" in done.stdout + done.stderr
    status = {"status": {"conditions": [{"type": "Afloat", "status": "True"}]}}
    plane.patch("/apis/test.example/v1/namespaces/default/boats/boat/status", status)
    project.up()
    assert "initErrors" not in project.resources()["boat"]
    project.write(boat(2))  # the two seconds are for waiting alone, not for the deletion that follows
    project.up()


DEPLOYMENT = """
k8s.apps.v1.Deployment(
    "scaled", metadata={"namespace": "default", "name": "scaled", "labels": {"step": "STEP"}},
    spec={"replicas": 1, "selector": {"match_labels": {"app": "scaled"}},
          "template": {"metadata": {"labels": {"app": "scaled"}},
                       "spec": {"containers": [{"name": "main", "image": "server:1"}]}}},
    opts=pulumi.ResourceOptions(ignore_changes=["spec.replicas"]))
"""
UNCOUNTED = DEPLOYMENT.replace('"replicas": 1, ', "").replace('ignore_changes=["spec.replicas"]', "")


@pytest.mark.parametrize("program", [DEPLOYMENT, UNCOUNTED], ids=["ignored", "left out"])
def test_replicas_that_an_autoscaler_owns_stay_as_they_are(
    project: Workspace, plane: ControlPlane, program: str
) -> None:
    """With `ignoreChanges`, or never given, the field is left to its owner, also when another field changes."""
    path = "/apis/apps/v1/namespaces/default/deployments/scaled"
    project.write(program.replace("STEP", "one"))
    project.up()
    plane.patch(f"{path}/scale", {"spec": {"replicas": 3}}, manager="kube-controller-manager")
    project.write(program.replace("STEP", "two"))
    assert set(project.steps("--refresh")["scaled"]["detailedDiff"]) == {"metadata.labels.step"}
    project.up("--refresh")
    live = plane.get(path)
    assert live["spec"]["replicas"] == 3
    assert live["metadata"]["labels"] == {"step": "two"}


FILL = """
k8s.batch.v1.Job(
    "fill", metadata={"namespace": "default", "name": "fill", "annotations": {"pulumi.com/replaceUnready": "true"}},
    spec={"backoff_limit": 0, "template": {"spec": {"restart_policy": "Never", "containers": [
        {"name": "main", "image": "fill:flaky"}]}}})
"""


def test_a_failed_job_is_made_anew_by_the_next_update(project: Workspace, plane: ControlPlane) -> None:
    """The old one goes first, as both have the same name; one that has done its work stays."""
    path = "/apis/batch/v1/namespaces/default/jobs/fill"
    project.write(FILL)
    plane.failing.add("fill:flaky")
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "BackoffLimitExceeded" in done.stdout + done.stderr
    failed = plane.get(path)["metadata"]["uid"]
    plane.failing.clear()
    assert project.up()["replace"] == 1
    assert plane.get(path)["metadata"]["uid"] != failed
    assert plane.get(path)["status"]["succeeded"] == 1
    assert set(project.up()) == {"same"}


def test_a_claim_that_binds_late_is_not_waited_for(project: Workspace) -> None:
    """With WaitForFirstConsumer nothing binds it before a pod comes."""
    project.write("""
late = k8s.storage.v1.StorageClass(
    "late", metadata={"name": "late"}, provisioner="test.example/none", volume_binding_mode="WaitForFirstConsumer")
k8s.core.v1.PersistentVolumeClaim(
    "claim", metadata={"namespace": "default", "name": "claim"},
    spec={"access_modes": ["ReadWriteOnce"], "storage_class_name": late.metadata["name"],
          "resources": {"requests": {"storage": "1Gi"}}})
""")
    project.up()
    assert project.resources()["claim"]["outputs"]["status"] == {"phase": "Pending"}


def test_stateful_sets_and_daemon_sets_are_waited_for(project: Workspace, plane: ControlPlane) -> None:
    """A StatefulSet has all its pods afterwards; a DaemonSet on no node at all is complete."""
    project.write("""
template = {"metadata": {"labels": {"app": "set"}}, "spec": {"containers": [{"name": "main", "image": "server:1"}]}}
selector = {"match_labels": {"app": "set"}}
k8s.apps.v1.StatefulSet("stateful", metadata={"namespace": "default", "name": "stateful"},
    spec={"service_name": "set", "replicas": 2, "selector": selector, "template": template})
k8s.apps.v1.DaemonSet("daemon", metadata={"namespace": "default", "name": "daemon"},
    spec={"selector": selector, "template": template})
""")
    project.up()
    assert plane.get("/apis/apps/v1/namespaces/default/statefulsets/stateful")["status"]["readyReplicas"] == 2


DOOR = """
k8s.networking.v1.Ingress(
    "door", metadata={"namespace": "default", "name": "door", "annotations": ANNOTATIONS},
    spec={"ingress_class_name": "nobody", "rules": [{"host": "a.test"}]})
"""


def test_an_ingress_waits_for_its_address(project: Workspace, plane: ControlPlane) -> None:
    """As the official provider does: an Ingress that no controller serves is a failure that says so."""
    project.write(DOOR.replace("ANNOTATIONS", '{"pulumi.com/timeoutSeconds": "2"}'))
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert 'is the controller of class "nobody" there?' in done.stdout + done.stderr
    path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/door/status"
    plane.patch(path, {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}})
    project.write(DOOR.replace("ANNOTATIONS", "{}"))  # the two seconds are not for the deletion that follows
    project.up()
    assert "initErrors" not in project.resources()["door"]


def test_a_deletion_that_a_finalizer_holds_up_fails_and_names_it(project: Workspace, plane: ControlPlane) -> None:
    """The object stays in the state until it is really gone."""
    path = "/api/v1/namespaces/default/configmaps/held"
    project.write("""
k8s.core.v1.ConfigMap("held", metadata={
    "namespace": "default", "name": "held", "annotations": {"pulumi.com/timeoutSeconds": "2"}})
""")
    project.up()
    plane.patch(path, {"metadata": {"finalizers": ["test.example/hold"]}})
    project.write("")
    done = project.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "test.example/hold" in done.stdout + done.stderr
    assert "held" in project.resources()
    plane.patch(path, {"metadata": {"finalizers": None}})
    project.up()
    assert "held" not in project.resources()


def test_an_explicit_provider_takes_the_text_of_a_kubeconfig_and_a_namespace(
    project: Workspace, plane: ControlPlane
) -> None:
    """Objects without a namespace go where the provider says."""
    plane.create("/api/v1/namespaces", {"metadata": {"name": "chosen"}})
    project.write(f"""
provider = k8s.Provider("own", kubeconfig=open({str(plane.kubeconfig)!r}).read(), namespace="chosen")
k8s.core.v1.ConfigMap("placed", metadata={{"name": "placed"}}, opts=pulumi.ResourceOptions(provider=provider))
""")
    done = project.pulumi("up", "--yes", "--skip-preview", env={"KUBECONFIG": "/nowhere"})
    assert "warning: No Kubernetes" not in done
    assert project.resources()["placed"]["id"] == "chosen/placed"
    assert plane.exists("/api/v1/namespaces/chosen/configmaps/placed")


def test_an_existing_object_is_taken_over_when_the_provider_is_told_to(project: Workspace, plane: ControlPlane) -> None:
    """The option upsertExistingObjects; what others have set stays."""
    plane.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "shared"}, "data": {"theirs": "1"}})
    project.write("""
k8s.core.v1.ConfigMap("shared", metadata={"name": "shared"}, data={"ours": "2"})
""")
    project.pulumi("up", "--yes", "--skip-preview", env={"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"})
    assert plane.get("/api/v1/namespaces/default/configmaps/shared")["data"] == {"theirs": "1", "ours": "2"}
