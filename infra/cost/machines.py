"""The machines that providers sell, as the packing needs them: sizes, GPUs with the memory that their node label tells.

Knows the project's table of node types. A machine to which GPUs are attached as one likes (n1 on GCP) counts without
any: its price is without them, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from infra.cost.types import NodeType
from policies import hardware

ARM = re.compile(r"[a-z]+\d+g[a-z]*\.")
"""Machines of AWS with its own processors: a g after the generation, as in m7g.large."""


@cache
def machines() -> Mapping[tuple[str, str], NodeType]:
    """All of them, by provider and name."""
    return {(each.provider, each.name): _whole(each) for each in hardware.node_types().values()}


def find(provider: str, name: str) -> NodeType | None:
    """The machine of that name."""
    return machines().get((provider, name))


def names(provider: str) -> tuple[str, ...]:
    """What a provider sells, in the order of the table."""
    return tuple(name for owner, name in machines() if owner == provider)


def gpu_memory(product: str) -> int:
    """Bytes of one GPU by its label nvidia.com/gpu.product; 0 where that is not known."""
    return hardware.gpu_memory(product) or 0


def _whole(node: NodeType) -> NodeType:
    arch = "arm64" if node.provider == "aws" and ARM.match(node.name) else node.arch
    if node.gpu_product is None:
        return replace(node, gpus=0, arch=arch)
    return replace(node, gpu_memory_bytes=gpu_memory(node.gpu_product), arch=arch)
