"""The Pod Security Standards in CEL, at the level and version of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policies.admission.cel import NOTHING, WINDOWS, Expressions, Table, either, every, field, literal
from policies.facts import exemptions
from policies.rules import host, kernel, privileges, profiles, volumes
from policies.settings import Settings

IN_USER_NAMESPACE: Final = f"!{field('variables.spec.hostUsers', 'true')}"


def _security(name: str, default: str, *, of: str = "c") -> str:
    return field(f"{of}.securityContext.{name}", default)


def _on_both(condition: str) -> Expressions:
    """A condition on `{}`, for the pod's security context and for each container's."""
    return Expressions(container=condition.replace("{}", "c"), pod=condition.replace("{}", "variables.spec"))


def _is_restricted(settings: Settings, since: tuple[int, int]) -> bool:
    return settings.pod_security_level == "restricted" and settings.pod_security_version >= since


def _by_now(since: Mapping[str, tuple[int, int]], settings: Settings) -> list[str]:
    return [name for name, version in since.items() if settings.pod_security_version >= version]


def _unless(excused: list[str], expressions: Expressions) -> Expressions:
    """The expressions, or one of the excuses."""
    container, pod = expressions.container, expressions.pod
    return Expressions(container and either(*excused, container), pod and either(*excused, pod))


def _windows(settings: Settings) -> list[str]:
    return [WINDOWS] if settings.pod_security_version >= exemptions.WINDOWS_SINCE else []


def _user_namespace(settings: Settings) -> list[str]:
    return [IN_USER_NAMESPACE] if settings.pod_security_version >= exemptions.USER_NAMESPACES_SINCE else []


def _no_privilege_escalation(settings: Settings) -> Expressions:
    if not _is_restricted(settings, (1, 8)):
        return NOTHING
    return _unless(_windows(settings), Expressions(container=f"!{_security('allowPrivilegeEscalation', 'true')}"))


def _drop_all_capabilities(settings: Settings) -> Expressions:
    if not _is_restricted(settings, (1, 22)):
        return NOTHING
    dropped, added = _security("capabilities.drop", "[]"), _security("capabilities.add", "[]")
    demanded = every(f"{dropped}.exists(name, name == 'ALL')", f"{added}.all(name, name == 'NET_BIND_SERVICE')")
    return _unless(_windows(settings), Expressions(container=demanded))


def _run_as_non_root(settings: Settings) -> Expressions:
    if not _is_restricted(settings, (1, 0)):
        return NOTHING
    for_all = "variables.spec.?securityContext.?runAsNonRoot"
    demanded = Expressions(
        container=f"c.?securityContext.?runAsNonRoot.or({for_all}).orValue(false)",
        pod=f"{for_all}.orValue(true) == true",
    )
    return _unless(_user_namespace(settings), demanded)


def _no_run_as_uid_zero(settings: Settings) -> Expressions:
    if not _is_restricted(settings, (1, 23)):
        return NOTHING
    return _unless(_user_namespace(settings), _on_both("{}.?securityContext.?runAsUser.orValue(1) != 0"))


def _seccomp(settings: Settings) -> Expressions:
    if settings.pod_security_version < profiles.SECCOMP_FIELDS_SINCE:
        return _seccomp_annotations()
    kind = "?securityContext.?seccompProfile"
    allowed = f"{{}}.{kind}.?type.orValue('') in {literal(profiles.PROFILES)}"
    if settings.pod_security_level == "baseline":
        return _on_both(either(f"!{{}}.{kind}.hasValue()", allowed))
    of_pod = f"variables.spec.{kind}"
    own_or_pods = f"c.{kind}.or({of_pod}).?type.orValue('') in {literal(profiles.PROFILES)}"
    pod = either(f"!{of_pod}.hasValue()", allowed.replace("{}", "variables.spec"))
    return _unless(_windows(settings), Expressions(own_or_pods, pod))


def _seccomp_annotations() -> Expressions:
    annotations = field("variables.metadata.annotations", "{}")
    named = "['runtime/default', 'docker/default']"
    containers = f"variables.containers.exists(c, key == {literal(profiles.SECCOMP_CONTAINER)} + c.name)"
    concerned = either(f"key == {literal(profiles.SECCOMP_POD)}", containers)
    allowed = either(f"{annotations}[key] in {named}", f"{annotations}[key].startsWith('localhost/')")
    return Expressions(pod=f"{annotations}.all(key, {either(f'!({concerned})', allowed)})")


def _apparmor() -> Expressions:
    annotations = field("variables.metadata.annotations", "{}")
    concerned = f"key.startsWith({literal(profiles.APPARMOR_CONTAINER)})"
    allowed = either(f"{annotations}[key] in ['', 'runtime/default']", f"{annotations}[key].startsWith('localhost/')")
    by_annotation = f"{annotations}.all(key, {either(f'!{concerned}', allowed)})"
    profile = "{}.?securityContext.?appArmorProfile"
    by_field = _on_both(
        either(f"!{profile}.hasValue()", f"{profile}.?type.orValue('') in {literal(profiles.PROFILES)}")
    )
    return Expressions(by_field.container, by_field.pod and every(by_field.pod, by_annotation))


def _selinux(settings: Settings) -> Expressions:
    types = [*kernel.SELINUX_TYPES, *_by_now(kernel.SELINUX_TYPES_SINCE, settings)]
    options = "{}.?securityContext.?seLinuxOptions"
    return _on_both(
        every(
            f"{options}.?type.orValue('') in {literal(types)}",
            f"{options}.?user.orValue('') == ''",
            f"{options}.?role.orValue('') == ''",
        )
    )


def _proc_mount(settings: Settings) -> Expressions:
    excused = _user_namespace(settings) if settings.pod_security_level == "baseline" else []
    return _unless(excused, Expressions(container=f"{_security('procMount', literal('Default'))} == 'Default'"))


def _sysctls(settings: Settings) -> Expressions:
    allowed = [*kernel.SYSCTLS, *_by_now(kernel.SYSCTLS_SINCE, settings)]
    sysctls = _security("sysctls", "[]", of="variables.spec")
    return Expressions(pod=f"{sysctls}.all(sysctl, sysctl.name in {literal(allowed)})")


def _probe_hosts(settings: Settings) -> Expressions:
    if settings.pod_security_version < (1, 34):
        return NOTHING
    hosts = [f"c.{handler}.{action}.host" for handler in host.HANDLERS for action in host.ACTIONS]
    return Expressions(container=every(*(f"{field(path, literal(''))} == ''" for path in hosts)))


def _volume_types(settings: Settings) -> Expressions:
    if not _is_restricted(settings, (1, 0)):
        return NOTHING
    given = either(*(f"has(volume.{kind})" for kind in volumes.VOLUME_TYPES), "volume.all(key, key == 'name')")
    return Expressions(pod=f"{field('variables.spec.volumes', '[]')}.all(volume, {given})")


TABLE: Final[Table] = {
    "no-privileged-container": Expressions(container=f"!{_security('privileged', 'false')}"),
    "no-privilege-escalation": _no_privilege_escalation,
    "drop-all-capabilities": _drop_all_capabilities,
    "no-extra-capabilities": Expressions(
        container=f"{_security('capabilities.add', '[]')}.all(name, name in {literal(privileges.DEFAULT_CAPABILITIES)})"
    ),
    "no-windows-host-process": _on_both("!{}.?securityContext.?windowsOptions.?hostProcess.orValue(false)"),
    "run-as-non-root": _run_as_non_root,
    "no-run-as-uid-zero": _no_run_as_uid_zero,
    "seccomp-runtime-default": _seccomp,
    "apparmor-not-unconfined": _apparmor(),
    "selinux-allowed-types": _selinux,
    "proc-mount-default": _proc_mount,
    "safe-sysctls-only": _sysctls,
    "no-host-namespaces": Expressions(
        pod=every(*(f"!{field(f'variables.spec.{name}', 'false')}" for name in host.NAMESPACES))
    ),
    "no-host-port": Expressions(container="c.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0)"),
    "no-host-probe-host": _probe_hosts,
    "no-host-path": Expressions(pod=f"{field('variables.spec.volumes', '[]')}.all(volume, !has(volume.hostPath))"),
    "restricted-volume-types": _volume_types,
}
