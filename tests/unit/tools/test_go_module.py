"""Fetching a Go module, with a Go that only answers."""

import json
from pathlib import Path

import pytest

from tools.toolchain.go_module import GoModule, WrongChecksum, folder

MODULE = GoModule("example.com/module", "v1.2.3", "h1:good=")


def fake_go(tmp_path: Path, checksum: str) -> Path:
    """A Go that writes down what it is asked, and says where the module lies and which checksum it has."""
    answer = json.dumps({"Dir": str(tmp_path / "module"), "Sum": checksum})
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho \"$GOTOOLCHAIN $@\" > {tmp_path}/asked\necho '{answer}'\n")
    go.chmod(0o755)
    return go


def test_a_module_is_asked_for_by_version_without_another_toolchain(tmp_path: Path) -> None:
    """Its folder is the answer."""
    assert folder(MODULE, fake_go(tmp_path, "h1:good=")) == tmp_path / "module"
    assert (tmp_path / "asked").read_text() == "local mod download -json example.com/module@v1.2.3\n"


def test_other_sources_under_the_same_version_are_refused(tmp_path: Path) -> None:
    """The message has both checksums."""
    with pytest.raises(WrongChecksum, match="h1:bad=, pinned: h1:good="):
        folder(MODULE, fake_go(tmp_path, "h1:bad="))
