"""GPUs and machines by the names that node labels give them: how much memory, CPU and how many GPUs they have.

Knows the tables of infra/data. Knows no pod and no rule. A name that is in no table has no size: nothing is concluded
from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from infra.hardware import accelerators
from infra.hardware import node_types as node_types
from infra.units import GI, MI

_SLICE = re.compile(r"[0-9]+g\.([0-9]{1,9})gb")


def gpu_memory(name: str) -> int | None:
    """Bytes of one GPU of that name, of a slice such as `mig-1g.10gb`, or of one GPU of the machine of that name.

    None where the name does not tell: it is in no table, or stands for several sizes, as `a100` does.
    """
    if part := _SLICE.search(name):
        return int(part[1]) * GI
    return _memory().get(_plain(name))


def is_known(name: str) -> bool:
    """Whether it names a GPU, a slice of one, or a machine."""
    return _plain(name) in _memory() or bool(_SLICE.search(name))


@cache
def machines(name: str) -> frozenset[str]:
    """The machines that a name means: the one of that name, a family such as `g5`, or all with a GPU of that name.

    A GPU that some machine has may also be attached to those to which one attaches GPUs as one likes. Nothing for a
    name that is in no table.
    """
    product = _products().get(_plain(name))
    by_gpu = {each.name for each in node_types().values() if product and each.gpu_product == product}
    attached = {each.name for each in node_types().values() if by_gpu and each.gpus and each.gpu_product is None}
    return frozenset(by_gpu | attached | {each for each in node_types() if name in (each, each.split(".")[0])})


@cache
def _products() -> Mapping[str, str]:
    """The first name of every GPU, by all its names."""
    return {_plain(name): entry["names"][0] for entry in accelerators() for name in entry["names"]}


@cache
def _memory() -> Mapping[str, int | None]:
    """Of one GPU, by the names of GPUs and of machines; None for a machine without one, or whose name does not tell."""
    gpus = {
        _plain(name): entry["memory_mib"] * MI if "memory_mib" in entry else None
        for entry in accelerators()
        for name in entry["names"]
    }
    machines = {_plain(each.name): gpus.get(_plain(str(each.gpu_product))) for each in node_types().values()}
    return {**machines, **gpus}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("nvidia-")
