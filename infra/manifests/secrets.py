"""Secrets: made of secure settings, or by the External Secrets operator; those made by hand need no object."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan, SecretPlan

LOGIN: Final = "kubernetes.io/dockerconfigjson"
OPAQUE: Final = "Opaque"


def secrets(plan: Plan, values: Mapping[str, Any]) -> list[Manifest]:
    """One for each of `plan.secrets`; `values` has the plain ones by use. One without its value is not made."""
    of_sidecars = [_external(plan, one.name, OPAQUE, one.remote_keys) for one in plan.sidecars.secrets]
    return [made for one in plan.secrets for made in _made(plan, one, values)] + of_sidecars


def _made(plan: Plan, one: SecretPlan, values: Mapping[str, Any]) -> Iterator[Manifest]:
    if one.remote_key is not None:
        yield _external(plan, one.name, _type(one), {one.key: one.remote_key})
    elif one.source == "plain" and one.use in values:
        data = {one.key: values[one.use]}
        labels = common_labels(plan)
        yield manifest("v1", "Secret", one.name, plan.namespace, labels, type=_type(one), stringData=data)


def _external(plan: Plan, name: str, kind: str, remote_keys: Mapping[str, str]) -> Manifest:
    """The operator makes the Secret and keeps it as the store has it; without a store it stays as it was last."""
    store = plan.secret_store
    spec = {
        "refreshInterval": f"{store.refresh_s}s",
        "secretStoreRef": {"kind": store.store_kind, "name": store.store},
        "target": {
            "name": name,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": {"type": kind},
        },
        "data": [{"secretKey": key, "remoteRef": {"key": remote}} for key, remote in remote_keys.items()],
    }
    labels = common_labels(plan)
    return manifest("external-secrets.io/v1", "ExternalSecret", name, plan.namespace, labels, spec=spec)


def _type(one: SecretPlan) -> str:
    return LOGIN if one.use == "registry-login" else OPAQUE
