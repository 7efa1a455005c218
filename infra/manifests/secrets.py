"""Secrets: made of secure settings, or by the External Secrets operator; those made by hand need no object."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan, SecretPlan

LOGIN: Final = "kubernetes.io/dockerconfigjson"


def secrets(plan: Plan, values: Mapping[str, Any]) -> list[Manifest]:
    """One for each of `plan.secrets`; `values` has the plain ones by use. One without its value is not made."""
    return [made for one in plan.secrets for made in _made(plan, one, values)]


def _made(plan: Plan, one: SecretPlan, values: Mapping[str, Any]) -> Iterator[Manifest]:
    if one.source == "external":
        yield _external(plan, one)
    elif one.source == "plain" and one.use in values:
        data = {one.key: values[one.use]}
        labels = common_labels(plan)
        yield manifest("v1", "Secret", one.name, plan.namespace, labels, type=_type(one), stringData=data)


def _external(plan: Plan, one: SecretPlan) -> Manifest:
    """The operator makes the Secret and keeps it as the store has it; without a store it stays as it was last."""
    store = plan.secret_store
    spec = {
        "refreshInterval": f"{store.refresh_s}s",
        "secretStoreRef": {"kind": store.store_kind, "name": store.store},
        "target": {
            "name": one.name,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": {"type": _type(one)},
        },
        "data": [{"secretKey": one.key, "remoteRef": {"key": one.remote_key}}],
    }
    labels = common_labels(plan)
    return manifest("external-secrets.io/v1", "ExternalSecret", one.name, plan.namespace, labels, spec=spec)


def _type(one: SecretPlan) -> str:
    return LOGIN if one.use == "registry-login" else "Opaque"
