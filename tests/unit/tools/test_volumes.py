"""What the local volume provisioner decides, from objects alone."""

from pathlib import Path
from typing import Any

from tools.cluster import volumes
from tools.cluster.addons import PROVISIONER
from tools.cluster.volumes import Create, Remove, plan

ROOT = Path("/volumes")


def storage_class(mode: str = "WaitForFirstConsumer", provisioner: str = PROVISIONER) -> dict[str, Any]:
    return {"metadata": {"name": "standard"}, "provisioner": provisioner, "volumeBindingMode": mode}


def claim(phase: str = "Pending", *, placed: bool = True) -> dict[str, Any]:
    annotations = {volumes.SELECTED_NODE: "node"} if placed else {}
    return {
        "metadata": {"name": "cache", "namespace": "models", "uid": "u1", "annotations": annotations},
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": phase},
    }


def released(path: str = "/volumes/pvc-u1", policy: str = "Delete", by: str = PROVISIONER) -> dict[str, Any]:
    return {
        "metadata": {"name": "pvc-u1", "annotations": {volumes.PROVISIONED_BY: by}},
        "spec": {"persistentVolumeReclaimPolicy": policy, "local": {"path": path}},
        "status": {"phase": "Released"},
    }


def test_a_pending_claim_gets_a_volume_of_its_size_bound_to_it() -> None:
    """The volume is reserved for exactly this claim."""
    [action] = plan([claim()], [], [storage_class()], ROOT)
    assert isinstance(action, Create)
    spec = action.volume["spec"]
    assert spec["capacity"] == {"storage": "1Gi"}
    assert spec["claimRef"]["uid"] == "u1"
    assert spec["local"]["path"] == "/volumes/pvc-u1"


def test_a_claim_that_waits_for_its_first_consumer_gets_nothing_before_a_pod_was_placed() -> None:
    """The scheduler chooses the node first; a class that does not wait is served at once."""
    assert plan([claim(placed=False)], [], [storage_class()], ROOT) == []
    assert len(plan([claim(placed=False)], [], [storage_class("Immediate")], ROOT)) == 1


def test_claims_of_other_provisioners_and_bound_claims_are_left_alone() -> None:
    """Only what is ours and pending is touched."""
    assert plan([claim()], [], [storage_class(provisioner="other")], ROOT) == []
    assert plan([claim("Bound")], [], [storage_class()], ROOT) == []


def test_a_second_look_before_the_claim_is_bound_makes_no_second_volume() -> None:
    """Actions are repeated safely."""
    [action] = plan([claim()], [], [storage_class()], ROOT)
    assert isinstance(action, Create)
    assert plan([claim()], [action.volume | {"status": {}}], [storage_class()], ROOT) == []


def test_a_released_volume_is_removed_only_when_it_is_ours_and_its_policy_says_delete() -> None:
    """Retain keeps data; other provisioners' volumes are theirs."""
    assert plan([], [released()], [], ROOT) == [Remove("pvc-u1", "/volumes/pvc-u1")]
    assert plan([], [released(policy="Retain")], [], ROOT) == []
    assert plan([], [released(by="other")], [], ROOT) == []


class FakeKube:
    """Just enough of Kube for one reconcile."""

    def __init__(self, volume: dict[str, Any]) -> None:
        self.volume = volume
        self.deleted: list[str] = []

    def list(self, path: str) -> list[dict[str, Any]]:
        return [self.volume] if path == volumes.VOLUMES else []

    def delete(self, path: str) -> None:
        self.deleted.append(path)


def test_a_volume_object_that_names_a_folder_elsewhere_never_has_that_folder_removed(tmp_path: Path) -> None:
    """Whoever can edit a volume object must not be able to delete a folder of the machine."""
    elsewhere = tmp_path / "home"
    elsewhere.mkdir()
    kube = FakeKube(released(path=str(elsewhere)))
    volumes.reconcile(kube, tmp_path / "volumes")  # type: ignore[arg-type]
    assert elsewhere.is_dir()
    assert kube.deleted == [f"{volumes.VOLUMES}/pvc-u1"]
