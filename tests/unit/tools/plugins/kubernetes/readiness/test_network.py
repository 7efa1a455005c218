"""Services and Ingresses: something behind, an address in front."""

from __future__ import annotations

from typing import Any

import pytest

from tools.plugins.kubernetes.readiness.network import SETTLED_S, ingress, service
from tools.plugins.kubernetes.readiness.verdict import Verdict, View


def endpoints(*states: tuple[bool, bool], name: str = "web") -> dict[str, Any]:
    """A slice whose pods are (ready, on their way out)."""
    return {
        "metadata": {"labels": {"kubernetes.io/service-name": name}},
        "endpoints": [{"conditions": {"ready": ready, "terminating": going}} for ready, going in states],
    }


def of_service(*slices: dict[str, Any], quiet_s: float = SETTLED_S, status: Any = None, **spec: Any) -> Verdict:
    """The verdict on a Service that selects pods."""
    live = {"spec": {"selector": {"app": "x"}, **spec}, "status": status or {}}
    return service(View(live, related={"EndpointSlice": list(slices)}, quiet_s=quiet_s))


def test_a_service_is_ready_when_all_its_pods_are_and_nothing_moves_any_more() -> None:
    """Endpoints come one after the other."""
    assert of_service(endpoints((True, False))).is_ready
    assert not of_service(endpoints((True, False)), quiet_s=SETTLED_S - 1).is_ready
    assert not of_service(endpoints((True, False), (False, False))).is_ready
    assert not of_service().is_ready


def test_pods_on_their_way_out_do_not_count() -> None:
    """A rollout leaves some behind."""
    assert of_service(endpoints((True, False), (False, True))).is_ready


def test_a_service_that_selects_no_pod_yet_is_ready_and_says_so_if_it_fails() -> None:
    """Its pods may come later in the same update."""
    assert of_service(endpoints()).is_ready
    assert "does not target any Pods" in of_service(endpoints((False, False))).problems[0]


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": {}}])
def test_services_that_lead_to_no_pods_are_ready_at_once(spec: dict[str, Any]) -> None:
    """Headless, by name, or with endpoints made by hand."""
    assert of_service(**spec).is_ready


def test_a_load_balancer_needs_an_address() -> None:
    """Even without pods to wait for."""
    waiting = of_service(endpoints((True, False)), type="LoadBalancer")
    assert not waiting.is_ready
    assert waiting.progress == "Attempting to allocate IP address to Service"
    assert "was not allocated an IP address" in waiting.problems[-1]
    given = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    assert of_service(endpoints((True, False)), type="LoadBalancer", status=given).is_ready


def of_ingress(*services: str, address: bool = True, quiet_s: float = 0, external: str = "") -> Verdict:
    """The verdict on an Ingress with two paths."""
    paths = [{"backend": {"service": {"name": name}}} for name in ("web", "api", "web")]
    live = {
        "spec": {"ingressClassName": "lane", "rules": [{"http": {"paths": paths}}, {"host": "bare"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}] if address else []}},
    }
    named = [{"metadata": {"name": external}, "spec": {"type": "ExternalName"}}] if external else []
    slices = [endpoints((True, False), name=name) for name in services]
    return ingress(View(live, related={"EndpointSlice": slices, "Service": named}, quiet_s=quiet_s))


def test_an_ingress_is_ready_with_an_address_and_a_service_for_each_path() -> None:
    """One that points elsewhere by name has no endpoints."""
    assert of_ingress("web", "api").is_ready
    assert of_ingress("web", external="api").is_ready


def test_an_ingress_without_an_address_names_its_class() -> None:
    """The controller of that class may not be there."""
    verdict = of_ingress("web", "api", address=False)
    assert not verdict.is_ready
    assert verdict.progress == "Waiting for update of .status.loadBalancer with hostname/IP"
    assert 'the controller of class "lane"' in verdict.problems[0]


def test_a_missing_service_is_waited_for_but_not_for_ever() -> None:
    """It may never come, and the Ingress works for the other paths."""
    waiting = of_ingress("web", quiet_s=SETTLED_S - 1)
    assert not waiting.is_ready
    assert waiting.problems == ('no Service "api" is behind a rule of this Ingress',)
    assert of_ingress("web", quiet_s=SETTLED_S).is_ready
