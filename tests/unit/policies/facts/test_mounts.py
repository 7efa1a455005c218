"""Which mount holds a path."""

from __future__ import annotations

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import mounts

MOUNTS = [
    {"name": "root", "mountPath": "/root"},
    {"name": "cache", "mountPath": "/root/.cache/"},
    {"name": "unknown", "mountPath": UNKNOWN},
]
POD = Object({"kind": "Pod", "spec": {"containers": [{"volumeMounts": MOUNTS}], "volumes": [{"name": "root"}]}})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/root", "root"),
        ("/root/a", "root"),
        ("/root/.cache/hub", "cache"),
        ("/rooted", None),
        (UNKNOWN, None),
        (None, None),
    ],
)
def test_the_deepest_mount_above_a_path_holds_it(path: object, name: str | None) -> None:
    """Folder by folder, not letter by letter."""
    pod = POD.pods(Trace())[0]
    found = mounts.at(pod.containers[0], path)
    assert (found and found.get("name")) == name


def test_a_mount_leads_to_its_volume() -> None:
    """Or to none, where the pod has none of that name."""
    pod = POD.pods(Trace())[0]
    root, cache, _ = pod.containers[0].items("volumeMounts")
    found = mounts.volume(pod, root)
    assert found is not None
    assert found.path == "spec.volumes[0]"
    assert mounts.volume(pod, cache) is None
