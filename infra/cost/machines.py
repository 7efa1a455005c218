"""The machines that providers sell, as the packing buys them.

Knows the project's table of machines. One to which GPUs are attached as one likes (n1 on GCP) counts without any: its
price is without them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from infra import hardware
from infra.cost.types import NodeType


@cache
def machines() -> Mapping[tuple[str, str], NodeType]:
    """All of them, by provider and name."""
    return {
        (each.provider, each.name): each if each.gpu_product else replace(each, gpus=0)
        for each in hardware.node_types().values()
    }


def find(provider: str, name: str) -> NodeType | None:
    """The machine of that name."""
    return machines().get((provider, name))


def names(provider: str) -> tuple[str, ...]:
    """What a provider sells, in the order of the table."""
    return tuple(name for owner, name in machines() if owner == provider)
