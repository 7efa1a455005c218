"""The workflow of the images, as far as it can run here: it is well formed, and its own shell lines work.

Programs of the runner that can't be had or must not push (docker, skopeo, cosign) are stand-ins that write down what
they are asked; bash and jq are the real ones, and so are the tools that judge.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.plugins.control_plane import Binaries
from tests.unit.tools.image.made import Registry, file, layer
from tools.settings import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

GITHUB = ROOT / ".github"
JOBS: dict[str, Any] = yaml.safe_load((GITHUB / "workflows" / "image.yml").read_text(encoding="utf-8"))["jobs"]
ACTION: dict[str, Any] = yaml.safe_load((GITHUB / "actions" / "image" / "action.yml").read_text(encoding="utf-8"))
INDEX = "sha256:" + "1" * 64
IMAGE = "registry.test/somebody/slipway-serve"
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >>"$CALLS"
case "$*" in *"imagetools inspect"*) echo '{"digest": "%s"}' ;; *"login"*) cat >>"$CALLS" ;; esac
"""


class Runner:
    """A folder to work in, stand-ins on PATH, and what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._calls = folder, folder / "calls"
        bin_dir = folder / "bin"
        bin_dir.mkdir()
        for name in ("docker", "skopeo", "cosign"):
            (bin_dir / name).write_text(STAND_IN % INDEX)
            (bin_dir / name).chmod(0o755)
        self._environ = {
            **os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "CALLS": str(self._calls),
            "NAME": "cpu", "IMAGE": IMAGE,
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "RUNNER_TEMP": str(folder), "GITHUB_SHA": "ab" * 20, "GITHUB_ACTOR": "somebody",
        }  # fmt: skip

    def run(self, line: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """As a runner runs it: bash that stops at the first failure."""
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line]
        environment = self._environ | environ
        return subprocess.run(
            argv, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, check=False
        )

    @property
    def calls(self) -> list[str]:
        """What the stand-ins were asked since this was read last."""
        found = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return found

    @property
    def outputs(self) -> dict[str, str]:
        """Of all steps so far."""
        lines = (self.folder / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A new one."""
    return Runner(tmp_path)


def step(steps: list[dict[str, Any]], name: str) -> str:
    """The shell line of a step."""
    [found] = [each["run"] for each in steps if each.get("name") == name]
    return str(found)


def layout(folder: Path, *files: str) -> str:
    """An image on disk, as the builder writes it; its digest."""
    made = Registry()
    digest = made.push("1", [layer([file(path, size_bytes=10) for path in files])], {"created": "2026-01-01T00:00:00Z"})
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for name, content in (made.blobs | {digest: made.manifests[digest]}).items():
        (blobs / name.removeprefix("sha256:")).write_bytes(content)
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": digest}]}))
    return digest


def test_all_workflows_are_well_formed() -> None:
    """actionlint knows every key, expression and permission, and the inputs of our own actions."""
    paths = [str(path) for path in sorted((GITHUB / "workflows").glob("*.yml"))]
    argv = [Binaries.read(os.environ).path("actionlint"), *paths]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("branch", "main", "VERSION=0.0.0-abababababab"),
        ("tag", "v1.2.3", "VERSION=1.2.3"),
        ("tag", "v1.2.3-rc.1", "VERSION=1.2.3-rc.1"),
    ],
)
def test_a_version_is_that_of_the_tag_or_names_the_commit(runner: Runner, kind: str, name: str, expected: str) -> None:
    """It becomes a label of the image."""
    done = runner.run(step(JOBS["build"]["steps"], "Version"), GITHUB_REF_TYPE=kind, GITHUB_REF_NAME=name)
    assert done.returncode == 0, done.stderr
    assert runner.outputs["argument"] == expected


def test_a_tag_that_is_no_version_ends_the_job(runner: Runner) -> None:
    """With a line that says what one is; nothing of its name is run."""
    name = "v1$(touch gone)"
    done = runner.run(step(JOBS["build"]["steps"], "Version"), GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=name)
    assert (done.returncode, "is no version: v1.2.3 is" in done.stdout) == (1, True)
    assert not (runner.folder / "gone").exists()


def test_the_gates_judge_the_folder_that_the_builder_wrote(runner: Runner) -> None:
    """The real tools: a size in the summary, a bill of materials, and an exit status."""
    steps = ACTION["runs"]["steps"]
    assert runner.run(step(steps, "Paths")).returncode == 0
    paths = {"LAYOUT": runner.outputs["layout"], "BILL": runner.outputs["bill"]}
    digest = layout(Path(paths["LAYOUT"]), "usr/bin/a")
    sized = runner.run(step(steps, "Size"), ROOT, **paths)
    assert sized.returncode == 0, sized.stderr
    assert "cpu" in (runner.folder / "summary").read_text()
    described = runner.run(step(steps, "Bill of materials"), ROOT, **paths)
    assert described.returncode == 0, described.stderr
    bill = json.loads((Path(paths["BILL"]) / "cpu.cdx.json").read_text())
    assert bill["metadata"]["component"]["version"] == digest


def test_an_image_over_its_limit_ends_the_job_and_is_in_the_summary(runner: Runner) -> None:
    """Whoever looks sees by how much."""
    folder = runner.folder / "layout"
    digest = layout(folder, "a")
    manifest = json.loads((folder / "blobs" / digest.replace(":", "/")).read_text())
    manifest["layers"][0]["size"] = 10**9
    _replace(folder, json.dumps(manifest).encode())
    done = runner.run(step(ACTION["runs"]["steps"], "Size"), ROOT, LAYOUT=str(folder))
    assert done.returncode == 1
    assert "1000" in (runner.folder / "summary").read_text()


def _replace(folder: Path, manifest: bytes) -> None:
    digest = Registry().add(manifest)["digest"]
    (folder / "blobs" / digest.replace(":", "/")).write_bytes(manifest)
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": digest}]}))


def test_what_was_judged_is_pushed_by_digest_signed_and_only_then_named(runner: Runner) -> None:
    """Two platforms become one image; the bills of materials are of each."""
    steps = JOBS["publish"]["steps"]
    digests = {arch: layout(runner.folder / f"layout-cpu-{arch}", arch) for arch in ("amd64", "arm64")}
    for arch, digest in digests.items():
        bill = runner.folder / f"bill-cpu-{arch}"
        bill.mkdir()
        (bill / "cpu.cdx.json").write_text(json.dumps({"metadata": {"component": {"version": digest}}}))
    assert runner.run(step(steps, "Log in"), TOKEN="of-the-job").returncode == 0
    assert runner.calls == ["docker login --username somebody --password-stdin registry.test", "of-the-job"]
    pushed = runner.run(step(steps, "Push"))
    assert pushed.returncode == 0, pushed.stderr
    targets = [f"{IMAGE}@{digest}" for digest in digests.values()]
    assert runner.calls == [
        *(f"skopeo copy --all --preserve-digests oci:layout-cpu-{arch} docker://{target}"
          for arch, target in zip(digests, targets, strict=True)),
        f"docker buildx imagetools create --tag {IMAGE}:sha-{'ab' * 20} {' '.join(targets)}",
    ]  # fmt: skip
    assert runner.run(step(steps, "Digests")).returncode == 0
    assert runner.outputs == {"image": INDEX, **digests}
    assert runner.run(step(steps, "Sign"), DIGEST=INDEX).returncode == 0
    assert runner.calls[-1] == f"cosign sign --yes --recursive {IMAGE}@{INDEX}"


@pytest.mark.parametrize(
    ("kind", "name", "tags"),
    [("branch", "main", ["main"]), ("tag", "v1.2.3", ["1.2.3", "latest"]), ("tag", "v1.2.3-rc.1", ["1.2.3-rc.1"])],
)
def test_tags_are_the_branch_or_the_version(runner: Runner, kind: str, name: str, tags: list[str]) -> None:
    """A candidate is nobody's newest."""
    done = runner.run(step(JOBS["publish"]["steps"], "Tags"), DIGEST=INDEX, GITHUB_REF_TYPE=kind, GITHUB_REF_NAME=name)
    assert done.returncode == 0, done.stderr
    named = " ".join(f"--tag {IMAGE}:{tag}" for tag in tags)
    assert runner.calls == [f"docker buildx imagetools create {named} {IMAGE}@{INDEX}"]
    assert INDEX in (runner.folder / "summary").read_text()


def test_a_folder_without_its_one_image_is_not_pushed(runner: Runner) -> None:
    """A build that left nothing, or more."""
    folder = runner.folder / "layout-cpu-amd64"
    folder.mkdir()
    (folder / "index.json").write_text('{"manifests": []}')
    assert runner.run(step(JOBS["publish"]["steps"], "Push")).returncode != 0
    assert runner.calls == []
