"""Keys of `image`: where it goes, what nodes need to pull it, and for which machines it is built."""

from typing import Literal

from pydantic import Field

from infra.fields import DnsName, Text
from infra.settings import words
from infra.settings.group import Group


class ImageSettings(Group):
    """The serving image."""

    registry: Text = words.AUTO
    repository: Text = words.REPOSITORY
    pull_secret: DnsName = words.NONE
    ref: Text = words.NONE
    cpu_variants: Literal["all", "baseline"] = words.CPU_VARIANTS
    platforms: list[Literal["linux/amd64", "linux/arm64"]] = Field(
        min_length=1, default_factory=lambda: list(words.PLATFORMS)
    )
