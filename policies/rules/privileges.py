"""What a container's process may do beyond its own files: privileged mode, set-user-ID programs, capabilities.

Each rule is one control of the Pod Security Standards, at the level and version of the settings. What a level leaves
out finds nothing here either.
"""

from typing import Any

from kube.objects import Pod
from policies.facts import repairs
from policies.facts.exemptions import is_windows
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

ESCALATION = "securityContext.allowPrivilegeEscalation"
DROP = "securityContext.capabilities.drop"
ADD = "securityContext.capabilities.add"
HOST_PROCESS = "securityContext.windowsOptions.hostProcess"

DEFAULT_CAPABILITIES = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip
"""What container runtimes give without being asked, except NET_RAW."""


def _forbid_privileged(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for container in repairs.containers(spec):
            if repairs.get(container, "securityContext.privileged") is True:
                repairs.put(container, "securityContext.privileged", value=False)


@pod_rule(
    why="A privileged container has every device and every capability of its node.",
    source="Pod Security baseline: privileged; NSA/CISA Kubernetes Hardening Guide 1.2; Trivy KSV-0017",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {privileged: true}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {privileged: false}}]}}
    """,
    remedy=_forbid_privileged,
)
def no_privileged_container(pod: Pod, _settings: Settings) -> Findings:
    """No container is privileged."""
    for container in pod.containers:
        if container.flag("securityContext.privileged"):
            yield container.bad("securityContext.privileged", "must be false or absent")


def _forbid_escalation(data: dict[str, Any], settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        if _forbids_escalation(settings) and is_windows(pod, settings) is False:
            for container in repairs.containers(spec):
                if repairs.get(container, ESCALATION) in (None, True):
                    repairs.put(container, ESCALATION, value=False)


@pod_rule(
    why="A set-user-ID program in the image can give its caller more rights than the container has.",
    source="Pod Security restricted: allowPrivilegeEscalation; NSA/CISA Kubernetes Hardening Guide 1.7; Trivy KSV-0001",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {allowPrivilegeEscalation: false}}]}}
    """,
    remedy=_forbid_escalation,
)
def no_privilege_escalation(pod: Pod, settings: Settings) -> Findings:
    """Every container says allowPrivilegeEscalation: false; the default is true."""
    if not _forbids_escalation(settings) or (windows := is_windows(pod, settings)) is True:
        return
    for container in pod.containers:
        value = container.flag(ESCALATION)
        if value is not False:
            yield container.bad(ESCALATION, "must be false", value, windows)


def _forbids_escalation(settings: Settings) -> bool:
    return settings.pod_security_level == "restricted" and settings.pod_security_version >= (1, 8)


def _drop_all(data: dict[str, Any], settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        if _drops_all(settings) and is_windows(pod, settings) is False:
            for container in repairs.containers(spec):
                dropped, added = repairs.get(container, DROP), repairs.get(container, ADD)
                if dropped is None or (isinstance(dropped, list) and "ALL" not in dropped):
                    repairs.put(container, DROP, [*(dropped or []), "ALL"])
                if isinstance(added, list):
                    added[:] = [name for name in added if not isinstance(name, str) or name == "NET_BIND_SERVICE"]


@pod_rule(
    why="Capabilities that a runtime gives by default, such as NET_RAW, are what an intruder attacks the node with.",
    source="Pod Security restricted: capabilities_restricted; Trivy KSV-0003, KSV-0106; Checkov CKV_K8S_28, CKV_K8S_37",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {capabilities: {drop: [NET_RAW], add: [CHOWN]}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}}]}}
    """,
    remedy=_drop_all,
)
def drop_all_capabilities(pod: Pod, settings: Settings) -> Findings:
    """Every container drops ALL, and adds at most NET_BIND_SERVICE."""
    if not _drops_all(settings) or (windows := is_windows(pod, settings)) is True:
        return
    for container in pod.containers:
        if "ALL" not in [each.text("") for each in container.items(DROP)]:
            yield container.bad(DROP, "must contain ALL", container.get(DROP), windows)
        for each in container.items(ADD):
            name = each.text("")
            if name != "NET_BIND_SERVICE":
                yield each.bad("", "must be NET_BIND_SERVICE", name, windows)


def _drops_all(settings: Settings) -> bool:
    return settings.pod_security_level == "restricted" and settings.pod_security_version >= (1, 22)


@pod_rule(
    why="Capabilities beyond the runtime's defaults, such as SYS_ADMIN, let a container out of its walls.",
    source="Pod Security baseline: capabilities_baseline; Trivy KSV-0005, KSV-0022, KSV-0119; Checkov CKV_K8S_25",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]}}
    """,
)
def no_extra_capabilities(pod: Pod, _settings: Settings) -> Findings:
    """No container adds a capability that runtimes don't give by default, nor NET_RAW."""
    for container in pod.containers:
        for each in container.items(ADD):
            name = each.text("")
            if name not in DEFAULT_CAPABILITIES:
                yield each.bad("", f"must be one of {', '.join(DEFAULT_CAPABILITIES)}", name)


def _forbid_host_process(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for place in repairs.places(spec):
            if repairs.get(place, HOST_PROCESS) is True:
                repairs.put(place, HOST_PROCESS, value=False)


@pod_rule(
    why="A HostProcess container of Windows runs on the node itself, with its users and files.",
    source="Pod Security baseline: windowsHostProcess; Trivy KSV-0103; Polaris hostProcess",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {os: {name: windows}, hostNetwork: true,
      securityContext: {windowsOptions: {hostProcess: true}}, containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {os: {name: windows},
      securityContext: {windowsOptions: {hostProcess: false}}, containers: [{name: a, image: a}]}}
    """,
    remedy=_forbid_host_process,
)
def no_windows_host_process(pod: Pod, _settings: Settings) -> Findings:
    """Neither the pod nor a container is a HostProcess."""
    for place in (pod.spec, *pod.containers):
        if place.flag(HOST_PROCESS):
            yield place.bad(HOST_PROCESS, "must be false or absent")
