"""One machine with Docker, by pulumi-docker: network, volumes, and the containers of outputs/machine.py. Nothing else.

An image's files get into a volume by creating a container that never runs: Docker copies what is at the mount point of
an empty volume. So no image has to be mounted, which the provider can't say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_docker as docker

from infra import names
from infra.outputs import machine
from infra.outputs.images import References
from infra.outputs.machine import Container, Mount
from infra.plan import Plan

MIB = 2**20
LOG_OPTS = {"max-size": "10m", "max-file": "3"}
IMAGE_FOLDER = "/weights"  # of an image of weights
FETCH_LABEL = f"{names.DOMAIN}/fetched"


@dataclass(frozen=True, slots=True)
class MachineArgs:
    """The plan, images by the names of outputs/images.py, and the values of plain secrets by use."""

    plan: Plan
    images: Mapping[str, pulumi.Input[str]]
    secret_values: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Machine(pulumi.ComponentResource):
    """All models of a stack; `urls` maps each to its address on the machine."""

    urls: dict[str, str]

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Machine", name, None, opts)
        plan = args.plan
        own = pulumi.ResourceOptions(parent=self)
        provider = docker.Provider("machine", host=plan.docker.host, opts=own)
        inside = pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(provider=provider))
        network = docker.Network(
            plan.docker.network, name=plan.docker.network, labels=network_labels(plan.labels), opts=inside
        )
        volumes = {name: _volume(plan, name, inside) for name in machine.volumes(plan)}
        made: dict[str, docker.Container] = {}
        for each in machine.containers(plan, References(args.images)):
            mounts = [_mount(plan, each, mount, volumes, inside) for mount in each.mounts]
            before = made.get(each.after or "")
            made[each.name] = _container(args, each, mounts, network, before, inside)
        self.urls = {model.id: machine.url_of(plan, model) for model in plan.models}
        self.register_outputs({"urls": self.urls})


def _volume(plan: Plan, name: str, inside: pulumi.ResourceOptions) -> docker.Volume:
    """Weights can be fetched again, but a volume that is protected stays."""
    kept = pulumi.ResourceOptions(protect=plan.protect, retain_on_delete=plan.protect)
    opts = pulumi.ResourceOptions.merge(inside, kept)
    return docker.Volume(name, name=name, labels=volume_labels(plan.labels), opts=opts)


def _mount(
    plan: Plan, each: Container, mount: Mount, volumes: Mapping[str, docker.Volume], inside: pulumi.ResourceOptions
) -> docker.ContainerMountArgs:
    if not mount.is_image:
        source = volumes[mount.source].name
        return docker.ContainerMountArgs(type="volume", source=source, target=mount.target, read_only=mount.read_only)
    # `fill` looks into the folder of the image, a server into its folder of models.
    target = f"{mount.target}{IMAGE_FOLDER}" if mount.target == names.SOURCE_DIR else mount.target
    source = _copied(plan, each, mount, inside)
    return docker.ContainerMountArgs(type="volume", source=source, target=target, read_only=True)


def _copied(plan: Plan, each: Container, mount: Mount, inside: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A volume with what is in an image; other weights are another one."""
    model = next(model for model in plan.models if model.id == each.model)
    name = f"{model.id}-image-{model.weights.hash}"
    volume = _volume(plan, name, inside)
    holder = docker.Container(
        name,
        name=name,
        image=_pulled(name, mount.source, inside),
        command=["none"],  # Docker asks for one; it never runs
        start=False,
        must_run=False,
        volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=IMAGE_FOLDER)],
        labels=container_labels({**plan.labels, names.MODEL_LABEL: each.model}),
        opts=inside,
    )
    return pulumi.Output.all(volume.name, holder.id).apply(lambda found: str(found[0]))


def _pulled(name: str, reference: Any, inside: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """What else is on the machine may need it, so it stays."""
    return docker.RemoteImage(f"{name}-image", name=reference, keep_locally=True, opts=inside).image_id


def _container(
    args: MachineArgs,
    each: Container,
    mounts: list[docker.ContainerMountArgs],
    network: docker.Network,
    before: docker.Container | None,
    inside: pulumi.ResourceOptions,
) -> docker.Container:
    plan = args.plan
    labels: dict[str, pulumi.Input[str]] = {**plan.labels, names.MODEL_LABEL: each.model}
    if before is not None:
        labels[FETCH_LABEL] = pulumi.Output.all(before.name, before.exit_code).apply(must_be_done)
    arguments = fenced() | sizes(each) | lifetime(each) | address(plan, each)
    timeout = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=f"{timeout_s(each)}s"))
    return docker.Container(
        each.name,
        name=f"{plan.docker.network}-{each.name}",
        image=_pulled(each.name, each.image, inside),
        command=list(each.arguments) or None,
        envs=[*(f"{key}={value}" for key, value in each.env.items()), *_token(args, each)],
        labels=container_labels(labels),
        mounts=mounts,
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network.name)],
        opts=pulumi.ResourceOptions.merge(inside, timeout),
        **arguments,
    )


def _token(args: MachineArgs, each: Container) -> list[pulumi.Output[str]]:
    """For the hub, from a secure setting: it stays a secret in the state."""
    if machine.HUB_TOKEN not in each.secrets or machine.HUB_TOKEN not in args.secret_values:
        return []
    return [pulumi.Output.secret(pulumi.Output.concat("HF_TOKEN=", args.secret_values[machine.HUB_TOKEN]))]


def must_be_done(found: list[Any]) -> str:
    """Of what fetches: its name, once it ended well; no server is started on half a file."""
    name, code = found
    if code:
        raise pulumi.RunError(f"{name} ended with {code}; `docker logs {name}` says why; then run `pulumi up` again")
    return str(name)


def fenced() -> dict[str, Any]:
    """The same for all: nobody's user, nothing to write but /tmp and volumes, no capability, bounded logs."""
    return {
        "user": f"{names.NOBODY}:{names.NOBODY}",
        "read_only": True,
        "capabilities": docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        "security_opts": ["no-new-privileges:true"],
        "tmpfs": {"/tmp": f"size={machine.TMP_BYTES},mode=1777"},  # noqa: S108
        "log_driver": "json-file",
        "log_opts": LOG_OPTS,
    }


def sizes(each: Container) -> dict[str, Any]:
    """Docker knows upper bounds only; memory in whole MiB."""
    asked = each.resources
    mib = -(-asked.memory_bytes // MIB)
    found: dict[str, Any] = {"cpus": f"{asked.cpu_limit_m / 1000:g}", "memory": mib, "memory_swap": mib}
    if asked.num_gpus:
        request = docker.ContainerDeviceRequestArgs(driver="nvidia", count=asked.num_gpus, capabilities=["gpu"])
        found["device_requests"] = [request]
    return found


def lifetime(each: Container) -> dict[str, Any]:
    """One that fetches is waited for until it ends, a server until it is ready."""
    if each.retries is not None:
        return {"attach": True, "must_run": False, "restart": "on-failure", "max_retry_count": each.retries}
    assert each.health is not None
    health = docker.ContainerHealthcheckArgs(
        tests=["CMD", *each.health.command],
        start_period=f"{each.health.start_s}s",
        start_interval=f"{each.health.start_interval_s}s",
        interval=f"{each.health.interval_s}s",
        timeout=f"{each.health.timeout_s}s",
        retries=each.health.retries,
    )
    waiting = {"wait": True, "wait_timeout": timeout_s(each), "healthcheck": health}
    return {**waiting, "restart": "unless-stopped", "stop_timeout": each.stop_s, "destroy_grace_seconds": each.stop_s}


def timeout_s(each: Container) -> int:
    """Of its creation."""
    return each.run_s * ((each.retries or 0) + 1) if each.health is None else each.health.start_s + 60


def address(plan: Plan, each: Container) -> dict[str, Any]:
    """A port of the host."""
    if each.port is None:
        return {}
    port = docker.ContainerPortArgs(internal=names.HTTP_PORT, external=each.port, ip=plan.docker.bind, protocol="tcp")
    return {"ports": [port]}


def container_labels(labels: Mapping[str, pulumi.Input[str]]) -> list[docker.ContainerLabelArgs]:
    """As the provider takes them."""
    return [docker.ContainerLabelArgs(label=key, value=value) for key, value in labels.items()]


def volume_labels(labels: Mapping[str, str]) -> list[docker.VolumeLabelArgs]:
    """As the provider takes them."""
    return [docker.VolumeLabelArgs(label=key, value=value) for key, value in labels.items()]


def network_labels(labels: Mapping[str, str]) -> list[docker.NetworkLabelArgs]:
    """As the provider takes them."""
    return [docker.NetworkLabelArgs(label=key, value=value) for key, value in labels.items()]
