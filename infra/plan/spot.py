"""What each provider calls its spot nodes, and how much time it gives before it takes one back."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SpotNodes:
    """How a platform marks them: label, value, whether a taint of the same key and value keeps others away.

    `grace_s` is the most that a pod may ask for between the notice and the end.
    """

    provider: str
    label: str
    value: str
    is_tainted: bool
    grace_s: int


SPOT_NODES: Final = (
    SpotNodes("gcp", "cloud.google.com/gke-spot", "true", is_tainted=True, grace_s=25),
    SpotNodes("aws", "eks.amazonaws.com/capacityType", "SPOT", is_tainted=False, grace_s=110),
    SpotNodes("aws", "karpenter.sh/capacity-type", "spot", is_tainted=False, grace_s=110),
    SpotNodes("azure", "kubernetes.azure.com/scalesetpriority", "spot", is_tainted=True, grace_s=25),
)


def nodes_of(provider: str) -> tuple[SpotNodes, ...]:
    """Of one provider; where it is not known, of all."""
    return tuple(each for each in SPOT_NODES if provider in ("other", each.provider))


def grace_s(provider: str) -> int:
    """Of a pod on spot nodes; where the provider is not known, the shortest."""
    return min(each.grace_s for each in nodes_of(provider))
