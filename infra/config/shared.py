"""`cluster.kind: stack`: what the stack of a shared cluster says, put where the stack file says nothing. Pure.

The kubeconfig is not among it: it goes as a secret from that stack's state to the provider, and never through here.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infra.config.cluster import STACK_NAME
from infra.errors import ConfigError

KUBECONFIG: Final = "kubeconfig"
NEEDED: Final = (KUBECONFIG, "context")
PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "context": ("cluster", "context"),
    "provider": ("cluster", "provider"),
    "version": ("cluster", "version"),
    "topology": ("cluster", "topology"),
    "ingress_class": ("edge", "class"),
    "ingress_namespace": ("edge", "from_namespace"),
    "issuer": ("edge", "issuer"),
    "weights_class": ("storage", "weights_class"),
    "data_class": ("storage", "data_class"),
}
"""Output -> the setting that it stands for. The first of NEEDED aside, all are texts."""
TLS: Final = frozenset({"tls", "tls_secret", "issuer"})

OutputsOf = Callable[[str], Mapping[str, Any]]


def stack_of(raw: Mapping[str, Any]) -> str | None:
    """The stack that is asked for, where one is; what is wrong about it is told when the settings are parsed."""
    cluster = raw.get("cluster")
    if not isinstance(cluster, dict) or cluster.get("kind") != "stack":
        return None
    name = cluster.get("stack")
    return name if isinstance(name, str) and STACK_NAME.fullmatch(name) else None


def fill(raw: Mapping[str, Any], outputs_of: OutputsOf) -> dict[str, Any]:
    """The settings with what the cluster's stack says. ConfigError tells every output that is missing or no text."""
    name = stack_of(raw)
    if name is None:
        return dict(raw)
    outputs = outputs_of(name)
    if problems := list(_problems(name, outputs)):
        raise ConfigError(problems)
    filled = dict(raw)
    for output, (group, key) in PLACES.items():
        own = filled.get(group, {})
        if output not in outputs or not isinstance(own, dict) or key in own:
            continue
        if key == "issuer" and TLS & set(own):  # it was decided here how certificates come
            continue
        filled[group] = {**own, key: outputs[output]}
    return filled


def _problems(name: str, outputs: Mapping[str, Any]) -> Iterator[str]:
    known, needed = ", ".join(sorted(outputs)) or "none", ", ".join(NEEDED)
    for output in NEEDED:
        if output not in outputs:
            yield f"slipway:cluster.stack: {name} has no output {output!r}; it has: {known}; needed: {needed}"
    for output in PLACES:
        if output in outputs and not isinstance(outputs[output], str):
            yield f"slipway:cluster.stack: the output {output!r} of {name} is a secret or no text; allowed: a text"
