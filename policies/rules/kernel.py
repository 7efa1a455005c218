"""What keeps a container from the kernel's own settings: SELinux, the masks over /proc, sysctls.

Each rule is one control of the Pod Security Standards, at the level and version of the settings.
"""

from collections.abc import Mapping
from typing import Any

from kube.objects import Pod
from policies.facts import repairs
from policies.facts.exemptions import is_in_user_namespace
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

SELINUX = "securityContext.seLinuxOptions"
PROC_MOUNT = "securityContext.procMount"

SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t")
SELINUX_TYPES_SINCE: Mapping[str, tuple[int, int]] = {"container_engine_t": (1, 31)}

SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
)
SYSCTLS_SINCE: Mapping[str, tuple[int, int]] = {
    "net.ipv4.ip_local_reserved_ports": (1, 27),
    "net.ipv4.tcp_keepalive_time": (1, 29),
    "net.ipv4.tcp_fin_timeout": (1, 29),
    "net.ipv4.tcp_keepalive_intvl": (1, 29),
    "net.ipv4.tcp_keepalive_probes": (1, 29),
    "net.ipv4.tcp_rmem": (1, 32),
    "net.ipv4.tcp_wmem": (1, 32),
    "net.ipv4.tcp_slow_start_after_idle": (1, 37),
    "net.ipv4.tcp_notsent_lowat": (1, 37),
}


def _drop_selinux(data: dict[str, Any], settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for place in repairs.places(spec):
            kind = repairs.get(place, f"{SELINUX}.type")
            if isinstance(kind, str) and not _is_allowed_type(kind, settings):
                repairs.drop(place, f"{SELINUX}.type")
            for path in (f"{SELINUX}.user", f"{SELINUX}.role"):
                if isinstance(value := repairs.get(place, path), str) and value:
                    repairs.drop(place, path)


@pod_rule(
    why="Another SELinux type, user or role can lift the confinement that containers have.",
    source="Pod Security baseline: seLinuxOptions; NSA/CISA Kubernetes Hardening Guide 1.8; Trivy KSV-0025",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {seLinuxOptions: {type: spc_t}}, containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {seLinuxOptions: {type: container_t}}, containers: [{name: a, image: a}]}}
    """,
    remedy=_drop_selinux,
)
def selinux_allowed_types(pod: Pod, settings: Settings) -> Findings:
    """The type is one of those for containers; user and role are left to the node."""
    for place in (pod.spec, *pod.containers):
        options = place.at(SELINUX)
        if not options.expect(dict, "a mapping"):
            continue
        kind = options.text("type")
        if kind is not None and not _is_allowed_type(kind, settings):
            yield options.bad("type", "must be absent or a type for containers, such as container_t", kind)
        for field in ("user", "role"):
            if options.text(field):
                yield options.bad(field, "must be absent")


def _is_allowed_type(kind: Any, settings: Settings) -> bool:
    return kind in SELINUX_TYPES or _is_allowed_by_now(kind, SELINUX_TYPES_SINCE, settings)


def _mask_proc(data: dict[str, Any], settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        for container in repairs.containers(spec):
            value = repairs.get(container, PROC_MOUNT)
            if isinstance(value, str) and _may_unmask(pod, settings) is False:
                repairs.put(container, PROC_MOUNT, "Default")


@pod_rule(
    why="An unmasked /proc shows and changes what belongs to the node's kernel.",
    source="Pod Security: procMount_baseline, procMount_restricted; kube-linter unsafe-proc-mount; Trivy KSV-0027",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {procMount: Unmasked}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {procMount: Default}}]}}
    """,
    remedy=_mask_proc,
)
def proc_mount_default(pod: Pod, settings: Settings) -> Findings:
    """Every container has the default masks over /proc; at baseline since 1.35, a user namespace excuses."""
    if (excused := _may_unmask(pod, settings)) is True:
        return
    for container in pod.containers:
        value = container.text(PROC_MOUNT)
        if value is not None and value != "Default":
            yield container.bad(PROC_MOUNT, "must be Default or absent", value, excused)


def _may_unmask(pod: Pod, settings: Settings) -> Any:
    return settings.pod_security_level == "baseline" and is_in_user_namespace(pod, settings)


@pod_rule(
    why="A sysctl that the kernel doesn't keep apart per pod changes the node for everybody.",
    source="Pod Security baseline: sysctls; kube-linter unsafe-sysctls; Trivy KSV-0026",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]}, containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {sysctls: [{name: net.ipv4.tcp_fin_timeout, value: "60"}]}, containers: [{name: a, image: a}]}}
    """,
)
def safe_sysctls_only(pod: Pod, settings: Settings) -> Findings:
    """Every sysctl is one of those that are safe, which are more with each version."""
    for sysctl in pod.spec.items("securityContext.sysctls"):
        name = sysctl.text("name")
        if name not in SYSCTLS and not _is_allowed_by_now(name, SYSCTLS_SINCE, settings):
            yield sysctl.bad("name", "is not one of the safe sysctls", name)


def _is_allowed_by_now(value: Any, since: Mapping[str, tuple[int, int]], settings: Settings) -> bool:
    return value in since and settings.pod_security_version >= since[value]
