"""`pulumi up` that can't: what it says, that nothing else has changed, and that it goes on once the cause is gone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.integration.platform.judge import remove
from tests.integration.platform.program import STACK, Program
from tests.integration.plugins.control_plane import Binaries, ControlPlane

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

NAMESPACE = "failing"
VAULT = {"source": "external", "use": ["hub-token"], "store": "vault"}


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory, plane: ControlPlane, binaries: Binaries) -> Iterator[Program]:
    """With a Secret that an operator should bring, on a cluster that has no such operator."""
    cluster = {"kubeconfig": str(plane.kubeconfig), "context": "test", "provider": "aws"}
    own = {"namespace": NAMESPACE, "cluster": cluster, "secrets": VAULT, "models": {"legal": {}}}
    try:
        yield Program(tmp_path_factory.mktemp("failing"), binaries, plane.kubeconfig, "staging", own)
    finally:
        remove(plane.http, [NAMESPACE])


def test_an_update_that_another_one_holds_up_says_how_to_end_that(staging: Program) -> None:
    """Its lock stays when it is killed; by `pulumi cancel` the next one goes on."""
    locks = staging.folder / "state" / ".pulumi" / "locks" / "organization" / "slipway" / STACK
    locks.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "somebody", "hostname": "elsewhere", "timestamp": "2026-11-22T00:00:00Z"}
    (locks / f"{uuid.uuid4()}.json").write_text(json.dumps(lock))
    done = staging.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "currently locked" in done.stderr
    assert "somebody@elsewhere" in done.stderr
    assert "pulumi cancel" in done.stderr
    staging.pulumi("cancel", "--yes")
    assert list(locks.iterdir()) == []


def test_a_kind_that_the_cluster_lacks_is_named_and_stays_so_until_it_comes(staging: Program) -> None:
    """No workload was begun; the same command again finds what is there and fails at the same place."""
    for _ in range(2):
        done = staging.run("up", "--yes", "--skip-preview")
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert "ExternalSecret" in said
        assert "create its CustomResourceDefinition first" in said
        kinds = {urn.split("::")[2].rpartition("$")[2] for urn in _urns(staging)}
        assert "kubernetes:core/v1:Namespace" in kinds
        assert not [kind for kind in kinds if kind.endswith(("Deployment", "Job"))]


def _urns(staging: Program) -> list[str]:
    exported = json.loads(staging.run("stack", "export").stdout)
    return [each["urn"] for each in exported["deployment"]["resources"]]
