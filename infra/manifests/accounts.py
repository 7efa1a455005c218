"""Identities of pods: one service account for each role, without a token and without a right.

Nothing here talks to the Kubernetes API, so there is no Role and no binding at all, and none to forget. The server
reads its models.json from a mounted ConfigMap; fill and pull Jobs know one volume and one file; a backup copies mounted
volumes and ConfigMaps instead of listing objects; scaling, monitoring and certificates are done by their operators,
with accounts of their own. The accounts tell roles apart for whoever grants something from outside, such as a cloud's
workload identity for the bucket of backups: what is granted to one role is nothing that a model could use.
"""

from collections.abc import Iterator

from infra import names
from infra.manifests.fetch import role_of
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan


def accounts(plan: Plan) -> list[Manifest]:
    """One for each role that has pods."""
    return [service_account(plan, role) for role in sorted(set(_roles(plan)))]


def _roles(plan: Plan) -> Iterator[str]:
    yield names.ROLE_MODEL
    yield from (role_of(model.weights) for model in plan.models if model.weights.filled)
    if plan.backup is not None:
        yield names.ROLE_BACKUP
    if plan.sidecars.monitor is not None:
        yield names.ROLE_MONITOR


def service_account(plan: Plan, role: str) -> Manifest:
    """An identity without a token.

    It carries the registry's login for its pods; the Secret itself is the operator's, so that it is in no state.
    """
    secret = plan.image.pull_secret
    login: Manifest = {"imagePullSecrets": [{"name": secret}]} if secret else {}
    labels = {**common_labels(plan), names.ROLE_LABEL: role}
    return manifest(
        "v1", "ServiceAccount", names.account(role), plan.namespace, labels, automountServiceAccountToken=False, **login
    )
