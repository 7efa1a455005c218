"""A Compose file for one machine without Kubernetes: `docker compose up` with Docker Engine 28 or newer.

Nothing beside it is needed: models.json is a variable, since Compose gives files to a read-only container only from the
disk. What a service needs of secrets is in files that it names, and in no variable.
"""

from __future__ import annotations

from typing import Any, Final

from infra import names
from infra.manifests.secret_files import TOLD_BY
from infra.outputs.images import References
from infra.outputs.machine import TMP_BYTES, Container, Mount, containers, volumes
from infra.outputs.text import dump, header
from infra.plan import Plan

TARGET: Final = "compose"
FILE: Final = "compose.yaml"
PULL_NETWORK: Final = "pull"
_LOG: Final = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


def files(plan: Plan, references: References) -> dict[str, str]:
    """Name -> content."""
    return {FILE: header(TARGET, plan.stack) + dump(document(plan, references))}


def document(plan: Plan, references: References) -> dict[str, Any]:
    """The whole file."""
    found = containers(plan, references)
    secrets = sorted({use for each in found for use in each.secrets})
    fetches = any(each.port is None for each in found)
    whole: dict[str, Any] = {
        "name": f"{names.PROJECT}-{plan.stack}",
        "services": {each.name: _service(plan, each) for each in found},
        "networks": {plan.docker.network: {}, **({PULL_NETWORK: {}} if fetches else {})},
        "volumes": {name: {"labels": dict(plan.labels)} for name in volumes(plan)},
    }
    if secrets:
        whole["secrets"] = {use: {"file": f"./secrets/{use}"} for use in secrets}
    return _plain(whole)  # type: ignore[no-any-return]


def _service(plan: Plan, each: Container) -> dict[str, Any]:
    service: dict[str, Any] = {
        "image": each.image,
        "labels": {**plan.labels, names.MODEL_LABEL: each.model},
        "environment": {**each.env, **_secret_env(each)},
        "user": f"{names.NOBODY}:{names.NOBODY}",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": [f"/tmp:size={TMP_BYTES},mode=1777"],  # noqa: S108
        "volumes": [_volume(mount) for mount in each.mounts],
        "networks": [PULL_NETWORK if each.port is None else plan.docker.network],
        "restart": "unless-stopped" if each.retries is None else f"on-failure:{each.retries}",
        "stop_grace_period": f"{each.stop_s}s",
        "deploy": {"resources": _resources(each)},
        "logging": _LOG,
    }
    if each.arguments:
        service["command"] = list(each.arguments)
    if each.secrets:
        service["secrets"] = list(each.secrets)
    if each.after:
        service["depends_on"] = {each.after: {"condition": "service_completed_successfully"}}
    if each.port is not None:
        port = {"target": names.HTTP_PORT, "published": str(each.port), "host_ip": plan.docker.bind, "protocol": "tcp"}
        service["ports"] = [port]
    if each.health:
        service["healthcheck"] = _health(each)
    return service


def _health(each: Container) -> dict[str, Any]:
    assert each.health is not None
    return {
        "test": ["CMD", *each.health.command],
        "start_period": f"{each.health.start_s}s",
        "start_interval": f"{each.health.start_interval_s}s",
        "interval": f"{each.health.interval_s}s",
        "timeout": f"{each.health.timeout_s}s",
        "retries": each.health.retries,
    }


def _volume(mount: Mount) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "image" if mount.is_image else "volume", "source": mount.source}
    found |= {"target": mount.target, "read_only": mount.read_only}
    if mount.folder is not None:
        found["image"] = {"subpath": mount.folder}
    return found


def _resources(each: Container) -> dict[str, Any]:
    asked = each.resources
    reserved: dict[str, Any] = {"cpus": _cpus(asked.cpu_m), "memory": f"{asked.memory_bytes}b"}
    if asked.num_gpus:
        reserved["devices"] = [{"driver": "nvidia", "count": asked.num_gpus, "capabilities": ["gpu"]}]
    return {
        "limits": {"cpus": _cpus(asked.cpu_limit_m), "memory": f"{asked.memory_bytes}b"},
        "reservations": reserved,
    }


def _cpus(millicores: int) -> str:
    return f"{millicores / 1000:g}"


def _secret_env(each: Container) -> dict[str, str]:
    """Where each is; not what it is."""
    return {TOLD_BY[use]: f"/run/secrets/{use}" for use in each.secrets}


def _plain(value: Any) -> Any:
    """Compose replaces what follows a dollar; two of them are one."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
