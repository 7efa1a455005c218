"""One stack for all end-to-end tests of a session: `up` before the first, `destroy` after the last."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.workspace import NAMESPACE, PATIENCE_S, POLICY_PACK, STACK, Workspace
from tools import settings
from tools.image import root_fs
from tools.image.containers import Image
from tools.progress import Progress
from tools.toolchain import debian


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
        workspace.kubectl("wait", "--for=delete", f"--timeout={PATIENCE_S}s", *[f"pv/{v}" for v in volumes])


@pytest.fixture(scope="session")
def image_ref(request: pytest.FixtureRequest) -> str:
    """The image that the stack's pods run; by hand also another one, without a stack: SLIPWAY_IMAGE=HOST:PORT/..."""
    named = os.environ.get("SLIPWAY_IMAGE", "")
    if named:
        return named
    stack: Workspace = request.getfixturevalue("stack")
    [pod, *_] = stack.get("pods", "-l", "slipway.dev/role=model")
    return str(pod["spec"]["containers"][0]["image"])


@pytest.fixture(scope="session")
def image(image_ref: str, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The same image as a folder, to be run by runc."""
    with Progress(quiet=True).step("runc") as step:
        programs = debian.ensure(settings.load().cache_dir, step)
    root: Path = tmp_path_factory.mktemp("image") / "root"
    root.mkdir()
    return Image.of(root, root_fs.unpack(image_ref, root), programs.runc)
