"""Why rules that look at one object alone are nevertheless not said in CEL. Stack rules need no entry."""

from collections.abc import Mapping
from typing import Final

REFUSED_ANYWAY: Final = "the API server refuses it by itself"
LOOKAHEAD: Final = "what a secret looks like needs regular expressions that CEL does not have (lookahead)"

COMMAND_LINES: Final = "it reads the command line of a model server, for which CEL has no words"
TABLES: Final = "it looks hardware and models up in tables"

REASONS: Final[Mapping[str, str]] = {
    "api-version-current": "it is about the version in a file, which the API server has converted before it asks",
    "no-opaque-release": "it is about Pulumi: the API server never sees a Release",
    "no-literal-secret-env": LOOKAHEAD,
    "no-secret-in-configmap": LOOKAHEAD,
    "pvc-class-set": "the API server fills in the default class before it asks its policies",
    "selector-matches-template": REFUSED_ANYWAY,
    "cost-labels-present": COMMAND_LINES,
    **dict.fromkeys(("spot-grace-fits", "spot-taint-tolerated"), TABLES),
    "gpu-quantity-valid": REFUSED_ANYWAY,
    "progress-deadline-fits": "it is about how long a rollout is waited for, which does no harm to a cluster",
    **dict.fromkeys(("gpu-toleration-present", "gpu-node-pinned", "pod-fits-node", "server-min-version"), TABLES),
    **dict.fromkeys(("tensor-parallel-matches", "shm-for-tensor-parallel", "liveness-needs-startup"), COMMAND_LINES),
    **dict.fromkeys(("model-revision-pinned", "no-dev-endpoints", "no-remote-code", "no-runtime-lora"), COMMAND_LINES),
    **dict.fromkeys(("api-key-from-secret", "hf-token-scoped", "hf-offline-when-cached"), COMMAND_LINES),
}

AFTER_DEFAULTS: Final[Mapping[str, str]] = {
    "resource-requests-set": "a Pod's request that is absent has become its limit",
    "ephemeral-storage-set": "a Pod's request that is absent has become its limit",
    "requests-within-limits": "a quantity below a thousandth has become one",
    "rolling-update-strategy": "a strategy that is absent has become RollingUpdate",
    "job-ttl": "a Job's backoffLimit that is absent has become 6",
}
"""Rules that are said in CEL, but see what the API server has filled in before it asks its policies."""
