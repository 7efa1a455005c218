"""Cases of rules, as data: `cases/<rule-id>.yaml`. The same files feed the tests of the rules and of their mutants.

- says: a sentence about the behaviour
  settings: {...}      optional, as in a settings file
  objects: [...]       Kubernetes objects; `!unknown` stands for a value that only `up` knows,
                       `!secret ...` for one that Pulumi marks as secret
  finds: [paths]       of all violations, in any order; [] where there must be none
  undecided: [paths]   optional, of all that is undecided
                       (where several objects have the same path: `Kind namespace/name: path`, for all of them)
  remedied: [...]      optional, the objects after the rule's remedy
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace, join, walk
from policies import settings_file
from policies.evaluate import Verdict, evaluate
from policies.rule import Rule

FOLDER = Path(__file__).parent / "cases"


class Secret:
    """What its origin marks as secret: text, a list or a mapping."""


class _SecretText(Secret, str):
    pass


class _SecretList(Secret, list[Any]):
    pass


class _SecretMapping(Secret, dict[Any, Any]):
    pass


class _Loader(yaml.SafeLoader):
    """YAML with `!unknown` and `!secret`."""


_Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)
_Loader.add_constructor("!secret", lambda loader, node: _secret(loader, node))


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one rule."""

    says: str
    objects: tuple[Mapping[str, Any], ...]
    finds: frozenset[str]
    undecided: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    remedied: tuple[Mapping[str, Any], ...] | None = None

    @property
    def names_objects(self) -> bool:
        """Whether its findings say in which object they are."""
        return any(": " in path for path in self.finds | self.undecided)


def load(rule_id: str) -> list[Case]:
    """The cases of a rule; FileNotFoundError where it has none."""
    entries = yaml.load((FOLDER / f"{rule_id}.yaml").read_text(), _Loader)
    return [_case(entry) for entry in entries]


def verdicts(
    rule: Rule, objects: Iterable[Mapping[str, Any]], settings: Mapping[str, Any], *, name_objects: bool = False
) -> tuple[set[str], set[str]]:
    """Paths that the rule refuses, and paths that it can't decide."""
    found = evaluate(
        [Object(data, has_secrets=secrets_in(data)) for data in objects],
        [rule],
        settings_file.parse({**settings, "levels": {rule.id: "mandatory"}}),
    )
    return paths(found, name_objects=name_objects)


def paths(found: Iterable[Verdict], *, name_objects: bool) -> tuple[set[str], set[str]]:
    """Of what is refused, and of what is undecided."""
    shown = [(f"{v.object.id}: {v.path}" if name_objects else v.path, v.undecided) for v in found]
    return {path for path, undecided in shown if not undecided}, {path for path, undecided in shown if undecided}


def secrets_in(data: Any) -> frozenset[str]:
    """The paths of all `!secret` values, as an object has them."""
    return frozenset(functools.reduce(join, path, "") for path, value in walk(data) if isinstance(value, Secret))


def remedied(rule: Rule, objects: Iterable[Mapping[str, Any]], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Copies of the objects after the remedy of a rule that has one."""
    assert rule.remedy is not None
    changed = [copy.deepcopy(dict(each)) for each in objects]
    for each in changed:
        rule.remedy(each, settings_file.parse(settings))
    return changed


def _secret(loader: Any, node: yaml.Node) -> Secret:
    if isinstance(node, yaml.SequenceNode):
        return _SecretList(loader.construct_sequence(node, deep=True))
    if isinstance(node, yaml.MappingNode):
        return _SecretMapping(loader.construct_mapping(node, deep=True))
    return _SecretText(loader.construct_scalar(node))


def elsewhere(objects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Copies of the objects in other namespaces, which they take along."""
    copies = [copy.deepcopy(dict(each)) for each in objects]
    for each in copies:
        metadata = each.setdefault("metadata", {})
        key = "name" if each["kind"] == "Namespace" else "namespace"
        metadata[key] = f"elsewhere-{metadata.get(key, 'default')}"
    return copies


def together(objects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One object, of a kind that nobody knows, with the pods of all that have some: in that order."""
    found = [pod.template.data for each in objects for pod in Object(each).pods(Trace())]
    pods = {
        f"pod-{index}": {"metadata": pod.get("metadata", {}), "spec": {"containers": [], **pod["spec"]}}
        for index, pod in enumerate(found)
    }
    return {"apiVersion": "example.com/v1", "kind": "Own", **copy.deepcopy(pods)}


def _case(entry: dict[str, Any]) -> Case:
    return Case(
        entry["says"],
        tuple(entry["objects"]),
        frozenset(entry["finds"]),
        frozenset(entry.get("undecided", ())),
        entry.get("settings", {}),
        tuple(entry["remedied"]) if "remedied" in entry else None,
    )
