"""Who a pod is for the Kubernetes API: a service account of its own, and a token only where one is needed."""

from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.pod_index import namespace_of
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings


@stack_rule(
    why="A token in a pod lets whoever breaks into it speak to the Kubernetes API.",
    source="NSA/CISA Kubernetes Hardening Guide 1.11; Trivy KSV-0036; Kyverno restrict-automount-sa-token",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {serviceAccountName: a, containers: [{name: a, image: a}]}}
    ---
    {apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, automountServiceAccountToken: false}
    """,
)
def no_automount_sa_token(stack: Stack, settings: Settings) -> Findings:
    """The pod refuses the token, or its service account does and the pod does not insist; exceptions are listed.

    Looks at the stack and has no remedy: what counts is what both say together, and a pod that has lost a token that
    it needs breaks only when it runs.
    """
    for pod in stack.pods:
        own = pod.spec.flag("automountServiceAccountToken")
        if own is False:
            continue
        namespace, name = _account(pod)
        if f"{namespace}/{name}" in settings.token_service_accounts:
            continue
        undecided = [UNKNOWN] if settings.token_service_accounts and is_unknown(namespace, name) else []
        if own is None:
            account = stack.lookup("ServiceAccount", namespace, name)
            of_account = account.flag("automountServiceAccountToken") if isinstance(account, View) else account
            if of_account is False:
                continue
            undecided.append(of_account)
        yield pod.spec.bad("automountServiceAccountToken", "must be false", own, *undecided)


@stack_rule(
    why="A shared account gives a pod whatever rights the others need.",
    source="kube-linter default-service-account, non-existent-service-account; Checkov CKV_K8S_41",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {serviceAccountName: a, containers: [{name: a, image: a}]}}
    ---
    {apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
    """,
)
def dedicated_service_account(stack: Stack, _settings: Settings) -> Findings:
    """A pod names an account that is not `default`, and the stack has it if it makes accounts or namespaces there.

    Where it makes neither, the account may well be somebody else's.
    """
    complete = set(_namespaces_with_accounts(stack))
    for pod in stack.pods:
        namespace, name = _account(pod)
        if name == "default":
            yield pod.spec.bad("serviceAccountName", "must be set, and not to 'default'")
        elif namespace in complete:
            account = stack.lookup("ServiceAccount", namespace, name)
            if not isinstance(account, View):
                message = f"there is no ServiceAccount {name!r} in {namespace!r}"
                yield pod.spec.bad("serviceAccountName", message, account)


def _account(pod: Pod) -> tuple[Any, Any]:
    """Namespace and name of the pod's account. `serviceAccount` is the old spelling; empty is as absent."""
    names = [pod.spec.text(field) for field in ("serviceAccountName", "serviceAccount")]
    name = next((name for name in names if name is UNKNOWN or name), "default")
    return namespace_of(pod.object, pod.template.trace), name


def _namespaces_with_accounts(stack: Stack) -> Iterator[Any]:
    yield from (namespace_of(view.object, stack.trace) for view in stack.of_kind("ServiceAccount"))
    yield from (view.text("metadata.name") for view in stack.of_kind("Namespace"))
