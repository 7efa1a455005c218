"""`slipway render`: options, exit status, and what is left where it fails."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.catalog.load import load_catalog
from slipway import cli
from slipway import render as command
from tests.unit.infra.recorder import DIGEST, ROOT
from tests.unit.slipway.test_cli import imported_by

REF = f"registry.example.com/slipway/serve@{DIGEST}"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stack files are looked for from here; no local cluster tells anything."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "none"))


def render(folder: Path, *options: str, stack: str = "staging") -> Result:
    """Run the command."""
    return CliRunner().invoke(cli.app, ["render", "--stack", stack, "--output", str(folder), *options])


@pytest.mark.parametrize(("target", "num_files"), [("yaml", None), ("aicore", 7), ("compose", 1)])
def test_each_target_writes_its_files(tmp_path: Path, target: str, num_files: int | None) -> None:
    """And says how many."""
    done = render(tmp_path / "out", "--target", target, "--image", REF)
    assert done.exit_code == 0, done.output
    files = list((tmp_path / "out").iterdir())
    assert len(files) == num_files or num_files is None
    assert f"{len(files)} files" in done.output
    assert all(yaml.safe_load(path.read_text()) for path in files)


def test_a_digest_is_asked_for_and_nothing_is_written(tmp_path: Path) -> None:
    """With all ways to give it; the stack's own tag is one of them."""
    done = render(tmp_path / "out")
    assert (done.exit_code, (tmp_path / "out").exists()) == (64, False)
    assert "image serve: its digest is not known; allowed: --image serve=NAME@sha256" in done.output
    assert render(tmp_path / "out", "--allow-tags").exit_code == 0


def test_digests_of_a_stack_that_is_up(tmp_path: Path) -> None:
    """From a file with its outputs."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"images": {"serve": REF}}))
    assert render(tmp_path / "out", "--outputs", str(outputs)).exit_code == 0
    assert REF in (tmp_path / "out" / "50-deployment-slipway-legal.yaml").read_text()


def test_what_is_gone_from_the_stack_is_gone_from_the_folder(tmp_path: Path) -> None:
    """The second render removes what only the first one has, and tells."""
    assert render(tmp_path, "--target", "aicore", "--image", REF).exit_code == 0
    done = render(tmp_path, "--target", "aicore", "--image", REF, "--model", "legal", "--model", "risk")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["legal.yaml", "risk.yaml"]
    assert "removed gpt-oss.yaml" in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "legal"], "'yaml' is of a whole stack"),
        (["--target", "compose", "--model", "x"], "--model x: is none of the stack; allowed: gpt-oss"),
        (["--outputs", "/none"], "/none"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, options: list[str], said: str) -> None:
    """With what is allowed."""
    done = render(tmp_path / "out", "--image", REF, *options)
    assert (done.exit_code, said in done.output, (tmp_path / "out").exists()) == (64, True, False), done.output


def test_a_stack_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With those that are."""
    done = render(tmp_path, stack="prd")
    assert (done.exit_code, "stacks here: local, prod, staging" in done.output) == (64, True)


def test_a_model_that_fits_no_plan_is_refused(tmp_path: Path) -> None:
    """All of prod is too large for one T4, and the numbers say so."""
    done = render(tmp_path / "out", "--target", "aicore", "--image", REF, stack="prod")
    assert (done.exit_code, "llama-3-70b: does not fit the GPU of infer.m" in done.output) == (64, True)


def test_what_up_would_refuse_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rendered all the same: whoever applies it may have what is missing here."""
    catalog = load_catalog()
    legal = catalog.models["legal"]
    unknown = dataclasses.replace(legal.full, weights=dataclasses.replace(legal.full.weights, sha256=None))
    models = {**catalog.models, "legal": dataclasses.replace(legal, full=unknown)}
    monkeypatch.setattr(command, "load_catalog", lambda: dataclasses.replace(catalog, models=models))
    done = render(tmp_path / "out", "--image", REF, "--image", f"serve-cuda={REF}", stack="prod")
    assert (done.exit_code, "warning: `pulumi up` would refuse this" in done.output) == (0, True)


def test_rendering_needs_no_pulumi(tmp_path: Path) -> None:
    """It runs where only files are wanted."""
    modules = imported_by("render", "--help")
    assert not {name for name in modules if name.split(".")[0].startswith("pulumi")}
