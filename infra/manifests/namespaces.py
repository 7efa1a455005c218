"""The namespaces of a stack: which pods they admit."""

from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan

# Newer than the oldest cluster that is supported; an older cluster then applies its own latest rules.
POD_SECURITY_VERSION = "v1.36"


def namespaces(plan: Plan) -> list[Manifest]:
    """One, so far."""
    return [namespace(plan)]


def namespace(plan: Plan) -> Manifest:
    """The namespace; it admits only pods that pass `restricted`."""
    rules = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "audit", "warn")
        for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
    }
    return manifest("v1", "Namespace", plan.namespace, None, {**common_labels(plan), **rules})
