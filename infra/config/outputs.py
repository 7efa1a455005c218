"""`target`, `docker` and `aicore`: the same models where there is no cluster of ours."""

from collections.abc import Iterator

from infra.config.common import unless_none
from infra.settings import AMBIENT, Settings
from infra.stack import AiCoreConfig, DockerConfig


def check(settings: Settings) -> Iterator[str]:
    """Bounds in order."""
    if settings.target == "docker":
        yield from _check_secrets(settings)
    aicore = settings.aicore
    if aicore.min_replicas > aicore.max_replicas:
        yield (
            f"slipway:aicore.min_replicas: {aicore.min_replicas} is above max_replicas; "
            f"allowed: 0 to {aicore.max_replicas}"
        )


def _check_secrets(settings: Settings) -> Iterator[str]:
    """Without a cluster nothing holds a Secret, and nobody's container gets a file but by Compose."""
    found = settings.secrets
    if others := [use for use in found.use if use != "hub-token"]:
        text = (
            "is not allowed with slipway:target docker; allowed: 'hub-token' (`slipway render --target compose`: all)"
        )
        yield f"slipway:secrets.use: {', '.join(map(repr, others))} {text}"
    if "hub-token" in found.use and found.source != "plain":
        yield f"slipway:secrets.source: {found.source!r} is not allowed with slipway:target docker; allowed: 'plain'"


def resolve_docker(settings: Settings) -> DockerConfig:
    """`ambient` is what DOCKER_HOST says."""
    docker = settings.docker
    return DockerConfig(None if docker.host == AMBIENT else docker.host, docker.network, docker.port, docker.bind)


def resolve_aicore(settings: Settings) -> AiCoreConfig:
    """As it was written."""
    found = settings.aicore
    return AiCoreConfig(
        resource_plan=found.resource_plan,
        target=found.target,
        min_replicas=found.min_replicas,
        max_replicas=found.max_replicas,
        pull_secret=unless_none(found.pull_secret),
        scenario=found.scenario,
        baked=found.weights == "baked",
    )
