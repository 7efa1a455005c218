"""The first stack of a user: five settings by the real CLI, and there is a plan."""

from __future__ import annotations

import pytest

from infra.catalog.load import load_catalog
from infra.cost import inputs
from infra.endpoints import without_cluster
from infra.errors import ConfigError
from infra.plan import make_plan
from tests.integration.plugins.workspace import ROOT, Workspace

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

FIVE = {
    "slipway:owner": "my-team",
    "slipway:cluster.context": "my-context",
    "slipway:image.registry": "registry.my.org/team",
    "slipway:edge.host": "models.my.org",
    "slipway:edge.issuer": "letsencrypt",
}


def test_five_settings_make_a_staging(blind_project: Workspace) -> None:
    """Written as the documentation says, into a file that has none: all seven models, small, with certificates."""
    for key, value in FIVE.items():
        blind_project.pulumi("config", "set", "--path", key, value)
    plan = make_plan(inputs.config_of("test", blind_project.project, without_cluster()), load_catalog())
    assert len(plan.models) == 7
    assert not [model.id for model in plan.models if model.resources.num_gpus]
    assert [notice.text for notice in plan.notices if notice.kind == "blocker"] == []
    assert {model.url for model in plan.models} >= {"https://legal.models.my.org"}


def test_the_documentation_has_just_these() -> None:
    """What a reader types is what is tried here."""
    text = (ROOT / "docs" / "stacks.md").read_text(encoding="utf-8")
    for key, value in FIVE.items():
        path = "" if key == "slipway:owner" else "--path "
        assert f"pulumi config set {path}{key} {value}" in text


@pytest.mark.parametrize("key", ["slipway:cluster.context", "slipway:image.registry", "slipway:edge.host"])
def test_one_that_is_missing_is_asked_for(blind_project: Workspace, key: str) -> None:
    """By its name, and with what is allowed."""
    for each, value in FIVE.items():
        blind_project.pulumi("config", "set", "--path", each, value)
    blind_project.pulumi("config", "rm", "--path", key)
    with pytest.raises(ConfigError, match=f"{key}: 'auto' needs slipway:cluster.kind embedded; allowed here: a name"):
        inputs.config_of("test", blind_project.project, without_cluster())
