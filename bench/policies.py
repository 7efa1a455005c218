"""How long all rules take on 1,000 objects: `python -m bench.policies`.

The objects are those of the stack prod (tests/golden/prod.json), again and again in other namespaces, and pods of which
half say nothing about security. Reading files is not measured; judging them is, with nothing kept between rounds.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kube.objects import POD_TEMPLATES, Object
from policies.evaluate import evaluate
from policies.rule import Rule
from policies.rules import RULES
from policies.settings import Settings

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "prod.json"
NUM_OBJECTS = 1000
NUM_PODS = 200
ROUNDS = 5
SHOWN = 12
TARGET_S = 1.0


def main() -> None:
    """Measure and print."""
    objects = make_objects()
    total_s = best(objects, RULES)
    by_rule = sorted(((best(objects, [rule]), rule.id) for rule in RULES), reverse=True)
    num_verdicts = len(evaluate(objects, RULES, Settings()))
    say(f"{'rule':<36}{'ms':>8}")
    for rule_s, rule_id in by_rule[:SHOWN]:
        say(f"{rule_id:<36}{rule_s * 1000:>8.1f}")
    say(f"{len(objects)} objects x {len(RULES)} rules: {total_s:.2f} s (best of {ROUNDS}), {num_verdicts} verdicts")
    worst_s, worst = by_rule[0]
    numbers = {
        "objects": len(objects),
        "rules": len(RULES),
        "verdicts": num_verdicts,
        "seconds": round(total_s, 3),
        "target_seconds": TARGET_S,
        "worst_rule": worst,
        "worst_rule_seconds": round(worst_s, 4),
    }
    say(json.dumps(numbers))


def make_objects() -> list[Object]:
    """NUM_OBJECTS objects that exist together."""
    golden = [
        whole(each["inputs"]) for each in json.loads(GOLDEN.read_text()) if each["type"].startswith("kubernetes:")
    ]
    made: list[Any] = []
    while len(made) < NUM_OBJECTS - NUM_PODS:
        made += [in_namespace(each, f"slipway-{len(made)}") for each in golden]
    made = made[: NUM_OBJECTS - NUM_PODS]
    templates = [each["spec"]["template"] for each in golden if POD_TEMPLATES.get(each["kind"]) == "spec.template"]
    made += [pod(templates[index % len(templates)], index) for index in range(NUM_PODS)]
    return [Object(data, f"golden.yaml:{index}") for index, data in enumerate(made)]


def in_namespace(data: Any, namespace: str) -> Any:
    """A copy of an object in another namespace; of a Namespace, one of that name."""
    changed = copy.deepcopy(data)
    changed["metadata"]["name" if data["kind"] == "Namespace" else "namespace"] = namespace
    return changed


def pod(template: Any, index: int) -> Any:
    """A pod of a template; every second one says nothing about security."""
    made = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(template)}
    made["metadata"] = {**made.get("metadata", {}), "name": f"pod-{index}", "namespace": "pods"}
    if index % 2:
        made["spec"].pop("securityContext", None)
        for container in made["spec"]["containers"]:
            container.pop("securityContext", None)
    return made


def whole(data: Any) -> Any:
    """The same data, whole numbers as such: the recorder keeps them as floating point."""
    if isinstance(data, dict):
        return {key: whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [whole(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def seconds(objects: Sequence[Object], rules: Sequence[Rule]) -> float:
    """One round, on objects that remember nothing of the last one."""
    objects = [replace(each) for each in objects]
    started = time.perf_counter()
    evaluate(objects, rules, Settings())
    return time.perf_counter() - started


def best(objects: Sequence[Object], rules: Sequence[Rule]) -> float:
    """The best of a few rounds: the others have waited for something else on this machine."""
    return min(seconds(objects, rules) for _ in range(ROUNDS))


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
