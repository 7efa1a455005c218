"""Runs the program on Pulumi's mocks and records what it registers: no engine, no provider, no cluster."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from infra import cluster
from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog
from infra.config import NOT_OURS, SECRET_KEYS, kinds_of, parse
from infra.endpoints import without_cluster
from infra.plan import Plan, make_plan
from infra.program import build
from infra.stack import StackConfig

ROOT = Path(__file__).parents[3]
STACKS = ("local", "staging", "prod")
DIGEST = "sha256:" + "ab" * 32


@dataclass(frozen=True, slots=True)
class Recorded:
    """One registered resource."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass
class Recorder(Mocks):
    """Answers as the providers would, as far as the program looks at the answers."""

    seen: list[Recorded] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Record the resource; an image gets a reference by digest."""
        self.seen.append(Recorded(args.typ, args.name, args.inputs))
        outputs = dict(args.inputs)
        if args.typ == "docker-build:index:Image":
            outputs["ref"] = f"{args.inputs['tags'][0]}@{DIGEST}"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> Any:
        """The program calls no provider function."""
        raise AssertionError(f"unexpected call of {args.token}")


def raw_settings(stack: str) -> dict[str, Any]:
    """The `slipway:` settings of a stack file that the program reads."""
    return {key: value for key, value in _written(stack).items() if key not in NOT_OURS | SECRET_KEYS}


def policy_settings(stack: str) -> dict[str, Any]:
    """The policy pack's settings in a stack file: with what it costs, as the pack reads them."""
    written = _written(stack)
    return {"cost": written.get("cost", {}), **written.get("policy", {})}


def _written(stack: str) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix("slipway:"): value for key, value in content["config"].items()}


def stack_config(stack: str, catalog: Catalog | None = None) -> StackConfig:
    """A stack file, parsed as if no local cluster had ever been started."""
    kinds = kinds_of(_written(stack).get("cost"))
    return parse(stack, raw_settings(stack), catalog or load_catalog(), without_cluster(), kinds)


def stack_plan(stack: str) -> Plan:
    """The plan of a stack file."""
    catalog = load_catalog()
    return make_plan(stack_config(stack, catalog), catalog)


def record(plan: Plan) -> list[Recorded]:
    """Everything that the components register for a plan, sorted by type and name."""
    recorder = Recorder()
    set_mocks(recorder, project="slipway", stack=plan.stack, preview=False)

    # Waits for all registrations.
    pulumi.runtime.test(lambda: build(plan, cluster.Access(cluster.NOWHERE, "none", "none")))()  # type: ignore[no-untyped-call]
    return sorted(recorder.seen, key=lambda one: (one.type, one.name))


def kubernetes_objects(recorded: list[Recorded]) -> list[dict[str, Any]]:
    """The Kubernetes objects among them, as the API would get them."""
    texts = [json.dumps(one.inputs) for one in recorded if one.type.startswith("kubernetes:")]
    return [json.loads(text, parse_float=_number) for text in texts]


def _number(text: str) -> float:
    """Pulumi knows floating point only; its provider makes whole numbers of 3.0."""
    number = float(text)
    return int(number) if number.is_integer() else number


def pod_specs(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Pod specs by `Kind/name` of the object that holds their template."""
    return {
        f"{one['kind']}/{one['metadata']['name']}": _template(one)["spec"]
        for one in objects
        if one["kind"] in ("Deployment", "Job", "CronJob")
    }


def _template(one: dict[str, Any]) -> dict[str, Any]:
    spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
    template: dict[str, Any] = spec["template"]
    return template
