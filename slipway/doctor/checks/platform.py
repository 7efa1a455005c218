"""Kubernetes itself: its version, our rights in it, Pod Security, names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slipway.doctor import answers as paths
from slipway.doctor.answers import Answers, Right
from slipway.doctor.cluster import Cluster
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs

OLDEST: Final = (1, 33)
VERBS: Final = ("create", "patch", "delete")
ANYTHING: Final[Right] = ("*", "*", "*", "")
ENFORCE: Final = "pod-security.kubernetes.io/enforce"


def version(cluster: Cluster, _needs: Needs) -> Iterator[Finding]:
    """The oldest Kubernetes whose API has all that the objects use."""
    found = ".".join(map(str, cluster.version))
    oldest = ".".join(map(str, OLDEST))
    if cluster.version >= OLDEST:
        yield Finding("version", "Kubernetes", State.HAS, found, is_needed=True)
    else:
        without = "fields that it does not know would be dropped in silence: nothing is promised"
        yield Finding(
            "version", "Kubernetes", State.LACKS, f"{found}; {oldest} or newer is needed", without, is_needed=True
        )


def wanted_rights(answers: Answers, needs: Needs) -> Iterator[Right]:
    """What `up` and `destroy` do to each kind of the stack; kinds that are not there are told elsewhere."""
    cluster = Cluster(answers)
    if needs.stack:
        yield ANYTHING
    for api_version, kind, namespace in sorted(needs.kinds):
        plural = cluster.plural(api_version, kind)
        if plural:
            yield from ((verb, api_version.rpartition("/")[0], plural, namespace) for verb in VERBS)


def rights(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Whether this user may do what `up` does."""
    if not needs.stack:
        return
    asked = cluster.answers.rights
    refused = sorted(right for right, may in asked.items() if not may and right != ANYTHING)
    if asked.get(ANYTHING) or not refused:
        yield Finding("rights", "rights of this user", State.HAS, "all that `pulumi up` does", is_needed=True)
        return
    told = [f"{verb} {plural}{f'.{group}' if group else ''}{f' in {where}' if where else ''}"
            for verb, group, plural, where in refused]  # fmt: skip
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    without = "`pulumi up` stops at the first object that it may not write"
    yield Finding(
        "rights", "rights of this user", State.LACKS, f"may not {', '.join(told[:5])}{more}", without, is_needed=True
    )


def pod_security(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Built in since 1.25, and seen only where a namespace asks for it."""
    namespaces = [cluster.answers.bodies.get(f"/api/v1/namespaces/{name}") for name in needs.namespaces]
    levels = {(each["metadata"].get("labels") or {}).get(ENFORCE, "none") for each in namespaces if each}
    if not levels:
        said = "built in; it shows when the stack's namespace is there"
        yield Finding("pod-security", "Pod Security admission", State.HAS, said)
    elif levels == {"restricted"}:
        yield Finding("pod-security", "Pod Security admission", State.HAS, "enforces `restricted`", is_needed=True)
    else:
        said = f"the stack's namespace enforces {', '.join(sorted(levels))}"
        without = "other pods in it may be privileged; the next `pulumi up` puts the label back"
        yield Finding("pod-security", "Pod Security admission", State.LACKS, said, is_needed=False, without=without)


def dns(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Names of services: the gateway and downloads go by them."""
    if cluster.answers.items(paths.DNS_SERVICES):
        yield Finding(
            "dns", "cluster DNS", State.HAS, "service with the label k8s-app=kube-dns", is_needed=bool(needs.stack)
        )
        return
    said = "no service has the label k8s-app=kube-dns"
    without = "network policies open DNS to pods with that label only: weights can't be downloaded by name"
    state = State.LACKS if cluster.answers.is_known(paths.DNS_SERVICES) else State.UNSURE
    yield Finding("dns", "cluster DNS", state, said, without, is_needed=bool(needs.stack))
