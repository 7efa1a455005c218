"""Machines and GPUs and their sizes, from the tables in data/: the one place for them.

The policy pack asks it whether pods fit, the cost report which nodes are bought.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from infra.cost.types import NodeType
from infra.units import GI, MI

FOLDER: Final = Path(__file__).parent / "data"
ARM: Final = re.compile(r"[a-z]+\d+g[a-z]*\.")
"""Machines of AWS with its own processors: a g after the generation, as in m7g.large."""


@cache
def node_types() -> Mapping[str, NodeType]:
    """All machines, by name."""
    return {
        name: NodeType(
            provider=provider,
            name=name,
            cpu_m=cores * 1000,
            memory_bytes=round(gib * GI),
            gpus=gpus,
            gpu_product=gpu,
            gpu_memory_bytes=gpu_memory(gpu) if gpu else 0,
            arch="arm64" if provider == "aws" and ARM.match(name) else "amd64",
            max_pods=pods,
        )
        for provider, machines in _table("node_types").items()
        for name, (cores, gib, pods, gpus, gpu) in machines.items()
    }


@cache
def accelerators() -> Sequence[Mapping[str, Any]]:
    """All GPUs: `names`, `memory_mib` where the names tell one size, and `compute` of those that run CUDA."""
    found: Sequence[Mapping[str, Any]] = _table("accelerators")
    return found


def gpu_memory(product: str) -> int:
    """Bytes of one GPU by the value of its label nvidia.com/gpu.product; 0 where that is not known."""
    return _memory().get(product, 0)


def compute_of(product: str) -> int:
    """Its compute capability, 75 for 7.5; 0 for what runs no CUDA."""
    return _compute().get(product, 0)


@cache
def products() -> Sequence[str]:
    """All values of the label nvidia.com/gpu.product whose memory is known, the smallest GPUs first."""
    return tuple(name for entry in accelerators() if "memory_mib" in entry for name in entry["names"])


@cache
def _memory() -> Mapping[str, int]:
    return {name: entry.get("memory_mib", 0) * MI for entry in accelerators() for name in entry["names"]}


@cache
def _compute() -> Mapping[str, int]:
    return {name: entry.get("compute", 0) for entry in accelerators() for name in entry["names"]}


def _table(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
