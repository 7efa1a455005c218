"""Stack files, snapshots and standard input, as a user names them."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from infra.cost import inputs
from infra.cost.errors import CostSettingsError, SnapshotError
from tests.unit.infra.recorder import ROOT, STACKS, kubernetes_objects, record, stack_plan

COST = {"provider": "aws", "region": "us-east-1", "pools": [{"name": "a", "types": ["m7i.xlarge"]}]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Our own stack files, and a folder below."""
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "below").mkdir()
    return tmp_path


@pytest.mark.parametrize("stack", STACKS)
def test_a_plan_has_the_objects_that_the_program_registers(project: Path, stack: str) -> None:
    """By kind and name: what is priced without Pulumi is what Pulumi would make."""
    found = inputs.of_plan(stack, project / "below")
    registered = kubernetes_objects(record(stack_plan(stack)))
    assert sorted((each.kind, each.name) for each in found.after) == sorted(
        (each["kind"], each["metadata"]["name"]) for each in registered
    )
    assert found.before is None


def test_a_stack_may_be_named_in_full(project: Path) -> None:
    """As Pulumi shows it."""
    assert inputs.settings_of("me/slipway/prod", project) == inputs.settings_of("prod", project)


def test_settings_may_be_text_that_holds_json(project: Path) -> None:
    """`pulumi config set slipway:cost '{...}'` writes them so."""
    (project / "Pulumi.text.yaml").write_text(f"config:\n  slipway:cost: {json.dumps(json.dumps(COST))}\n")
    assert inputs.settings_of("text", project).region == "us-east-1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("config: {}\n", "slipway:cost: is missing"),
        ("config:\n  other:cost: {provider: none}\n", "slipway:cost: is missing"),
        ("[]\n", "must be a mapping with `config`"),
        ("", "must be a mapping with `config`"),
        ("config: {slipway:cost: text}\n", "must be a mapping of keys"),
        ("config: {slipway:cost: {provider: mars}}\n", "Pulumi.bad.yaml: slipway:cost.provider"),
        ("a: [\n", "no YAML"),
        ("a: 2026-99-99\n", "no YAML: month must be in 1..12"),
    ],
)
def test_wrong_stack_files_are_told(project: Path, content: str, said: str) -> None:
    """With an example where nothing is said of costs."""
    (project / "Pulumi.bad.yaml").write_text(content)
    with pytest.raises(CostSettingsError) as error:
        inputs.settings_of("bad", project)
    assert said in str(error.value)


def test_a_stack_that_is_not_there_is_told_with_those_that_are(project: Path) -> None:
    """And a folder that is in no project."""
    with pytest.raises(CostSettingsError, match="stacks here: local, prod, staging"):
        inputs.stack_file("prd", project)
    with pytest.raises(CostSettingsError, match=r"has a Pulumi\.yaml"):
        inputs.stack_file("prod", Path("/"))


def test_standard_input_is_named_so() -> None:
    """In errors, too."""
    assert inputs.text("-", io.BytesIO(b"hello")) == "hello"
    with pytest.raises(SnapshotError, match="stdin"):
        inputs.read("-", io.BytesIO(b"a: 1"))
