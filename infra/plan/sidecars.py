"""What stands beside all models: one monitor; and what is to be known of it and of the tunnels.

The monitor is one Deployment. In each pod it would see what the kubelet's probes see already, would end with what it
watches, and would tell every change once a replica. From outside it asks the Service, as clients do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra import names, units
from infra.errors import PlanError
from infra.plan.model import ModelPlan
from infra.quota import Resources
from infra.stack import StackConfig

MONITOR_RESOURCES: Final = Resources(cpu_m=25, cpu_limit_m=250, memory_bytes=96 * units.MI)
PRODUCTION_REPLICAS: Final = 2
"""Somebody watches also while a node is drained; then both tell of a change, and say the same."""
READY_PATH: Final = "/health/ready"
WEBHOOK_KEY: Final = "url"
OF_TUNNEL, OF_WEBHOOK = "tunnel-token", "webhook-url"
"""Where they are in a store, below the stack's prefix."""


@dataclass(frozen=True, slots=True)
class MonitorPlan:
    """`env` is all that the monitor is told, but for the address in `webhook_secret`, if there is one."""

    env: Mapping[str, str]
    webhook_secret: str | None
    num_replicas: int = 1
    resources: Resources = MONITOR_RESOURCES


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A Secret that is made of a store: for each of its keys, where in the store."""

    name: str
    remote_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SidecarsPlan:
    """Of the whole stack. Images by digest where they are pushed already; None where the stack builds them.

    `secrets`: those that come from a store; others are made by hand.
    """

    monitor: MonitorPlan | None = None
    tunnel_ref: str | None = None
    monitor_ref: str | None = None
    secrets: tuple[StoredSecret, ...] = ()


def plan_sidecars(config: StackConfig, models: Sequence[ModelPlan]) -> SidecarsPlan:
    """PlanError where a monitor would have nothing to watch."""
    tunnel, monitor = config.sidecars.tunnel, config.sidecars.health_monitor
    return SidecarsPlan(
        monitor=_monitor(config, models),
        tunnel_ref=tunnel.ref if tunnel else None,
        monitor_ref=monitor.ref if monitor else None,
        secrets=tuple(StoredSecret(name, remote_keys) for name, remote_keys in _stored(config).items()),
    )


def _stored(config: StackConfig) -> Mapping[str, Mapping[str, str]]:
    """By name, for one may have both. Of plain values there is none: a stack file has no place for a token a model."""
    found: dict[str, dict[str, str]] = {}
    if config.secrets.source != "external":
        return found
    tunnel, monitor, prefix = config.sidecars.tunnel, config.sidecars.health_monitor, config.secrets.remote_prefix
    if tunnel is not None:
        found[tunnel.secret] = {model: f"{prefix}/{OF_TUNNEL}/{model}" for model in tunnel.models}
    if monitor is not None and monitor.webhook_secret is not None:
        found.setdefault(monitor.webhook_secret, {})[WEBHOOK_KEY] = f"{prefix}/{OF_WEBHOOK}"
    return found


def _monitor(config: StackConfig, models: Sequence[ModelPlan]) -> MonitorPlan | None:
    """A model that may have no replica is left out: that it does not answer is no fault then."""
    asked = config.sidecars.health_monitor
    if asked is None:
        return None
    watched = [model for model in models if model.least]
    if not watched:
        raise PlanError(["slipway:sidecars.health_monitor: no model always has a replica, so there is none to watch"])
    env = {
        "SERVICES": ",".join(f"{model.id}={_address(config, model.id)}" for model in watched),
        "MONITOR_PORT": str(names.MONITOR_PORT),
        "MONITOR_INTERVAL_S": str(asked.interval_s),
        "MONITOR_DOWN_AFTER": str(asked.down_after),
        "MONITOR_UP_AFTER": str(asked.up_after),
        "MONITOR_START_S": str(max(model.probes.load_s for model in watched)),
    }
    return MonitorPlan(env, asked.webhook_secret, PRODUCTION_REPLICAS if names.is_production(config.stack) else 1)


def _address(config: StackConfig, model_id: str) -> str:
    return f"http://{model_id}.{config.namespace}.svc:{names.SERVICE_PORT}{READY_PATH}"


def sidecar_notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Sentences."""
    tunnelled = [model for model in models if model.tunnel is not None]
    if tunnelled and "api-keys" not in config.secrets.use:
        yield (
            f"a tunnel leads from the Internet to {', '.join(model.id for model in tunnelled)}, which ask for no key; "
            "set slipway:secrets.use [api-keys], or let Cloudflare Access ask who it is"
        )
    by_hand = config.secrets.source != "external"
    if tunnelled and by_hand:
        keys = ", ".join(model.id for model in tunnelled)
        yield f"pods wait for the Secret {_secret(config)} in {config.namespace}, with the tokens {keys}"
    if idle := [model.id for model in tunnelled if not model.least]:
        yield f"a tunnel ends with the last replica, so no request through it wakes: {', '.join(idle)}"
    monitor = config.sidecars.health_monitor
    if monitor is not None and (left_out := [model.id for model in models if not model.least]):
        yield f"not watched, because they may have no replica: {', '.join(left_out)}"
    if monitor is not None and monitor.webhook_secret is not None and by_hand:
        yield f"the monitor waits for the Secret {monitor.webhook_secret} ({WEBHOOK_KEY}) in {config.namespace}"


def _secret(config: StackConfig) -> str:
    assert config.sidecars.tunnel is not None  # of a model that has one
    return config.sidecars.tunnel.secret
