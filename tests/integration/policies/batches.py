"""Examples of many rules in one stack: as few previews as the rules leave apart from each other.

A stack rule sees the whole stack, so the example of one rule may hide the fault of another, or make one. Examples share
a stack only where, by the rules themselves, each keeps its verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from kube.objects import Object
from policies import settings_file
from policies.evaluate import Verdict, evaluate
from policies.rule import Rule
from policies.settings import Level
from tests.integration.policies.project import named, token

PROD = {"environment": "prod"}
Example = Callable[[Rule], str]
IsKept = Callable[[Rule, Sequence[Verdict]], bool]


@dataclass
class Batch:
    """Rules whose examples are together in one stack."""

    rules: list[Rule] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def plus(self, rule: Rule, example: str) -> Batch | None:
        """The batch with one more; None where the settings contradict each other."""
        wanted = {**PROD, **(rule.example_settings or {})}
        if any(self.settings.get(key, value) != value for key, value in wanted.items()):
            return None
        added = named((each for each in yaml.safe_load_all(example) if each), rule.id)
        return Batch([*self.rules, rule], {**self.settings, **wanted}, {**self.objects, **added})

    def verdicts(self) -> dict[str, list[Verdict]]:
        """What the rules of the batch say, by rule."""
        found: dict[str, list[Verdict]] = {rule.id: [] for rule in self.rules}
        in_order = sorted(self.objects.items(), key=lambda each: f"{token(each[1])}::{each[0]}")  # of their URNs
        objects = [Object(data, name) for name, data in in_order]
        for verdict in evaluate(objects, self.rules, settings_file.parse(self.settings)):
            found[verdict.rule.id].append(verdict)
        return found


def is_refused(rule: Rule, verdicts: Sequence[Verdict]) -> bool:
    """The rule blocks one of its own objects."""
    return any(_is_own(rule, each) and each.level is Level.MANDATORY and not each.undecided for each in verdicts)


def is_clean(rule: Rule, verdicts: Sequence[Verdict]) -> bool:
    """The rule says nothing of its own objects."""
    return not any(_is_own(rule, each) for each in verdicts)


def make_batches(rules: Sequence[Rule], example: Example, is_kept: IsKept) -> list[Batch]:
    """All rules, each in the first batch where all keep their verdicts."""
    batches: list[Batch] = []
    for rule in rules:
        for index, batch in enumerate(batches):
            wider = batch.plus(rule, example(rule))
            if wider is not None and _holds(wider, is_kept):
                batches[index] = wider
                break
        else:
            alone = Batch().plus(rule, example(rule))
            assert alone is not None
            assert _holds(alone, is_kept), f"{rule.id}: its example does not do alone what it is an example for"
            batches.append(alone)
    return batches


def _holds(batch: Batch, is_kept: IsKept) -> bool:
    verdicts = batch.verdicts()
    return all(is_kept(rule, verdicts[rule.id]) for rule in batch.rules)


def _is_own(rule: Rule, verdict: Verdict) -> bool:
    return verdict.object.origin.startswith(f"{rule.id}.")
