"""Places of the plan, in the words of Kubernetes."""

from typing import Any

from infra.manifests.placement import placement, where
from infra.plan import Tier
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, model, one

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def rendered(*groups: dict[str, Any]) -> list[tuple[Tier, dict[str, Any]]]:
    """Each tier of the only model with its fields."""
    found = model(*groups)
    return [(tier, placement(found, tier)) for tier in found.tiers]


def test_each_alternative_holds_together_with_all_that_is_required() -> None:
    """Terms of an affinity are alternatives: what must hold in any case is in each."""
    (_, base), _ = rendered(BURST, KEDA, one(GPU, profile="gpu24-20g"))
    terms = base["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    assert len(terms) == 3
    for term in terms:
        operators = [each["operator"] for each in term["matchExpressions"]]
        assert operators == ["In", "NotIn", "NotIn", "NotIn", "NotIn"]


def test_a_burst_requires_nothing_of_a_node() -> None:
    """With spot gone it runs on demand."""
    _, (_, burst) = rendered(BURST, KEDA, one("legal"))
    assert REQUIRED not in burst["affinity"]["nodeAffinity"]
    preferred = burst["affinity"]["nodeAffinity"][PREFERRED]
    assert all(0 < each["weight"] <= 100 for each in preferred)


def test_models_on_processors_share_nodes_but_not_with_their_own_replicas() -> None:
    """Those are spread."""
    ((_, found),) = rendered(one("legal"))
    (near,) = found["affinity"]["podAffinity"][PREFERRED]
    selector = near["podAffinityTerm"]["labelSelector"]
    assert selector["matchLabels"]["slipway.dev/hardware"] == "cpu"
    assert selector["matchExpressions"] == [{"key": "slipway.dev/model", "operator": "NotIn", "values": ["legal"]}]
    ((_, gpu),) = rendered(one(GPU, profile="gpu24-20g"))
    assert "podAffinity" not in gpu["affinity"]


def test_each_tier_is_spread_by_itself() -> None:
    """Rather uneven than pending."""
    for tier, found in rendered(BURST, one("legal")):
        (spread,) = found["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"]["slipway.dev/tier"] == tier.name
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway"


def test_a_scheduler_is_named_only_where_one_is_set() -> None:
    """The field has a default of its own."""
    ((_, found),) = rendered({"cluster": {"scheduler": "packing"}}, one("legal"))
    assert found["schedulerName"] == "packing"
    ((_, plain),) = rendered(one("legal"))
    assert "schedulerName" not in plain


def test_what_shares_a_volume_with_a_tier_goes_where_it_can_be() -> None:
    """Requirements and tolerations; no preference, no spread."""
    (base, _), (burst, _) = rendered(BURST, one(GPU, profile="gpu24-20g"))
    assert where(base).keys() == {"tolerations", "affinity"}
    assert PREFERRED not in where(burst)["affinity"]["nodeAffinity"]
