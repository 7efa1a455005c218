"""Resources of a preview or a state that are no Kubernetes objects: counted and named, for nothing here prices them.

Not told are components, which cost nothing by themselves, and providers whose resources are no things that one pays.
Clusters and node pools are told, too, but not as missing: the settings say what they cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra.cost.types import Unpriced

KUBERNETES: Final = "kubernetes"
FREE: Final = frozenset(
    {"pulumi", "docker", "docker-build", "random", "command", "tls", "time", "local", "null", "std", "archive", "http"}
)
PRICED_BY_SETTINGS: Final = re.compile(
    r"eks[/:].*(cluster|nodegroup|addon|fargateprofile|podidentity)|container[/:].*(cluster|nodepool)|"
    r"containerservice[/:].*(managedcluster|agentpool|kubernetescluster)|karpenter",
    re.IGNORECASE,
)
MAX_NAMED: Final = 5


def others(resources: Iterable[Mapping[str, Any]]) -> Iterator[Unpriced]:
    """One entry for each provider: the total lacks what they cost."""
    missing: dict[str, list[str]] = {}
    told: dict[str, list[str]] = {}
    num_read = 0
    for resource in resources:
        kind = str(resource.get("type"))
        package = kind.partition(":")[0]
        if resource.get("custom") is False or package in (KUBERNETES, *FREE) or kind.startswith("pulumi:"):
            continue
        if resource.get("external"):
            num_read += 1
            continue
        name = f"{kind} {str(resource.get('urn')).rpartition('::')[2]}"
        (told if PRICED_BY_SETTINGS.search(kind) else missing).setdefault(package, []).append(name)
    for package, names in missing.items():
        yield Unpriced(_title(package, names), f"not priced here: {_named(names)}")
    for package, names in told.items():
        text = f"priced as the settings say, not as it is set: {_named(names)}"
        yield Unpriced(_title(package, names), text, is_total_wrong=False)
    if num_read:
        text = "only read by this stack: who made them pays"
        yield Unpriced(f"{num_read} resources of other stacks", text, is_total_wrong=False)


def _title(package: str, names: list[str]) -> str:
    return f"{len(names)} resource{'s' if len(names) > 1 else ''} of {package}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"
