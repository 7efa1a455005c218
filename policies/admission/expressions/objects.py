"""Services, Ingresses, namespaces, Jobs, budgets, network policies in CEL."""

from __future__ import annotations

from typing import Final

from policies.admission.cel import Expressions, Table, either, every, literal
from policies.rules import exposure, ingress, namespaces, rollout, services
from policies.rules.jobs import KEPT, TTL
from policies.settings import Settings

ANNOTATIONS: Final = "variables.object.metadata.?annotations"


def _public_service(settings: Settings) -> Expressions:
    name = "variables.object.metadata.?namespace.orValue('default') + '/' + variables.object.metadata.name"
    kind = "variables.object.spec.?type.orValue('ClusterIP')"
    internal = [
        f"{ANNOTATIONS}[?{literal(key)}].orValue('').lowerAscii() == {literal(value)}"
        for key, value in sorted(services.INTERNAL)
    ]
    return Expressions(
        object=either(
            f"!({kind} in ['NodePort', 'LoadBalancer'])",
            f"({name}) in {literal(settings.public_services)}",
            every(f"{kind} == 'LoadBalancer'", either(*internal)),
        )
    )


def _required_labels(settings: Settings) -> Expressions:
    labels = "variables.object.metadata.?labels"
    any_of = [
        either(*(f"{labels}[?{literal(name)}].orValue('') != ''" for name in label.split("|")))
        for label in settings.required_labels
    ]
    return Expressions(object=every(*any_of)) if any_of else Expressions()


def _job_bounds() -> Expressions:
    cron, job = "variables.object.spec.jobTemplate.spec", "variables.object.spec"
    kept = f"{ANNOTATIONS}[?{literal(KEPT[-1])}].orValue('') == 'true'"
    limits = [f"{job}.?{field}.hasValue()" for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")]
    of_cron = every(*_bounds(cron), *limits, f"!{cron}.?{TTL}.hasValue()")
    of_job = every(*_bounds(job), either(f"{job}.?{TTL}.hasValue()", kept))
    return Expressions(object=f"object.kind == 'CronJob' ? ({of_cron}) : ({of_job})")


def _bounds(job: str) -> list[str]:
    return [f"{job}.?{field}.hasValue()" for field in ("backoffLimit", "activeDeadlineSeconds")]


def _ingress_tls() -> str:
    spec = "variables.object.spec"
    tls, rules = f"{spec}.?tls.orValue([])", f"{spec}.?rules.orValue([])"
    host = "rule.?host.orValue('')"
    is_local = either(f"{host} == 'localhost'", f"{host}.endsWith('.localhost')")
    wildcard = f"name == '*.' + {host}.substring({host}.indexOf('.') + 1)"
    covers = either(f"name == {host}", every(f"{host}.contains('.')", wildcard))
    covered = f"{tls}.exists(entry, size(entry.?hosts.orValue([])) == 0 || entry.hosts.exists(name, {covers}))"
    nothing_to_cover = every(f"!{spec}.?defaultBackend.hasValue()", f"{rules}.all(rule, {is_local})")
    plain = [f"{ANNOTATIONS}[?{literal(key)}].orValue('') != {literal(value)}" for key, value in sorted(ingress.PLAIN)]
    all_covered = f"{rules}.all(rule, {either('!has(rule.host)', is_local, covered)})"
    return every(f"size({tls}) == 0 ? {nothing_to_cover} : {all_covered}", *plain)


def _no_snippets() -> str:
    field, key = ingress.ALLOWING
    allowed = f"variables.object.?{field}[?{literal(key)}].orValue('') == 'true'"
    value = f"{ANNOTATIONS}[?name].orValue('')"
    injected = every("name.contains('nginx')", f"{value}.matches({literal(ingress.INJECTED.pattern)})")
    bad = either("name.contains('snippet')", "name.endsWith('/server-alias')", injected)
    return f"object.kind == 'ConfigMap' ? !({allowed}) : {ANNOTATIONS}.orValue({{}}).all(name, !({bad}))"


def _namespace_labels(settings: Settings) -> Expressions:
    levels = sorted({"restricted", settings.pod_security_level})
    (major, oldest), (_, newest) = namespaces.OLDEST, settings.kubernetes_version
    versions = ["latest", *(f"v{major}.{minor}" for minor in range(oldest, newest + 1))]
    labels = "variables.object.metadata.?labels"
    wanted = ((namespaces.LABEL, levels), (namespaces.VERSION_LABEL, versions))
    return Expressions(object=every(*(f"{labels}[?{literal(key)}].orValue('') in {literal(of)}" for key, of in wanted)))


def _rolling() -> str:
    spec = "variables.object.spec"
    chosen = f"(object.kind == 'Deployment' ? {spec}.?strategy : {spec}.?updateStrategy).?type.orValue('')"
    claims = f"{spec}.template.spec.?volumes.orValue([]).exists(volume, has(volume.persistentVolumeClaim))"
    return either(f"{chosen} in {literal(rollout.ROLLING)}", every(f"{chosen} == 'Recreate'", claims))


def _no_metadata_egress() -> str:
    """Of the rule, what it says of network policies."""
    reaches = []
    for network in exposure.METADATA:
        has_it = f"containsIP({literal(str(network.network_address))})"
        excepted = f"peer.ipBlock.?except.orValue([]).exists(but, cidr(but).{has_it})"
        reaches.append(every(f"cidr(peer.ipBlock.cidr).{has_it}", f"!{excepted}"))
    peer = either("!has(peer.ipBlock)", f"!({either(*reaches)})")
    to = "rule.?to.orValue([])"
    return f"variables.object.spec.?egress.orValue([]).all(rule, size({to}) > 0 && {to}.all(peer, {peer}))"


TABLE: Final[Table] = {
    "service-not-public": _public_service,
    "no-external-ips": Expressions(object="size(variables.object.spec.?externalIPs.orValue([])) == 0"),
    "required-labels": _required_labels,
    "job-ttl": _job_bounds(),
    "ingress-tls": Expressions(object=_ingress_tls()),
    "ingress-no-snippets": Expressions(object=_no_snippets()),
    "namespace-not-default": Expressions(
        object="object.metadata.namespace != 'default' && !object.metadata.namespace.startsWith('kube-')",
        kinds=namespaces.NAMESPACED,
    ),
    "namespace-pss-enforced": _namespace_labels,
    "pdb-unhealthy-eviction": Expressions(object="variables.object.spec.?unhealthyPodEvictionPolicy.hasValue()"),
    "rolling-update-strategy": Expressions(object=_rolling()),
    "no-metadata-egress": Expressions(object=_no_metadata_egress(), kinds=frozenset({"NetworkPolicy"})),
    "no-naked-pod": Expressions(object="size(variables.object.metadata.?ownerReferences.orValue([])) > 0"),
}
