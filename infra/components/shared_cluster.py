"""What the stack of a shared cluster says: read once before the plan, and the kubeconfig again as a secret.

A plan is made of values, so it can't wait for Pulumi's outputs; the engine tells them at once when it is asked. Of what
it tells, secrets are left out: the kubeconfig goes from that stack's state to the provider by a reference.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi

from infra.config.shared import KUBECONFIG
from infra.errors import ConfigError

READ = "pulumi:pulumi:readStackOutputs"


def outputs_of(name: str) -> dict[str, Any]:
    """Outputs by name; of secrets only that they are there. ConfigError where the stack can't be read."""
    try:
        told = pulumi.runtime.invoke(READ, {"name": name}).value or {}
    except Exception as error:  # noqa: BLE001  the SDK has no class for it
        reason = f"{name!r} can't be read: {str(error).rpartition('error: ')[2]}"
        raise ConfigError(
            [f"slipway:cluster.stack: {reason}; allowed: a stack of the same backend that is up"]
        ) from None
    secrets = {KUBECONFIG, *told.get("secretOutputNames", ())}
    return {key: None if key in secrets else value for key, value in told.get("outputs", {}).items()}


def kubeconfig_of(name: str) -> pulumi.Output[str]:
    """A secret, whatever it is there; a document, or what becomes one."""
    found = pulumi.StackReference(name).require_output(KUBECONFIG)
    return pulumi.Output.secret(found.apply(lambda value: value if isinstance(value, str) else json.dumps(value)))
