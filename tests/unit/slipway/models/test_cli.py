"""`slipway models`: from the command line, with a hub on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.catalog.load import LOCK, MODELS, load_catalog
from infra.gguf.geometry import geometry_of
from infra.gguf.header import read_header
from slipway import cli
from tests.helpers.hub_server import COMMIT, SHA256, HubState
from tests.unit.infra.gguf.raw import reading
from tests.unit.slipway.models.conftest import FILE, REPO


def run(*arguments: str, hub: HubState | None = None, **environment: str) -> Result:
    """The command, with nothing of this machine's environment that concerns the hub."""
    clean = {"HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:1", "HF_TOKEN": "", "HF_HOME": "/nonexistent"}
    return CliRunner(env={**clean, "HF_TOKEN_PATH": "", **environment}).invoke(cli.app, ["models", *arguments])


def contents(folder: Path) -> dict[str, str]:
    """All files of the catalog."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_model_is_added_from_its_header(folder: Path, hub: HubState, gguf: Path) -> None:
    """Entry, lock line and the smallest profile that holds it; what was there is there as it was, with its comments."""
    before = contents(folder)
    result = run("add", REPO, FILE, "--audience", "Us: all of us", "--catalog", str(folder), hub=hub)
    assert result.exit_code == 0, result.output
    after = contents(folder)
    assert after[MODELS].startswith(before[MODELS])
    assert after[LOCK].split("\n\n")[0] == before[LOCK].split("\n\n")[0]
    model = load_catalog(folder).models["phi-3b"]
    with gguf.open("rb") as file:
        assert model.full.geometry == geometry_of(read_header(reading(file.read(2**23))))
    assert (model.full.weights.sha256, model.full.weights.file_bytes) == (SHA256, gguf.stat().st_size)
    assert (model.full.profile, model.full.num_slots, model.full.context_tokens) == ("cpu-4g", 2, 4096)
    assert (model.audience, model.tier) == ("Us: all of us", "standard")
    assert f"added phi-3b to {folder}, locked at commit {COMMIT}" in result.stderr


def test_only_the_header_is_fetched(folder: Path, hub: HubState, gguf: Path) -> None:
    """Seven megabytes at most of almost two gigabytes, in three growing pieces."""
    assert run("add", REPO, FILE, "--catalog", str(folder), hub=hub).exit_code == 0
    ranges = [entry[2] for entry in hub.asked if entry[2] and "X-Signature" in entry[1]]
    assert ranges == ["bytes=0-1048575", "bytes=1048576-3145727", "bytes=3145728-7340031"][: len(ranges)]
    assert 1 < len(ranges) <= 3
    assert gguf.stat().st_size > 1.5e9


def test_the_options_of_an_entry(folder: Path, hub: HubState) -> None:
    """Id, profile, slots, context, title and tier as they are wished for; a revision is asked for as it is."""
    options = ("--id", "phi", "--profile", "cpu-8g", "--slots", "4", "--context", "2048", "--title", "Phi", "--tier",
               "batch", "--revision", "refs/pr/1")  # fmt: skip
    assert run("add", REPO, FILE, *options, "--catalog", str(folder), hub=hub).exit_code == 0
    model = load_catalog(folder).models["phi"]
    assert (model.title, model.tier, model.full.profile) == ("Phi", "batch", "cpu-8g")
    assert (model.full.num_slots, model.full.context_tokens) == (4, 2048)
    assert any("/resolve/refs%2Fpr%2F1/" in entry[1] for entry in hub.asked)
    assert yaml.safe_load((folder / LOCK).read_text())[f"{REPO}/{FILE}"]["revision"] == "refs/pr/1"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("no-owner", FILE), "'no-owner' is not allowed; allowed: owner/name"),
        ((REPO, "missing.gguf"), "the repository has no such file at this revision (404)"),
        ((REPO, FILE, "--id", "legal"), "legal: is there already (legal); allowed: another --id"),
        ((REPO, FILE, "--id", "Big"), "models.yaml: Big"),
        ((REPO, FILE, "--profile", "cpu-9g"), "--profile: 'cpu-9g' is not allowed; allowed: cpu-16g"),
        ((REPO, FILE, "--profile", "cpu-tiny"), "phi-3b does not fit the memory of cpu-tiny"),
        ((REPO, FILE, "--context", "9999999"), "is above what the model was trained for"),
        ((REPO, FILE, "--slots", "256", "--context", "131072"), "does not fit the GPU of"),
    ],
)
def test_what_can_not_be_added_changes_nothing(
    folder: Path, hub: HubState, arguments: tuple[str, ...], expected: str
) -> None:
    """One line that says why, exit status 64, and both files as they were."""
    before = contents(folder)
    result = run("add", *arguments, "--catalog", str(folder), hub=hub)
    assert (result.exit_code, contents(folder)) == (64, before)
    assert expected in result.stderr
    assert all(line.startswith("error: ") for line in result.stderr.splitlines())


def test_a_file_whose_sum_the_hub_does_not_say_is_not_added(folder: Path, hub: HubState) -> None:
    """It could not be locked."""
    hub.sha256 = None
    result = run("add", REPO, FILE, "--catalog", str(folder), hub=hub)
    assert result.exit_code == 64
    assert "the hub names no SHA-256 of it" in result.stderr


def test_a_token_is_used_and_never_shown(folder: Path, hub: HubState) -> None:
    """A gated repository: told what to do without one, read with one."""
    hub.token = "hf_secret"
    assert "accept its licence" in run("add", REPO, FILE, "--catalog", str(folder), hub=hub).stderr
    result = run("add", REPO, FILE, "--catalog", str(folder), hub=hub, HF_TOKEN="hf_secret")
    assert result.exit_code == 0
    assert "hf_secret" not in result.output + str(contents(folder))


def test_a_file_that_is_no_gguf_is_told(folder: Path, hub: HubState, tmp_path: Path) -> None:
    """An error page, for example."""
    (tmp_path / "page.gguf").write_text("<!DOCTYPE html>" * 10)
    hub.files[f"{REPO}/page.gguf"] = tmp_path / "page.gguf"
    result = run("add", REPO, "page.gguf", "--catalog", str(folder), hub=hub)
    assert "so it is no GGUF file" in result.stderr


def test_a_file_that_is_not_locked_can_be_locked_later(folder: Path, hub: HubState) -> None:
    """An entry that a person wrote, with the size that its page shows."""
    models = yaml.safe_load((folder / MODELS).read_text())
    source = {"hub": {"repo": REPO, "revision": "main"}, "file": FILE, "file_bytes": 1_800_000_000}
    entry = models["summary"] | {"full": models["summary"]["full"] | {"source": source}}
    text = yaml.safe_dump({"mine": entry}, sort_keys=False)
    (folder / MODELS).write_text((folder / MODELS).read_text() + text)
    result = run("check", "--catalog", str(folder))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        1,
        f"mine.full: {FILE} is not locked: run `slipway models lock mine`",
    )
    result = run("lock", "mine", "--catalog", str(folder), hub=hub)
    assert (result.exit_code, result.stdout) == (0, f"locked  {REPO}/{FILE}\n")
    assert load_catalog(folder).models["mine"].full.weights.sha256 == SHA256
    assert run("lock", "mine", "--catalog", str(folder), hub=hub).stdout == f"as before  {REPO}/{FILE}\n"
    assert run("check", "--catalog", str(folder)).exit_code == 0


def test_locking_what_is_not_there_names_what_is(folder: Path, hub: HubState) -> None:
    """Nothing is asked."""
    result = run("lock", "x", "--catalog", str(folder), hub=hub)
    assert (result.exit_code, hub.asked) == (64, [])
    assert result.stderr.startswith("error: x: there is no such model; allowed: gemma-3-270m, ")


def test_the_catalog_that_comes_with_slipway_is_sound() -> None:
    """Everything locked, everything fits."""
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "8 models, 11 sizes: no problems\n")


def test_a_catalog_with_a_misfit_is_told_with_what_fits(folder: Path) -> None:
    """As a preview would."""
    text = (folder / MODELS).read_text().replace("profile: gpu80-48g", "profile: gpu24-20g")
    (folder / MODELS).write_text(text)
    result = run("check", "--catalog", str(folder))
    assert result.exit_code == 1
    assert "llama-3-70b.full does not fit the GPU of gpu24-20g: weights 39.05 GiB" in result.stdout
    assert "fits: profile gpu80-48g" in result.stdout


def test_models_are_listed_for_people_and_for_programs() -> None:
    """All sizes, each once."""
    lines = run("list").stdout.splitlines()
    assert lines[0].split()[:3] == ["MODEL", "SIZE", "PARAMETERS"]
    assert len(lines) == 12
    found = json.loads(run("list", "--json").stdout)
    assert [(entry["id"], entry["size"]) for entry in found][:3] == [
        ("gemma-3-270m", "full"),
        ("gpt-oss", "full"),
        ("gpt-oss", "small"),
    ]


def test_a_proof_is_shown_term_by_term() -> None:
    """With what is left."""
    result = run("fit", "llama-3-70b")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "llama-3-70b.full: fits gpu80-48g",
        "  GPU  weights                     39.05 GiB",
        "  GPU  KV cache (4 x 8192 tokens)  10.00 GiB",
    ]


def test_a_proof_that_fails_says_what_fits() -> None:
    """Exit status 1; an alias will do; the same as data."""
    result = run("fit", "qwen2.5-32b", "--slots", "4")
    assert result.exit_code == 1
    assert (
        result.stderr
        == "fits: context_tokens 3072 instead of 4096, or num_slots 3 instead of 4, or profile gpu40-32g\n"
    )
    found = json.loads(run("fit", "qwen2.5-32b", "--slots", "4", "--json").stdout)
    assert (found["fits"], found["gpu"]["needed"] > found["gpu"]["usable"]) == (False, True)


def test_a_proof_of_another_size_on_another_profile() -> None:
    """For planning, without touching a file."""
    assert run("fit", "gpt-oss", "--size", "small", "--profile", "cpu-24g", "--context", "8192").exit_code == 0
    assert run("fit", "gpt-oss", "--profile", "x").exit_code == 64
    assert run("fit", "nobody").exit_code == 64


def test_a_folder_that_is_no_catalog_is_told(tmp_path: Path) -> None:
    """In one line."""
    result = run("list", "--catalog", str(tmp_path))
    assert (result.exit_code, result.stderr) == (64, "error: profiles.yaml: can't be read: No such file or directory\n")
