"""Fetching a Go module, with a Go that only answers."""

import json
import zipfile
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.toolchain.go_module import GoModule, WrongChecksum, file_text, folder

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


def answering(tmp_path: Path, answer: dict[str, str], status: int = 0) -> Path:
    """A Go that gives this answer."""
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\nexit {status}\n")
    go.chmod(0o755)
    return go


def test_a_file_is_read_of_a_module_that_this_go_is_too_old_to_unpack(tmp_path: Path) -> None:
    """Go downloads it, names its checksum, and then ends with an error."""
    with zipfile.ZipFile(tmp_path / "module.zip", "w") as archive:
        archive.writestr("example.com/module@v1.2.3/data.go", "package data")
    answer = {"Zip": str(tmp_path / "module.zip"), "Sum": "h1:good=", "Error": "requires go >= 9"}
    go = answering(tmp_path, answer, status=1)
    assert file_text(MODULE, "data.go", go) == "package data"
    with pytest.raises(ToolError, match="requires go >= 9"):
        folder(MODULE, go)


def test_a_module_that_is_not_there_is_an_error_with_its_reason(tmp_path: Path) -> None:
    """As without a network."""
    with pytest.raises(ToolError, match="no such host"):
        file_text(MODULE, "data.go", answering(tmp_path, {"Error": "no such host"}, status=1))


def test_an_answer_that_is_no_json_is_an_error_with_what_go_said(tmp_path: Path) -> None:
    """As of a Go that does not start."""
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho broken >&2\nexit 2\n")
    go.chmod(0o755)
    with pytest.raises(ToolError, match="can't be had: broken"):
        folder(MODULE, go)
