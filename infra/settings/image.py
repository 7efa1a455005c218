"""Keys of `image`: where it goes, what nodes need to pull it, and for which machines and GPUs it is built."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from infra import cuda
from infra.fields import DnsName, Text
from infra.settings import words
from infra.settings.group import Group


def _architecture(value: Any) -> str:
    """`pulumi config set` makes a number of 80."""
    return str(cuda.parse(str(value) if type(value) in (int, str) else ""))


Architecture = Annotated[str, BeforeValidator(_architecture)]


class ImageSettings(Group):
    """The serving image: for CPUs, and for GPUs where a model wants one."""

    registry: Text = words.AUTO
    repository: Text = words.REPOSITORY
    pull_secret: DnsName = words.NONE
    ref: Text = words.NONE
    cuda_ref: Text = words.NONE
    cublas: Literal["forward", "inside", "volume"] = words.CUBLAS
    cpu_variants: Literal["all", "baseline"] = words.CPU_VARIANTS
    cuda_architectures: list[Architecture] = Field(min_length=1, default_factory=lambda: list(words.CUDA_ARCHITECTURES))
    platforms: list[Literal["linux/amd64", "linux/arm64"]] = Field(
        min_length=1, default_factory=lambda: list(words.PLATFORMS)
    )
