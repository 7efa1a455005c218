"""Kinds that need a moment, but no pods: Namespace, CustomResourceDefinition, ResourceQuota, token Secrets."""

from __future__ import annotations

from tools.plugins.kubernetes.objects import child, condition, is_true, section
from tools.plugins.kubernetes.readiness.verdict import READY, Verdict, View

TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - a type, not a token


def namespace(view: View) -> Verdict:
    """Active."""
    phase = child(view.live, "status", "phase")
    problems = (f"the namespace's phase is {phase or 'unknown'}, not Active",)
    return Verdict(is_ready=phase == "Active", progress="Waiting for the namespace to be active", problems=problems)


def definition(view: View) -> Verdict:
    """Established: objects of the new kind can be created."""
    if is_true(view.live, "Established"):
        return READY
    names = condition(view.live, "NamesAccepted")
    refused = names.get("message") if names.get("status") == "False" else ""
    return Verdict(
        is_ready=False,
        progress="Waiting for the kind to be established",
        problems=(refused or "the CustomResourceDefinition was not established",),
    )


def quota(view: View) -> Verdict:
    """In force: the controller has taken over what the spec says."""
    is_ready = section(view.live, "status", "hard") == section(view.live, "spec", "hard")
    text = "the quota's status does not show its spec"
    return Verdict(is_ready=is_ready, progress="Waiting for the quota to be in force", problems=(text,))


def secret(view: View) -> Verdict:
    """A service account's token is filled in by a controller; all other Secrets are ready at once."""
    if child(view.live, "type") != TOKEN_TYPE or section(view.live, "data"):
        return READY
    text = "no token was filled in: is there such a ServiceAccount?"
    return Verdict(is_ready=False, progress="Waiting for the token", problems=(text,))
