"""What is said about an API that is not stable, and the table behind it."""

import re

import pytest
import yaml

from kube.objects import Object
from policies.evaluate import evaluate
from policies.rules import versions
from policies.settings import Settings

TABLE = yaml.safe_load(versions.DATA.read_text())


@pytest.mark.parametrize(
    ("api_version", "kind", "cluster", "said"),
    [
        ("policy/v1beta1", "PodDisruptionBudget", (1, 25), "was removed in 1.25; use policy/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", (1, 24), "is not stable, and will be removed in 1.25; use policy/v1"),
        ("certificates.k8s.io/v1beta1", "PodCertificateRequest", (1, 36), "will be removed in 1.40"),
        ("storage.k8s.io/v1beta1", "Novelty", (1, 36), "is not stable"),
    ],
)
def test_the_message_says_since_when_and_what_instead(
    api_version: str, kind: str, cluster: tuple[int, int], said: str
) -> None:
    """As far as the table knows, for the version of the cluster that the settings name."""
    target = Object({"apiVersion": api_version, "kind": kind})
    (verdict,) = evaluate([target], [versions.api_version_current], Settings(kubernetes_version=cluster))
    assert verdict.message.startswith(f"{api_version} {kind} ")
    assert verdict.message.endswith(said)


def test_the_table_names_unstable_versions_of_kubernetes_own_groups() -> None:
    """Each removed API would be refused by the rule; each says in which version it goes."""
    for api_version, kinds in TABLE["removed"].items():
        group, _, version = api_version.partition("/")
        assert group in TABLE["groups"]
        assert re.search("alpha|beta", version)
        assert all(re.fullmatch(r"1\.\d+", entry["in"]) for entry in kinds.values())
