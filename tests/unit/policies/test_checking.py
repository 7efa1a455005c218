"""Files and options -> a report: which settings hold, which rules are asked."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest

from kube.errors import SourceError
from policies import checking
from policies.checking import Options
from policies.errors import PolicyError, SettingsError
from policies.reports.report import Report, Status
from policies.rules import RULES
from policies.settings import Level, Settings

TODAY = datetime.date(2026, 6, 1)
OPTIONS = Options(rules=RULES, today=TODAY)
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{name: a, image: a}]}\n"
WAIVER = "{rule: read-only-root-fs, object: Pod b/a, owner: ann, reason: moves soon, expires: 2026-06-01}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, below a project with a stack."""
    Path(tmp_path, "Pulumi.yaml").write_text("name: a\n")
    Path(tmp_path, "Pulumi.prod.yaml").write_text("config:\n  slipway:policy: {min_replicas: 7}\n")
    Path(tmp_path, "Pulumi.staging.yaml").write_text("encryptionsalt: v1:abc\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    Path("pod.yaml").write_text(POD)
    return below


def settings(**options: Any) -> Settings:
    """The settings that hold."""
    return checking.read_settings(dataclasses.replace(OPTIONS, **options), Path.cwd())


def check(**options: Any) -> Report:
    """The report on the pod."""
    return checking.check(["pod.yaml"], io.BytesIO(), dataclasses.replace(OPTIONS, **options))


def refused(**options: Any) -> str:
    """What is said of the settings."""
    with pytest.raises((PolicyError, SourceError)) as caught:
        settings(**options)
    return str(caught.value)


def test_without_settings_the_defaults_hold() -> None:
    """Those of a production stack."""
    assert settings() == Settings()


def test_a_stacks_settings_are_those_of_its_file_in_the_project_around() -> None:
    """Its environment follows from its name; an organisation before the name is left out."""
    assert (settings(stack="prod").min_replicas, settings(stack="prod").environment) == (7, "prod")
    assert settings(stack="acme/slipway/prod") == settings(stack="prod")
    assert settings(stack="staging") == Settings(environment="dev")


def test_the_named_environment_wins() -> None:
    """Over a stack's name and over a file."""
    assert settings(stack="staging", environment="prod").environment == "prod"
    assert settings(environment="dev").environment == "dev"


def test_settings_may_be_in_a_file_of_their_own(folder: Path) -> None:
    """YAML or JSON; an empty one is all defaults."""
    path = folder / "settings"
    path.write_text("min_replicas: 3\nenvironment: dev\n")
    assert settings(settings=path) == Settings(min_replicas=3, environment="dev")
    path.write_text('{"min_replicas": 4}')
    assert settings(settings=path).min_replicas == 4
    path.write_text("")
    assert settings(settings=path) == Settings()


def test_settings_that_pulumi_wrote_as_text_are_read(folder: Path) -> None:
    """`pulumi config set slipway:policy '{...}'`."""
    path = folder.parents[1] / "Pulumi.prod.yaml"
    path.write_text(f"config:\n  slipway:policy: {json.dumps(json.dumps({'min_replicas': 5}))}\n")
    assert settings(stack="prod").min_replicas == 5
    path.write_text("config:\n  slipway:policy: text\n")
    assert "must be a mapping" in refused(stack="prod")


@pytest.mark.parametrize("content", ["", "config:\n", "config: {}\n", "config: {slipway:size: full}\n", "other: 1\n"])
def test_a_stack_without_settings_for_the_pack_has_the_defaults(content: str, folder: Path) -> None:
    """Most have none."""
    (folder.parents[1] / "Pulumi.prod.yaml").write_text(content)
    assert settings(stack="prod") == Settings()


def test_what_is_wrong_is_told_with_the_file(folder: Path) -> None:
    """And with what is allowed."""
    path = folder / "settings.yaml"
    assert refused(settings=path) == f"{path}: can't be read: No such file or directory"
    path.write_text("min_replicas: many\n")
    assert refused(settings=path).startswith(f"{path}: min_replicas: ")
    path.write_text("a: 1\na: 2\n")
    assert refused(settings=path) == f"{path}:2: the key 'a' is there twice"
    path.write_text("{}\n---\n{}\n")
    assert refused(settings=path) == f"{path}: settings are one document, here are 2"
    path.write_text("- a\n")
    assert "must be a mapping" in refused(settings=path)
    project = folder.parents[1]
    (project / "Pulumi.prod.yaml").write_text("config: {slipway:policy: {no_such: 1}}\n")
    assert refused(stack="prod").startswith(f"{project / 'Pulumi.prod.yaml'}: slipway:policy.no_such")
    (project / "Pulumi.prod.yaml").write_text("- a\n")
    assert refused(stack="prod") == f"{project / 'Pulumi.prod.yaml'}: must be a mapping with `config`"


def test_a_stack_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    """And so is a folder that is no project."""
    told = refused(stack="test")
    assert told.endswith("Pulumi.test.yaml; stacks here: prod, staging")
    (folder.parents[1] / "Pulumi.yaml").unlink()
    assert "has no Pulumi.yaml" in refused(stack="prod")


@pytest.mark.parametrize("stack", ["", "acme/slipway/"])
def test_a_stack_without_a_name_is_none(stack: str, folder: Path) -> None:
    """As where a variable of a script is empty: other settings than those that were meant would hold."""
    assert refused(stack=stack) == f"--stack {stack!r}: must be the name of a stack, or organization/project/name"


def test_a_stack_and_a_file_can_not_both_say_what_holds(folder: Path) -> None:
    """Neither wins."""
    assert "only one of them" in refused(stack="prod", settings=folder / "a")


def test_a_report_has_all_rules_that_are_not_disabled(folder: Path) -> None:
    """And says how many objects were judged."""
    path = folder / "settings.yaml"
    path.write_text("levels: {read-only-root-fs: disabled}\n")
    report = check(settings=path)
    assert report.num_objects == 1
    assert {rule.id for rule in RULES} - {rule.id for rule in report.rules} == {"read-only-root-fs"}
    assert "read-only-root-fs" not in {verdict.rule.id for verdict in report.verdicts}
    assert "read-only-root-fs" in {verdict.rule.id for verdict in check().verdicts}


def test_only_rules_of_the_asked_level_are_asked(folder: Path) -> None:
    """The level is the one that the settings give."""
    path = folder / "settings.yaml"
    path.write_text("levels: {all: advisory, read-only-root-fs: remediate}\n")
    assert [rule.id for rule in check(settings=path, least_level="mandatory").rules] == ["read-only-root-fs"]
    assert len(check(settings=path).rules) == len(RULES)


def test_waivers_are_looked_at_on_the_given_day(folder: Path) -> None:
    """One that is not needed is told, unless its rule is not asked at all."""
    path = folder / "settings.yaml"
    path.write_text(f"waivers: [{WAIVER}]\n")

    def statuses(**options: Any) -> list[Status]:
        report = check(settings=path, **options)
        return [report.status(verdict) for verdict in report.verdicts if verdict.rule.id == "read-only-root-fs"]

    assert statuses() == [Status.WAIVED]
    assert statuses(today=datetime.date(2026, 6, 2)) == [Status.VIOLATION]
    path.write_text(f"waivers: [{WAIVER.replace('b/a', 'b/c')}]\n")
    [notice] = check(settings=path).notices
    assert "is not needed" in notice
    others = tuple(rule for rule in RULES if rule.id != "read-only-root-fs")
    assert check(settings=path, rules=others).notices == ()


def test_what_is_unknown_counts_only_where_that_is_asked_for() -> None:
    """A preview does not know everything."""
    inputs = {
        "spec": {
            "containers": [{"securityContext": {"readOnlyRootFilesystem": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}}]
        }
    }
    step = {"op": "create", "newState": {"type": "kubernetes:core/v1:Pod", "custom": True, "inputs": inputs}}
    Path("pod.yaml").write_text(json.dumps({"steps": [step]}))
    rules = tuple(rule for rule in RULES if rule.id == "read-only-root-fs")
    [verdict] = check(rules=rules).verdicts
    assert (verdict.level, check(rules=rules).is_failed) == (Level.ADVISORY, False)
    [verdict] = check(rules=rules, is_strict=True).verdicts
    assert (verdict.level, check(rules=rules, is_strict=True).is_failed) == (Level.MANDATORY, True)


def test_settings_that_name_no_rule_are_refused(folder: Path) -> None:
    """Also where only some rules are asked."""
    path = folder / "settings.yaml"
    path.write_text("levels: {read-only-root-f: advisory}\n")
    with pytest.raises(SettingsError, match="did you mean read-only-root-fs"):
        check(settings=path, rules=RULES[:1])
