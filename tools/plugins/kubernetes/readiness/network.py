"""Service and Ingress: ready when there is something behind them, and an address in front where there should be one.

Endpoints come one after the other, so no verdict before they have been quiet for a while. A Service that selects no
pod at all is ready: in the same update, its pods may come later.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.plugins.kubernetes.objects import child, items, name_of, section
from tools.plugins.kubernetes.readiness.verdict import Verdict, View
from tools.plugins.kubernetes.values import Object

SETTLED_S = 10.0
SERVICE_LABEL = "kubernetes.io/service-name"


def service(view: View) -> Verdict:
    """Its selected pods are ready, and a load balancer has an address."""
    live = view.live
    kind = child(live, "spec", "type") or "ClusterIP"
    has_address = kind != "LoadBalancer" or bool(items(live, "status", "loadBalancer", "ingress"))
    problems = (
        [] if has_address else ["Service was not allocated an IP address; does your cloud provider support this?"]
    )
    progress = "" if has_address else "Attempting to allocate IP address to Service"
    if not _selects_pods(live):
        return Verdict(is_ready=has_address, progress=progress, problems=tuple(problems))
    states = [state for one in view.of_kind("EndpointSlice") for state in _endpoint_states(one)]
    is_settled = bool(view.of_kind("EndpointSlice")) and view.quiet_s >= SETTLED_S
    if True not in states:
        problems.insert(
            0,
            "Service does not target any Pods. Selected Pods may not be ready, or "
            "field '.spec.selector' may not match labels on any Pods",
        )
    return Verdict(
        is_ready=has_address and is_settled and False not in states,
        progress=progress if is_settled and True in states else "Finding Pods to direct traffic to",
        problems=tuple(problems),
    )


def ingress(view: View) -> Verdict:
    """Every Service that it names is there, and its controller has given it an address."""
    live = view.live
    has_address = bool(items(live, "status", "loadBalancer", "ingress"))
    external = {name_of(one) for one in view.of_kind("Service") if child(one, "spec", "type") == "ExternalName"}
    served = {section(one, "metadata", "labels").get(SERVICE_LABEL) for one in view.of_kind("EndpointSlice")}
    lacking = [name for name in backends(live) if name not in external | served]
    if has_address and (not lacking or view.quiet_s >= SETTLED_S):
        return Verdict(is_ready=True)
    problems = [f'no Service "{name}" is behind a rule of this Ingress' for name in lacking]
    if not has_address:
        name = child(live, "spec", "ingressClassName")
        controller = f'the controller of class "{name}"' if name else "an Ingress controller"
        problems.append(
            f"Ingress .status.loadBalancer was not updated with a hostname or IP address: is {controller} there?"
        )
    return Verdict(
        is_ready=False,
        progress="Finding a matching service for each Ingress path"
        if lacking
        else "Waiting for update of .status.loadBalancer with hostname/IP",
        problems=tuple(problems),
    )


def backends(live: Object) -> list[str]:
    """The Services that the rules of an Ingress name."""
    names = (
        child(path, "backend", "service", "name")
        for rule in items(live, "spec", "rules")
        for path in items(rule, "http", "paths")
    )
    return list(dict.fromkeys(name for name in names if name))


def _selects_pods(live: Object) -> bool:
    is_plain = child(live, "spec", "type") != "ExternalName" and child(live, "spec", "clusterIP") != "None"
    return is_plain and bool(section(live, "spec", "selector"))


def _endpoint_states(slice_: Object) -> Iterator[bool]:
    """For each pod behind a Service whether it is ready; pods on their way out do not count."""
    for endpoint in items(slice_, "endpoints"):
        conditions = section(endpoint, "conditions")
        if conditions.get("ready") is not False:
            yield True
        elif not conditions.get("terminating"):
            yield False
