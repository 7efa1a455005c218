"""Secrets as files of a container: in no variable, which every child process and every crash report would have."""

from typing import Final

from infra import names
from infra.manifests.objects import Manifest
from infra.plan import Plan, SecretPlan

READABLE: Final = 0o440
"""By the group, which is that of all our pods."""
TOLD_BY: Final = {"hub-token": "HF_TOKEN_PATH", "api-keys": "SLIPWAY_API_KEYS_FILE"}
"""The variable in which a program looks for the file's path."""


def find(plan: Plan, use: str) -> SecretPlan | None:
    """The stack's Secret of a use; None where it has none."""
    return next((one for one in plan.secrets if one.use == use), None)


def volumes(one: SecretPlan | None) -> list[Manifest]:
    """A pod waits until its Secret is there."""
    if one is None:
        return []
    items = [{"key": one.key, "path": one.key}]
    return [{"name": one.use, "secret": {"secretName": one.name, "defaultMode": READABLE, "items": items}}]


def mounts(one: SecretPlan | None) -> list[Manifest]:
    """Of the container that needs it."""
    return [] if one is None else [{"name": one.use, "mountPath": _folder(one), "readOnly": True}]


def environment(one: SecretPlan | None) -> list[Manifest]:
    """Where it is; not what it is."""
    return [] if one is None else [{"name": TOLD_BY[one.use], "value": f"{_folder(one)}/{one.key}"}]


def _folder(one: SecretPlan) -> str:
    return f"{names.SECRETS_DIR}/{one.use}"
