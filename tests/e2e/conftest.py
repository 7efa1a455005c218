"""One stack for all end-to-end tests of a session: `up` before the first, `destroy` after the last."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.workspace import NAMESPACE, POLICY_PACK, STACK, Workspace


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A stack that is up. Its end is a test too: `destroy` must leave nothing."""
    workspace = Workspace.create(tmp_path_factory.mktemp("stack"), os.environ)
    try:
        workspace.pulumi("up", "--yes", *POLICY_PACK)
        yield workspace
    finally:
        volumes = workspace.volumes()
        workspace.pulumi("destroy", "--yes", "--skip-preview")
    assert NAMESPACE not in workspace.kubectl("get", "namespaces", "-o", "name")
    assert workspace.pulumi("stack", "--stack", STACK, "--show-ids").count("kubernetes:") == 0
    if volumes:
        # The provisioner removes a released volume and its folder by itself.
        workspace.kubectl("wait", "--for=delete", "--timeout=30s", *[f"pv/{v}" for v in volumes])
