"""Which APIs a stack may use: stable ones of Kubernetes, and none that hides its pods.

Only Kubernetes' own groups are judged: others count their versions as they like, and `v1alpha1` may be all there is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kube.view import View
from policies.rule import MANDATORY, MANDATORY_IN_PROD, Findings, object_rule
from policies.settings import Settings

CHARTS = {"Release": "helm.sh", "HelmRelease": "helm.toolkit.fluxcd.io", "HelmChart": "helm.cattle.io"}
"""The kinds that stand for what a chart will be, by their groups. Flux has a HelmChart, too: a file, and no pods."""
DATA = Path(__file__).parent.parent / "data" / "removed_apis.yaml"


@object_rule(
    why="Alpha and beta APIs change and go away: after the next upgrade of the cluster the stack can't be deployed.",
    source="kubernetes.io, Deprecated API Migration Guide; Pulumi compliance-policies; Trivy KSV-0107; kube-linter",
    level=MANDATORY,
    bad="{apiVersion: networking.k8s.io/v1beta1, kind: Ingress, metadata: {name: a}}",
    good="{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}}",
)
def api_version_current(view: View, settings: Settings) -> Findings:
    """No alpha or beta version of an API of Kubernetes itself; the message tells since when the cluster lacks it."""
    group, _, version = view.object.api_version.rpartition("/")
    if group in _data()["groups"] and re.fullmatch(r"v\d+(?:alpha|beta)\d+", version):
        yield view.bad("apiVersion", _advice(view.object.api_version, view.object.kind, settings))


@object_rule(
    *CHARTS,
    why="The pods of a Release come into being in the cluster: no rule has seen them.",
    source="pulumi.com, Choosing the right Helm resource",
    level=MANDATORY_IN_PROD,
    bad="{apiVersion: helm.sh/v3, kind: Release, metadata: {name: a}, chart: vllm-stack}",
    good="{apiVersion: helm.sh/v4, kind: Chart, metadata: {name: a}, chart: vllm-stack}",
)
def no_opaque_release(view: View, _settings: Settings) -> Findings:
    """Charts are rendered by Pulumi (helm.sh/v4 Chart), so that their objects are judged one by one.

    By Helm, by Flux or by k3s they are rendered later.
    """
    if view.object.group == CHARTS[view.object.kind]:
        yield view.bad("kind", f"must be a helm.sh/v4 Chart: what a {view.object.kind} makes can't be judged")


def _advice(api_version: str, kind: str, settings: Settings) -> str:
    """What is wrong with the version, and what to use in its place where that is known."""
    found: dict[str, Any] = _data()["removed"].get(api_version, {}).get(kind, {})
    use = f"; use {found['use']}" if "use" in found else ""
    if "in" in found:
        major, minor = map(int, found["in"].split("."))
        if settings.kubernetes_version >= (major, minor):
            return f"{api_version} {kind} was removed in {found['in']}{use}"
        return f"{api_version} {kind} is not stable, and will be removed in {found['in']}{use}"
    return f"{api_version} {kind} is not stable{use}"


@cache
def _data() -> Any:
    return yaml.safe_load(DATA.read_text())
