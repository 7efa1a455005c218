"""How a cluster's parts show in its answers."""

import pytest

from slipway.doctor import answers as paths
from slipway.doctor.cluster import resources_path
from tests.unit.slipway.doctor.recorded import an, api_service, cluster, groups, listed, running


@pytest.mark.parametrize(("minor", "found"), [("36", (1, 36)), ("33+", (1, 33)), ("", (1, 0))])
def test_a_version_is_two_numbers(minor: str, found: tuple[int, int]) -> None:
    """Some providers add a plus."""
    assert cluster(minor=minor).version == found


def test_groups_and_kinds_are_those_that_are_served() -> None:
    """A subresource is no kind of its own."""
    resources = [{"name": "things/status", "kind": "Thing"}, {"name": "things", "kind": "Thing"}]
    served = cluster({paths.GROUPS: groups("a.b/v1"), resources_path("a.b/v1"): {"resources": resources}})
    assert served.has_group("a.b")
    assert not served.has_group("b")
    assert served.plural("a.b/v1", "Thing") == "things"
    assert served.plural("a.b/v1", "Other") is None
    assert resources_path("v1") == "/api/v1"


def test_what_runs_is_known_by_its_name_or_its_own_label() -> None:
    """With a ready pod; a chart's release name may be in front."""
    found = cluster(
        {
            paths.DEPLOYMENTS: listed(running("release-keda-operator"), an("cert-manager", status={})),
            paths.DAEMON_SETS: listed(an("x", {"k8s-app": "calico-node"}, status={"numberReady": 3})),
        }
    )
    assert found.running("keda-operator")
    assert found.running("calico-node")
    assert not found.running("cert-manager")


def test_an_aggregated_api_serves_only_while_it_is_available() -> None:
    """It may be registered, and its server gone."""
    found = cluster({paths.API_SERVICES: listed(api_service("a"), api_service("b", is_available=False))})
    assert [found.serves(name) for name in "abc"] == [True, False, False]


def test_gateway_classes_tell_whether_anyone_has_accepted_them() -> None:
    """Also those without a status."""
    accepted = an("a", status={"conditions": [{"type": "Accepted", "status": "True"}]})
    assert cluster({paths.GATEWAY_CLASSES: listed(accepted, an("b"))}).gateway_classes == {"a": True, "b": False}
