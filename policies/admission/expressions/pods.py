"""What a pod may do and share beyond Pod Security, in CEL."""

from __future__ import annotations

from typing import Final

from policies.admission.cel import NOTHING, WINDOWS, Expressions, Table, either, every, field, literal
from policies.facts import exemptions
from policies.rules import disruption, scheduling, users, volumes
from policies.settings import Settings


def _windows(settings: Settings) -> list[str]:
    return [WINDOWS] if settings.pod_security_version >= exemptions.WINDOWS_SINCE else []


def _high_uid_gid(settings: Settings) -> Expressions:
    def id_of(name: str) -> str:
        own_or_pods = f"c.?securityContext.?{name}.or(variables.spec.?securityContext.?{name})"
        return f"{own_or_pods}.orValue(-1) >= {settings.min_uid}"

    security = "variables.spec.?securityContext"
    groups = f"{security}.?supplementalGroups.orValue([]).all(group, group != 0)"
    return Expressions(
        container=either(*_windows(settings), every(id_of("runAsUser"), id_of("runAsGroup"))),
        pod=either(*_windows(settings), every(f"{security}.?fsGroup.orValue(1) != 0", groups)),
    )


def _user_namespace(settings: Settings) -> Expressions:
    if settings.kubernetes_version < (1, 33):
        return NOTHING
    shared = [field(f"variables.spec.{name}", "false") for name in users.HOST_NAMESPACES]
    own = f"!{field('variables.spec.hostUsers', 'true')}"
    return Expressions(pod=either(*_windows(settings), *(f"{each} == true" for each in shared), own))


def _runtime_socket() -> Expressions:
    parts = "volume.?hostPath.?path.orValue('none').split('/').filter(part, !(part in ['', '.']))"
    # A list of one element and `all` is how CEL gives a value a name.
    folder = f"[{parts}.join('/')].map(path, path.startsWith('var/run') ? path.substring(4) : path)"
    folder = folder.replace("path.startsWith('var/run')", "path == 'var/run' || path.startsWith('var/run/')")
    is_folder = f"{folder}.exists(path, path in {literal(volumes.SOCKET_FOLDERS)})"
    is_socket = (
        f"{parts}.filter(part, part in {literal(volumes.SOCKETS)}).exists(part, {parts}.join('/').endsWith(part))"
    )
    return Expressions(
        pod=f"{field('variables.spec.volumes', '[]')}.all(volume, {every(f'!({is_folder})', f'!({is_socket})')})"
    )


def _control_plane() -> Expressions:
    names = f"toleration.?key.orValue('') in {literal(scheduling.CONTROL_PLANE)}"
    no_key, exists = "toleration.?key.orValue('') == ''", "toleration.?operator.orValue('') == 'Exists'"
    any_taint = every(no_key, exists, "toleration.?effect.orValue('') in ['', 'NoSchedule']")
    refused = either(names, every(any_taint, "variables.kind != 'DaemonSet'"))
    return Expressions(pod=f"{field('variables.spec.tolerations', '[]')}.all(toleration, !({refused}))")


def _graceful_stop(settings: Settings) -> Expressions:
    grace = f"{field('variables.spec.terminationGracePeriodSeconds', str(disruption.DEFAULT_GRACE_S))}"
    return Expressions(
        pod=either(
            "variables.kind in ['Job', 'CronJob']",
            f"{grace} >= {settings.min_grace_s}",
            "variables.main.all(c, c.?lifecycle.?preStop.hasValue())",
        )
    )


SECRET_VARIABLES = "c.?env.orValue([]).all(entry, !entry.?valueFrom.?secretKeyRef.hasValue())"  # noqa: S105  CEL
SECRET_SOURCES = "c.?envFrom.orValue([]).all(source, !source.?secretRef.hasValue())"  # noqa: S105  CEL

TABLE: Final[Table] = {
    "read-only-root-fs": Expressions(container="c.?securityContext.?readOnlyRootFilesystem.orValue(false)"),
    "high-uid-gid": _high_uid_gid,
    "user-namespace": _user_namespace,
    "no-host-aliases": Expressions(pod=f"size({field('variables.spec.hostAliases', '[]')}) == 0"),
    "no-runtime-socket-mount": _runtime_socket(),
    "prefer-secret-files": Expressions(container=every(SECRET_VARIABLES, SECRET_SOURCES)),
    "no-control-plane-toleration": _control_plane(),
    "graceful-stop": _graceful_stop,
    "no-duplicate-env": Expressions(
        container="c.?env.orValue([]).all(entry, c.env.filter(other, other.name == entry.name).size() == 1)"
    ),
    "no-ssh-or-low-ports": Expressions(container="c.?ports.orValue([]).all(port, port.containerPort >= 1024)"),
}
