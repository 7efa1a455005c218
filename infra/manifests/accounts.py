"""Identities of pods, and the few rights that any has."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan


def accounts(plan: Plan) -> list[Manifest]:
    """Service accounts, then roles and who has them."""
    return [service_account(plan)]


def service_account(plan: Plan) -> Manifest:
    """An identity without a token: neither the server nor the Jobs talk to the Kubernetes API.

    It carries the registry's login for all pods; the Secret itself is the operator's, so that it is in no state.
    """
    secret = plan.image.pull_secret
    login: Manifest = {"imagePullSecrets": [{"name": secret}]} if secret else {}
    return manifest(
        "v1",
        "ServiceAccount",
        names.SERVICE_ACCOUNT,
        plan.namespace,
        common_labels(plan),
        automountServiceAccountToken=False,
        **login,
    )
