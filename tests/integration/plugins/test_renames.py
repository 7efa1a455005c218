"""A program whose components have other names than in the update before: volumes stay what they are."""

from __future__ import annotations

import pytest

from tests.integration.plugins.control_plane import ControlPlane
from tests.integration.plugins.workspace import ROOT, Workspace

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

CLAIM = "/api/v1/namespaces/renames/persistentvolumeclaims/legal-weights-1"
PROGRAM = """
import sys
sys.path.insert(0, ROOT)
from infra.components import former
from infra.components.objects import create_all

class Cache(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__(former.type_of("TYPE"), name, None, OPTS)
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                 "metadata": {"name": "legal-weights-1", "namespace": "renames",
                              "annotations": {"pulumi.com/skipAwait": "true"}},
                 "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
        create_all([claim], pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

namespace = k8s.core.v1.Namespace("namespace", metadata={"name": "renames"})
Cache("NAME", pulumi.ResourceOptions(depends_on=[namespace]))
"""


def program(type_: str, name: str, opts: str) -> str:
    """One generation of it."""
    text = PROGRAM.replace("ROOT", repr(str(ROOT))).replace("TYPE", type_)
    return text.replace("OPTS", opts).replace("NAME", name)


def test_a_component_of_another_name_and_type_keeps_its_volume(project: Workspace, plane: ControlPlane) -> None:
    """Where the former type is told; by its name alone no object is ever lost."""
    project.write(program("Cache", "first", "opts"))
    project.up()
    uid = plane.get(CLAIM)["metadata"]["uid"]
    project.write(program("Cache", "second", "opts"))
    project.up()
    assert plane.get(CLAIM)["metadata"]["uid"] == uid
    project.write(program("Weights", "second", "former.called(opts, 'Cache')"))
    steps = project.steps()
    assert not [name for name, step in steps.items() if step["op"] not in ("same", "update")], steps
    project.up()
    assert plane.get(CLAIM)["metadata"]["uid"] == uid


def test_without_a_word_of_it_the_volume_would_be_replaced(project: Workspace) -> None:
    """So the test above can fail."""
    project.write(program("Store", "second", "opts"))
    assert project.steps()["legal-weights-1"]["op"] in ("create", "delete")
