"""How long a plan takes: `python -m bench.plan`.

Measured is `make_plan` as a whole (tiers, probes, the proof of every model, the check against nodes, the quota), from
settings and catalog that are read already, for seven models and for stacks of 250, 500 and 1,000 models. Half of them
have GPUs, one in three bursts to spot, bounds and hours vary. Nothing is kept between rounds. It is processor time:
nothing here waits. Linear is a time that grows as the stack: `linearity` is the time for 1,000 models by four times
that for 250.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
import time
from dataclasses import dataclass

from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog, Model
from infra.config import parse
from infra.endpoints import without_cluster
from infra.plan import make_plan
from infra.stack import ModelConfig, NodePool, StackConfig, Window

SMALL, SIZES = 7, (250, 500, 1000)
ROUNDS = 3
SEED = 6
TARGET_S = 2.0
ZONE = "Europe/Berlin"
ON_CPU, ON_GPU = "legal", "qwen2-5-32b"
SETTINGS = {
    "cluster": {"context": "bench", "topology": "multi-zone", "provider": "aws"},
    "image": {"registry": "registry.example.com"},
    "size": "full",
    "scaling": {"engine": "keda"},
    "edge": {"host": "models.example.com", "tls_secret": "models-tls"},
}
NODES = tuple(
    NodePool(name, machine, None, None, 0, None, 10_000, is_spot=name.endswith("spot"))
    for name, machine in (("cpu", "m7i.4xlarge"), ("cpu-spot", "m7i.4xlarge"), ("gpu", "g5.4xlarge"))
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One size of a stack: the best of a few rounds."""

    models: int
    pods: int
    seconds: float


def main() -> None:
    """Measure and print."""
    known = load_catalog()
    found = [measure(count, known) for count in (SMALL, *SIZES)]
    say(f"{'models':>8}{'pods':>8}{'seconds':>10}{'ms a model':>12}")
    for each in found:
        say(f"{each.models:>8}{each.pods:>8}{each.seconds:>10.3f}{each.seconds * 1000 / each.models:>12.3f}")
    _, least, *_, most = found
    numbers = {
        "models": most.models,
        "seconds": round(most.seconds, 3),
        "target_seconds": TARGET_S,
        "linearity": round(most.seconds / (least.seconds * most.models / least.models), 2),
        "rounds": ROUNDS,
    }
    say(json.dumps(numbers))


def measure(count: int, known: Catalog) -> Measured:
    """The best of a few rounds: the others have waited for something else on this machine."""
    config, catalog = make_stack(count, known)
    seconds, pods = [], 0
    for _ in range(ROUNDS):
        started = time.process_time()
        plan = make_plan(config, catalog)
        seconds.append(time.process_time() - started)
        pods = sum(model.peak for model in plan.models)
    return Measured(count, pods, min(seconds))


def make_stack(count: int, known: Catalog) -> tuple[StackConfig, Catalog]:
    """As many models as are asked for, each of them like one of two that the catalog has."""
    draw = random.Random(SEED)  # noqa: S311  nothing is kept secret with it
    entries: dict[str, Model] = {}
    chosen: list[ModelConfig] = []
    for index in range(count):
        like, name = draw.choice((ON_CPU, ON_GPU)), f"model-{index}"
        entries[name] = dataclasses.replace(known.models[like], id=name, aliases=())
        chosen.append(_choose(name, draw))
    config = parse("bench", {**SETTINGS, "models": {ON_CPU: {}}}, known, without_cluster())
    cluster = dataclasses.replace(config.cluster, nodes=NODES)
    return dataclasses.replace(config, cluster=cluster, models=tuple(chosen)), dataclasses.replace(
        known, models=entries
    )


def _choose(name: str, draw: random.Random) -> ModelConfig:
    least = draw.randint(1, 3)
    hours = (Window(("mon", "tue"), 450, 1140, ZONE, least + 1),) if draw.random() < 0.5 else ()
    spot = "burst" if draw.random() < 0.33 else "none"
    return ModelConfig(name, least, least + draw.randint(1, 5), None, windows=hours, spot=spot)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
