"""The pause image is a valid archive and the same for the same program."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tools.cluster.images import docker_archive


def test_the_archive_names_its_layer_by_its_real_digest(tmp_path: Path) -> None:
    """containerd refuses an archive whose diff id does not match."""
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")
    with tarfile.open(fileobj=io.BytesIO(docker_archive(program, "pause:1"))) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    config = json.loads(files["config.json"])
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(files["layer.tar"]).hexdigest()]
    assert json.loads(files["manifest.json"])[0]["RepoTags"] == ["pause:1"]
    assert config["config"]["User"] == "65535:65535"


def test_the_same_program_gives_the_same_bytes(tmp_path: Path) -> None:
    """No time stamps inside."""
    program = tmp_path / "pause"
    program.write_bytes(b"x")
    assert docker_archive(program, "p:1") == docker_archive(program, "p:1")
