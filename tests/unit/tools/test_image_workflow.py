"""The workflow of the images: what is judged is what is published, by a job that runs nothing of the repository."""

import fnmatch
from typing import Any

import yaml

from tools.image import build, variants
from tools.settings import ROOT

FOLDER = ROOT / ".github"
WORKFLOW: dict[Any, Any] = yaml.safe_load((FOLDER / "workflows" / "image.yml").read_text(encoding="utf-8"))
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "actions" / "image" / "action.yml").read_text(encoding="utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
ON = True
"""What YAML makes of the key `on`."""


def named(steps: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The step of this name, or the only one that uses this action."""
    [found] = [step for step in steps if step.get("name") == name or step.get("uses", "").startswith(f"{name}@")]
    return found


def test_only_the_job_that_publishes_may_push_and_sign() -> None:
    """It checks nothing out: what it pushes are folders that were judged."""
    rights = {name: job["permissions"] for name, job in JOBS.items()}
    assert rights.pop("publish") == {"packages": "write", "id-token": "write", "attestations": "write"}
    written = [name for each in rights.values() for name, right in each.items() if right != "read"]
    assert set(written) == {"security-events"}
    assert JOBS["publish"]["needs"] == "build"
    used = [step.get("uses", "") for step in JOBS["publish"]["steps"]]
    assert not [each for each in used if "checkout" in each or each.startswith("./")]


def test_pull_requests_build_and_judge_and_push_nothing() -> None:
    """Neither do forks get more than reading."""
    assert set(WORKFLOW[ON]) == {"pull_request", "push"}
    of_pull_requests = [name for name, job in JOBS.items() if job["if"] == "github.event_name == 'pull_request'"]
    assert of_pull_requests == ["check"]
    assert all("github.event_name == 'push'" in job["if"] for name, job in JOBS.items() if name != "check")
    reported = next(step for step in JOBS["check"]["steps"] if step.get("id") == "image")["with"]["is-reported"]
    assert "head.repo.full_name == github.repository" in reported


def test_every_image_is_built_as_its_variant_says() -> None:
    """image/sizes.yaml is where stages and limits are; what each publishes has a name of its own."""
    sizes = variants.load()
    rows = JOBS["build"]["strategy"]["matrix"]["include"]
    for row in rows:
        variant = sizes.variant(row["name"])
        assert (row["target"] or None, row["context"]) == (variant.target, variant.context)
        assert variant.compressed_mb is not None
    names = {row["name"] for row in rows}
    assert names == {row["name"] for row in JOBS["publish"]["strategy"]["matrix"]["include"]}
    assert names == set(sizes.variants) - {"baked", "dev"}
    published = [row["repository"] for row in JOBS["publish"]["strategy"]["matrix"]["include"]]
    assert len(set(published)) == len(published) == len(names)
    assert {row["arch"] for row in rows if row["name"] == "cpu"} == {"amd64", "arm64"}


def test_a_build_here_is_the_build_of_the_tools() -> None:
    """The same time in every file, and the same release of the builder."""
    arguments = named(STEPS, "docker/build-push-action")["with"]
    assert f"SOURCE_DATE_EPOCH={build.EPOCH}" in arguments["build-args"].splitlines()
    module = (ROOT / "tools" / "go" / "containers" / "go.mod").read_text(encoding="utf-8")
    release = named(STEPS, "docker/setup-buildx-action")["with"]["driver-opts"].rpartition(":")[2]
    assert f"github.com/moby/buildkit {release} " in module


def test_what_is_published_is_of_that_image_alone() -> None:
    """Where a name begins with another one, the pattern does not take both."""
    rows = JOBS["build"]["strategy"]["matrix"]["include"]
    [download] = [s for s in JOBS["publish"]["steps"] if s.get("uses", "").startswith("actions/download-artifact@")]
    for name in {row["name"] for row in rows}:
        pattern = download["with"]["pattern"].replace("${{ matrix.name }}", name)
        taken = [row for row in rows if fnmatch.fnmatchcase(f"layout-{row['name']}-{row['arch']}", pattern)]
        assert taken == [row for row in rows if row["name"] == name]
    used = "".join(step.get("run", "") for step in JOBS["publish"]["steps"])
    end = download["with"]["pattern"].removeprefix("*-${{ matrix.name }}")
    assert (f'layout-"$NAME"{end};' in used, f'bill-"$NAME"{end};' in used) == (True, True)


def test_cuda_is_compiled_into_one_cache() -> None:
    """Where cuBLAS is inside or not, ggml's backend is the same; no other image replaces what was compiled."""
    rows = JOBS["build"]["strategy"]["matrix"]["include"]
    caches = {row["name"]: row.get("cache", row["name"]) for row in rows}
    assert caches.pop("cuda-cublas") == "cuda"
    assert caches == {name: name for name in caches}
    build_step = next(step for step in JOBS["build"]["steps"] if step.get("id") == "image")
    assert build_step["with"]["cache"] == "${{ matrix.cache || matrix.name }}"
    arguments = named(STEPS, "docker/build-push-action")["with"]
    for each in (arguments["cache-from"], arguments["cache-to"]):
        assert "scope=${{ inputs.cache || inputs.name }}-${{ inputs.platform }}" in each


def test_nothing_is_pushed_before_it_is_judged() -> None:
    """The builder writes a folder; sizes, content and Trivy look at that."""
    arguments = named(STEPS, "docker/build-push-action")["with"]
    assert "push" not in arguments
    assert arguments["outputs"].startswith("type=oci,tar=false,")
    assert (arguments["sbom"], arguments["provenance"]) == (True, "mode=max")


def test_trivy_ends_the_job_for_what_is_high_and_can_be_mended() -> None:
    """The report has the others, too."""
    gate, report = named(STEPS, "Gate of Trivy")["with"], named(STEPS, "Report of Trivy")["with"]
    for each in (gate, report):
        assert (each["severity"], each["scanners"]) == ("HIGH,CRITICAL", "vuln,secret,misconfig")
    assert (gate["exit-code"], gate["ignore-unfixed"]) == ("1", "true")
    assert "exit-code" not in report
    assert "ignore-unfixed" not in report
    assert "continue-on-error" not in named(STEPS, "Gate of Trivy")


def test_tags_come_after_signature_provenance_and_bill_of_materials() -> None:
    """What has a name that people use is signed."""
    order = [step["name"] for step in JOBS["publish"]["steps"] if "name" in step]
    assert order[-1] == "Tags"
    assert {"Sign", "Provenance", "Bill of materials, amd64", "Bill of materials, arm64"} <= set(order)
