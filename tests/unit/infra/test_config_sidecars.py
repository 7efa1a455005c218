"""What `slipway:sidecars` may say, and what it means."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import ConfigError
from infra.stack import HealthMonitorConfig, SidecarsConfig, TunnelConfig
from tests.unit.infra.plan.stacks import config
from tests.unit.infra.recorder import DIGEST


def refused(sidecars: dict[str, Any], **groups: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        config({"sidecars": sidecars}, groups)
    return "\n".join(caught.value.problems)


def test_nothing_is_on_unless_it_is_asked_for() -> None:
    """Neither a way in nor a monitor comes by itself."""
    assert config().sidecars == SidecarsConfig(None, None)


def test_a_tunnel_is_for_all_models_or_for_those_that_are_named() -> None:
    """The Secret turns it on."""
    everywhere = config({"sidecars": {"tunnel": {"secret": "tunnels"}}}).sidecars.tunnel
    assert everywhere is not None
    assert everywhere.models == tuple(sorted(model.id for model in config().models))
    some = config({"sidecars": {"tunnel": {"secret": "tunnels", "models": ["legal"], "required": True}}})
    assert some.sidecars.tunnel == TunnelConfig("tunnels", ("legal",), required=True, ref=None)


def test_a_monitor_has_thresholds_and_an_address_to_tell() -> None:
    """With defaults where nothing is said."""
    plain = config({"sidecars": {"health_monitor": {"enabled": True}}}).sidecars.health_monitor
    assert plain == HealthMonitorConfig(15, 3, 2, webhook_secret=None, ref=None)
    keys = {"enabled": True, "interval_s": 60, "down_after": 5, "webhook_secret": "alarm", "ref": f"r/monitor@{DIGEST}"}
    found = config({"sidecars": {"health_monitor": keys}}).sidecars.health_monitor
    assert found == HealthMonitorConfig(60, 5, 2, webhook_secret="alarm", ref=f"r/monitor@{DIGEST}")


@pytest.mark.parametrize(
    ("sidecars", "words"),
    [
        ({"tunnel": {"secret": "t", "models": ["legl"]}}, "tunnel.models: 'legl' is no model of this stack; allowed:"),
        ({"tunnel": {"models": ["legal"]}}, "tunnel.models: needs slipway:sidecars.tunnel.secret"),
        ({"tunnel": {"required": True}}, "tunnel.required: needs slipway:sidecars.tunnel.secret"),
        ({"tunnel": {"secret": "t", "ref": "cloudflared:1"}}, "tunnel.ref: 'cloudflared:1' is not allowed; allowed:"),
        ({"tunnel": {"secret": "T_1"}}, 'slipway:sidecars.tunnel.secret: "T_1" is not allowed; allowed: a DNS name'),
        ({"tunnel": {"token": "x"}}, "slipway:sidecars.tunnel.token"),
        ({"health_monitor": {"interval_s": 30}}, "interval_s: needs slipway:sidecars.health_monitor.enabled true"),
        ({"health_monitor": {"enabled": True, "interval_s": 1}}, "slipway:sidecars.health_monitor.interval_s: 1"),
        ({"health_monitor": {"enabled": True, "ref": "x"}}, "health_monitor.ref: 'x' is not allowed"),
    ],
)
def test_what_would_do_nothing_or_something_else_is_refused(sidecars: dict[str, Any], words: str) -> None:
    """With the key, its value and what is allowed."""
    assert words in refused(sidecars)


def test_a_machine_without_a_cluster_has_them_elsewhere() -> None:
    """There they are services of a Compose file; a setting that does nothing would look as if it did."""
    on = {"tunnel": {"secret": "tunnels"}, "health_monitor": {"enabled": True}}
    found = refused(on, target="docker")
    assert "slipway:sidecars.tunnel.secret: needs slipway:target kubernetes" in found
    assert "slipway:sidecars.health_monitor.enabled: needs slipway:target kubernetes" in found
