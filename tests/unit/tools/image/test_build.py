"""The command line of a build, and which builder it goes to."""

from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.errors import PrerequisiteMissing
from tools.image import build
from tools.image.build import Builder, Order

BUILDER = Builder("buildctl", "unix:///x", "127.0.0.1:5000", base_image="127.0.0.1:5000/base", ca_file="/ca.crt")


def test_a_build_gets_stage_arguments_base_and_certificates() -> None:
    """The certificates as a secret: never a part of the image."""
    argv = build.argv(BUILDER, Order(Path("/image"), "cpu", "type=image", {"A": "1"}))
    text = " ".join(argv)
    assert "--opt target=cpu --opt build-arg:A=1" in text
    assert "--opt context:debian:bookworm-slim=docker-image://127.0.0.1:5000/base" in text
    assert "--secret id=ca,src=/ca.crt" in text
    assert "--no-cache" not in argv


def test_a_build_without_all_that_is_the_plain_one() -> None:
    """On a machine that reaches the public registries."""
    argv = build.argv(Builder("buildctl", "unix:///x"), Order(Path("/image"), None, "type=image", {}, True))
    assert not [word for word in argv if word.startswith(("target=", "context:", "id=ca"))]
    assert "--no-cache" in argv


def test_without_a_builder_the_ways_out_are_named(tmp_path: Path) -> None:
    """The local cluster, or one's own."""
    with pytest.raises(PrerequisiteMissing, match="`make up`, or name one with BUILDKIT_HOST"):
        build.find(support.settings(tmp_path), {})


def test_a_builder_of_ones_own_needs_a_registry(tmp_path: Path) -> None:
    """Where else would the image go."""
    (tmp_path / "buildctl").write_text("")
    (tmp_path / "buildctl").chmod(0o755)
    environ = {"BUILDKIT_HOST": "unix:///x", "PATH": str(tmp_path)}
    with pytest.raises(PrerequisiteMissing, match="SLIPWAY_REGISTRY no registry"):
        build.find(support.settings(tmp_path), environ)
