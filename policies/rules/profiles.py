"""The profiles that confine what a container asks of the kernel: seccomp and AppArmor.

Each rule is one control of the Pod Security Standards, at the level and version of the settings.
"""

from typing import Any

from kube.objects import Pod
from kube.view import View
from policies.facts import repairs
from policies.facts.exemptions import is_windows
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

PROFILES = ("RuntimeDefault", "Localhost")
SECCOMP = "securityContext.seccompProfile"
APPARMOR = "securityContext.appArmorProfile"

SECCOMP_FIELDS_SINCE = (1, 19)
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"


def _set_seccomp(data: dict[str, Any], settings: Settings) -> None:
    if settings.pod_security_version < SECCOMP_FIELDS_SINCE:
        return
    for pod, spec in repairs.pods(data):
        if is_windows(pod, settings) is False:
            found = [repairs.get(container, SECCOMP) for container in repairs.containers(spec)]
            _set_profiles(spec, SECCOMP)
            if settings.pod_security_level == "restricted" and repairs.get(spec, SECCOMP) is None and None in found:
                repairs.put(spec, SECCOMP, {"type": "RuntimeDefault"})


@pod_rule(
    why="Without a seccomp profile a container may make every system call, and most exploits need a rare one.",
    source="Pod Security: seccompProfile_baseline, seccompProfile_restricted; NSA/CISA guide 1.10; Trivy KSV-0030",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: a}]}}
    """,
    remedy=_set_seccomp,
)
def seccomp_runtime_default(pod: Pod, settings: Settings) -> Findings:
    """The pod, or each container, has the runtime's profile or one of the node's; at baseline, none is unconfined."""
    if settings.pod_security_version < SECCOMP_FIELDS_SINCE:
        yield from _seccomp_annotations(pod)
        return
    must_be_set = settings.pod_security_level == "restricted"
    windows = must_be_set and is_windows(pod, settings)
    if windows is True:
        return
    for_all = _profile(pod.spec, SECCOMP)
    if for_all is not None and for_all not in PROFILES:
        yield pod.spec.bad(f"{SECCOMP}.type", "must be RuntimeDefault or Localhost", for_all, windows)
    for container in pod.containers:
        own = _profile(container, SECCOMP)
        kind = for_all if own is None else own
        if kind not in PROFILES and (must_be_set or own is not None):
            yield container.bad(
                f"{SECCOMP}.type", "must be RuntimeDefault or Localhost, here or for the pod", kind, windows
            )


def _seccomp_annotations(pod: Pod) -> Findings:
    """How profiles were named before there was a field. Only annotations of containers that exist count."""
    keys = [SECCOMP_POD, *(f"{SECCOMP_CONTAINER}{container.text('name')}" for container in pod.containers)]
    for key in keys:
        path = ("metadata", "annotations", key)
        value = pod.template.text(path)
        if value is not None and not _is_named_profile(value, "runtime/default", "docker/default"):
            yield pod.template.bad(path, "must be runtime/default, docker/default or localhost/...", value)


def _set_apparmor(data: dict[str, Any], _settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        _set_profiles(spec, APPARMOR)
        annotations = repairs.get(pod.template.data, "metadata.annotations")
        for key, value in annotations.items() if isinstance(annotations, dict) else ():
            if isinstance(value, str) and key.startswith(APPARMOR_CONTAINER) and not _is_apparmor(value):
                annotations[key] = "runtime/default"


@pod_rule(
    why="An unconfined container loses the mandatory access control that its node would give it.",
    source="Pod Security baseline: appArmorProfile; NSA/CISA Kubernetes Hardening Guide 1.9; Trivy KSV-0002",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {appArmorProfile: {type: Unconfined}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}}
    """,
    remedy=_set_apparmor,
)
def apparmor_not_unconfined(pod: Pod, _settings: Settings) -> Findings:
    """No profile, the runtime's or one of the node's: by field, or by the annotation of old."""
    for place in (pod.spec, *pod.containers):
        kind = _profile(place, APPARMOR)
        if kind is not None and kind not in PROFILES:
            yield place.bad(f"{APPARMOR}.type", "must be RuntimeDefault or Localhost", kind)
    annotations = pod.template.at("metadata.annotations")
    for key in annotations.expect(dict, "a mapping") or ():
        if str(key).startswith(APPARMOR_CONTAINER):
            value = annotations.text((key,))
            if value is not None and not _is_apparmor(value):
                yield annotations.bad((key,), "must be runtime/default or localhost/...", value)


def _is_apparmor(value: Any) -> bool:
    return _is_named_profile(value, "", "runtime/default")


def _is_named_profile(value: Any, *names: str) -> bool:
    return value in names or (isinstance(value, str) and value.startswith("localhost/"))


def _profile(place: View, path: str) -> Any:
    """The type of a profile: None where there is no profile, empty where it has no type."""
    profile = place.at(path)
    if profile.data is None:
        return None
    kind = profile.text("type")
    return "" if kind is None else kind


def _set_profiles(spec: dict[str, Any], path: str) -> None:
    """The runtime's profile in place of each that is none of the allowed ones."""
    for place in repairs.places(spec):
        profile = repairs.get(place, path)
        kind = profile.get("type") if isinstance(profile, dict) else None
        if isinstance(profile, dict) and (kind is None or (isinstance(kind, str) and kind not in PROFILES)):
            repairs.put(place, path, {"type": "RuntimeDefault"})
