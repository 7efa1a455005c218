"""Keys of `docker` and `aicore`: what the same models need where there is no cluster of ours."""

from typing import Annotated, Literal

from pydantic import Field

from infra.fields import DnsName, Label, Text
from infra.settings import words
from infra.settings.group import Group


class DockerSettings(Group):
    """One machine without Kubernetes; `host` is a Docker host as DOCKER_HOST names it."""

    host: Text = words.AMBIENT
    network: Label = words.NAMESPACE
    port: Annotated[int, Field(ge=1, le=65_535)] = words.DOCKER_PORT
    bind: Text = "127.0.0.1"


class AiCoreSettings(Group):
    """The ServingTemplates of SAP AI Core."""

    resource_plan: Text = words.AICORE_PLAN
    target: Annotated[int, Field(ge=1, le=1000)] = words.AICORE_TARGET
    min_replicas: Annotated[int, Field(ge=0, le=100)] = words.AICORE_LEAST
    max_replicas: Annotated[int, Field(ge=1, le=100)] = words.AICORE_MOST
    pull_secret: DnsName = words.NONE
    scenario: Label = words.NAMESPACE
    weights: Literal["runtime", "baked"] = "runtime"
