"""`sidecars`: which of them there are, and for which models."""

from collections.abc import Iterator

from infra.config.common import unless_none
from infra.config.image import BY_DIGEST
from infra.settings import NONE, Settings
from infra.settings.sidecars import HealthMonitorSettings, TunnelSettings
from infra.stack import HealthMonitorConfig, SidecarsConfig, TunnelConfig

TUNNEL, MONITOR = "slipway:sidecars.tunnel", "slipway:sidecars.health_monitor"


def check(settings: Settings) -> Iterator[str]:
    """What is on is on a cluster, for models that there are; what is off has no keys that would do nothing."""
    tunnel, monitor = settings.sidecars.tunnel, settings.sidecars.health_monitor
    if settings.target != "kubernetes":
        for key, is_on in ((f"{TUNNEL}.secret", tunnel.secret != NONE), (f"{MONITOR}.enabled", monitor.enabled)):
            if is_on:
                yield f"{key}: needs slipway:target kubernetes; on one machine they are services of a Compose file"
    yield from _check_tunnel(tunnel, settings)
    yield from _check_monitor(monitor)
    for key, ref in ((TUNNEL, tunnel.ref), (MONITOR, monitor.ref)):
        if ref != NONE and not BY_DIGEST.fullmatch(ref):
            yield f"{key}.ref: {ref!r} is not allowed; allowed: 'none', or NAME@sha256:<64 digits>"


def _check_tunnel(tunnel: TunnelSettings, settings: Settings) -> Iterator[str]:
    for name in tunnel.models:
        if name not in settings.models:
            yield f"{TUNNEL}.models: {name!r} is no model of this stack; allowed: {', '.join(sorted(settings.models))}"
    if tunnel.secret == NONE:
        for key in sorted(tunnel.model_fields_set - {"secret"}):
            yield f"{TUNNEL}.{key}: needs {TUNNEL}.secret, a Secret with the token of a tunnel for each model"


def _check_monitor(monitor: HealthMonitorSettings) -> Iterator[str]:
    if not monitor.enabled:
        for key in sorted(monitor.model_fields_set - {"enabled"}):
            yield f"{MONITOR}.{key}: needs {MONITOR}.enabled true"


def resolve(settings: Settings) -> SidecarsConfig:
    """None for what is off."""
    tunnel, monitor = settings.sidecars.tunnel, settings.sidecars.health_monitor
    secret = unless_none(tunnel.secret)
    return SidecarsConfig(
        tunnel=None
        if secret is None
        else TunnelConfig(
            secret=secret,
            models=tuple(sorted(tunnel.models or settings.models)),
            required=tunnel.required,
            ref=unless_none(tunnel.ref),
        ),
        health_monitor=HealthMonitorConfig(
            interval_s=monitor.interval_s,
            down_after=monitor.down_after,
            up_after=monitor.up_after,
            webhook_secret=unless_none(monitor.webhook_secret),
            ref=unless_none(monitor.ref),
        )
        if monitor.enabled
        else None,
    )
