"""Keys of `sidecars`: what may stand beside the models. All of it is off unless it is asked for."""

from typing import Annotated

from pydantic import Field

from infra.fields import DnsName, Text
from infra.settings import words
from infra.settings.group import Group

Checks = Annotated[int, Field(ge=1, le=100)]


class TunnelSettings(Group):
    """A Cloudflare Tunnel in each pod of these models (none named: of all). `secret` has a tunnel's token per model."""

    secret: DnsName = words.NONE
    models: list[Text] = Field(default_factory=list)
    required: bool = False
    ref: Text = words.NONE


class HealthMonitorSettings(Group):
    """One monitor of all models. `webhook_secret` has the address that is told of changes."""

    enabled: bool = False
    interval_s: Annotated[int, Field(ge=5, le=3600)] = words.MONITOR_INTERVAL_S
    down_after: Checks = words.MONITOR_DOWN_AFTER
    up_after: Checks = words.MONITOR_UP_AFTER
    webhook_secret: DnsName = words.NONE
    ref: Text = words.NONE


class SidecarSettings(Group):
    """Both images are built by the stack, or named by digest (`ref`)."""

    tunnel: TunnelSettings = TunnelSettings()
    health_monitor: HealthMonitorSettings = HealthMonitorSettings()
