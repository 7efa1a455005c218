"""The runtime's configuration is that of a pod, but for what a setup changes."""

import json
from pathlib import Path

import pytest

from tools.image import containers
from tools.image.containers import Image, Setup

IMAGE = Image(Path("/root-fs"), ("python3", "-m", "serve"), {"PATH": "/venv/bin"}, Path("/runc"))


def mounts(setup: Setup) -> list[str]:
    """Where something is mounted."""
    return [m["destination"] for m in containers.specification(IMAGE, setup, "x")["mounts"]]


def test_a_container_is_nobody_without_rights_and_can_not_write() -> None:
    """As Pod Security `restricted` and the stacks' manifests ask."""
    made = containers.specification(IMAGE, Setup(), "x")
    assert made["process"]["user"] == {"uid": 65534, "gid": 65534}
    assert made["process"]["noNewPrivileges"] is True
    assert not any(made["process"]["capabilities"].values())
    assert made["root"] == {"path": "/root-fs", "readonly": True}
    assert {"type": "network"} in made["linux"]["namespaces"]
    json.dumps(made)


def test_a_setup_changes_what_it_says_and_nothing_else() -> None:
    """Each of its fields."""
    setup = Setup(("pull",), {"A": "1"}, {"/models": Path("/here")}, 1000, False, False, 64, frozenset({1}), True, True)
    made = containers.specification(IMAGE, setup, "x")
    assert made["process"]["args"] == ["python3", "-m", "serve", "pull"]
    assert made["process"]["env"] == ["PATH=/venv/bin", "A=1"]
    assert made["process"]["user"]["uid"] == 1000
    assert made["linux"]["resources"]["memory"] == {"limit": 64, "swap": 64}
    assert made["linux"]["resources"]["cpu"] == {"cpus": "1"}
    assert {"type": "network"} not in made["linux"]["namespaces"]
    assert made["root"] == {"path": "/root-fs", "readonly": False}
    assert set(mounts(Setup())) - set(mounts(setup)) == {"/tmp", "/dev/shm"}
    assert set(mounts(setup)) - set(mounts(Setup())) == {"/models"}


def test_an_image_is_started_as_it_says_itself() -> None:
    """Its own entry point and environment."""
    config = {"config": {"Env": ["PATH=/a:/b", "X=1=2"], "Entrypoint": ["python3"]}}
    found = Image.of(Path("/r"), config, Path("/runc"))
    assert (found.argv, found.environ) == (("python3",), {"PATH": "/a:/b", "X": "1=2"})


def test_the_runtime_is_told_to_forget_a_container_however_its_use_ends(tmp_path: Path) -> None:
    """A runtime that only notes what it was called with."""
    runc = tmp_path / "runc"
    runc.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    runc.chmod(0o755)
    image = Image(tmp_path, ("x",), {}, runc)
    with pytest.raises(ZeroDivisionError), containers.bundle(image, Setup(), tmp_path) as name:
        raise ZeroDivisionError
    assert (tmp_path / "calls").read_text().splitlines() == [f"--root /run/slipway-images delete --force {name}"]


def test_a_container_that_does_not_end_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    """And is killed."""
    runc = tmp_path / "runc"
    runc.write_text('#!/bin/sh\n[ "$3" = run ] || exit 0\necho said\nexec sleep 1\n')
    runc.chmod(0o755)
    with pytest.raises(containers.ContainerError, match=r"(?s)still runs after 0.2 s.*"):
        containers.run(Image(tmp_path, ("x",), {}, runc), Setup(), tmp_path, within_s=0.2)
