"""Files and options -> a report: what `slipway policy check` does, without its command line."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from kube import files
from kube.objects import expand
from kube.sources import yaml_text
from policies import cost_settings, settings_file
from policies.errors import SettingsError
from policies.evaluate import level_of
from policies.judge import judge
from policies.reports.report import FailOn, Report
from policies.rule import Rule
from policies.rules import RULES
from policies.settings import Level, Settings

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")
CONFIG_KEY = "slipway:policy"
COST_KEY = "slipway:cost"


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may ask for besides files."""

    rules: Sequence[Rule]
    today: datetime.date
    least_level: Literal["mandatory", "advisory"] = "advisory"
    stack: str | None = None
    settings: Path | None = None
    environment: Literal["prod", "dev"] | None = None
    fail_on: FailOn = FailOn.MANDATORY
    is_strict: bool = False


def check(names: Iterable[str], stdin: BinaryIO, options: Options) -> Report:
    """Judge all files together. SourceError and SettingsError where files or settings can't be read."""
    settings = read_settings(options, Path.cwd())
    rules = tuple(rule for rule in options.rules if _is_wanted(level_of(rule, settings), options))
    # A waiver of a rule that is not asked now is not unneeded.
    asked = {rule.id for rule in rules}
    settings = replace(settings, waivers=tuple(each for each in settings.waivers if each.rule in asked))
    source = files.read(names, stdin)
    judgement = judge(source.objects, rules, settings, options.today, is_preview=not options.is_strict)
    return Report(
        verdicts=judgement.verdicts,
        notes=source.notes,
        notices=judgement.notices,
        rules=rules,
        num_objects=sum(1 for _ in expand(source.objects)),
        today=options.today,
        fail_on=options.fail_on,
        is_strict=options.is_strict,
    )


def read_settings(options: Options, folder: Path) -> Settings:
    """From the stack's file, from a file of their own, or the defaults."""
    if options.stack and options.settings:
        raise SettingsError(["--stack and --settings: only one of them can say what holds"])
    stack = (options.stack or "").rpartition("/")[2]
    if options.stack is not None and not stack:
        raise SettingsError([f"--stack {options.stack!r}: must be the name of a stack, or organization/project/name"])
    data: Any = {}
    prefix = ""
    if options.settings:
        data, prefix = _load(options.settings), f"{options.settings}: "
    elif stack:
        path = _stack_file(stack, folder)
        content = _load(path)
        data = cost_settings.with_cost(_of_stack(content, path, CONFIG_KEY), _of_stack(content, path, COST_KEY))
        prefix = f"{path}: {CONFIG_KEY}."
    settings = settings_file.parse(data, stack=stack, rule_ids={rule.id for rule in RULES}, prefix=prefix)
    cost_settings.check(settings.cost)
    return replace(settings, environment=options.environment) if options.environment else settings


def _is_wanted(level: Level, options: Options) -> bool:
    if options.least_level == "mandatory":
        return level in (Level.MANDATORY, Level.REMEDIATE)
    return level is not Level.DISABLED


def _stack_file(stack: str, folder: Path) -> Path:
    """In the project that the folder is in, as Pulumi looks for it."""
    for each in (folder, *folder.parents):
        if any((each / name).is_file() for name in PROJECT_FILES):
            path = each / f"Pulumi.{stack}.yaml"
            if path.is_file():
                return path
            known = sorted(found.name.split(".")[1] for found in each.glob("Pulumi.*.yaml"))
            raise SettingsError([f"--stack {stack}: there is no {path}; stacks here: {', '.join(known) or 'none'}"])
    raise SettingsError([f"--stack {stack}: neither {folder} nor a folder above is a project, it has no Pulumi.yaml"])


def _of_stack(content: Any, path: Path, key: str) -> Any:
    if not isinstance(content, dict):
        raise SettingsError([f"{path}: must be a mapping with `config`"])
    config = content.get("config")
    found = config.get(key) if isinstance(config, dict) else None
    if isinstance(found, str):  # as `pulumi config set` without --path writes it
        try:
            return json.loads(found)
        except json.JSONDecodeError:
            return found
    return {} if found is None else found


def _load(path: Path) -> Any:
    documents = [node.data for node in yaml_text.documents(files.text_of(str(path)), str(path))]
    if len(documents) > 1:
        raise SettingsError([f"{path}: settings are one document, here are {len(documents)}"])
    return documents[0] if documents else {}
