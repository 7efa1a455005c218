"""`image`: where it goes, and for which machines and GPUs."""

import re
from collections.abc import Iterator

from infra import cuda
from infra.config.common import need_embedded, unless_none
from infra.endpoints import Endpoints
from infra.settings import AUTO, NONE, Settings
from infra.stack import IMAGE_VOLUMES, ImageConfig

BY_DIGEST = re.compile(r"[\w.:/-]+@sha256:[0-9a-f]{64}")


def check(settings: Settings) -> Iterator[str]:
    """A registry that is known, and a build that its compiler can do."""
    yield from need_embedded(settings, {"image.registry": settings.image.registry})
    for key, ref in (("ref", settings.image.ref), ("cuda_ref", settings.image.cuda_ref)):
        if ref != NONE and not BY_DIGEST.fullmatch(ref):
            yield f"slipway:image.{key}: {ref!r} is not allowed; allowed: 'none', or NAME@sha256:<64 digits>"
    if settings.image.cpu_variants == "all" and "linux/arm64" in settings.image.platforms:
        yield (
            "slipway:image.platforms: 'linux/arm64' can't be built with cpu_variants 'all': the image's compiler does "
            "not know its newest variants; allowed: 'linux/amd64', or both with cpu_variants 'baseline'"
        )
    if settings.image.cublas == "volume":
        yield from _check_volume(settings)


def _check_volume(settings: Settings) -> Iterator[str]:
    """It is an image that nodes mount."""
    major, _, minor = settings.cluster.version.partition(".")
    if settings.target == "docker":
        yield (
            "slipway:image.cublas: 'volume' is not allowed with slipway:target docker; allowed: 'inside', 'forward' "
            "(`slipway render --target compose`: all)"
        )
    elif settings.cluster.kind != "embedded" and (int(major), int(minor)) < IMAGE_VOLUMES:
        yield (
            f"slipway:image.cublas: 'volume' needs nodes that mount images, as they do from 1.{IMAGE_VOLUMES[1]} on; "
            f"allowed with slipway:cluster.version \"{settings.cluster.version}\": 'inside', 'forward'"
        )


def resolve(settings: Settings, endpoints: Endpoints) -> ImageConfig:
    """The local cluster's builder and base image are for itself alone."""
    image, embedded = settings.image, settings.cluster.kind == "embedded"
    return ImageConfig(
        registry=endpoints.registry if image.registry == AUTO else image.registry,
        repository=image.repository,
        cpu_variants=image.cpu_variants,
        platforms=tuple(sorted(set(image.platforms))),
        builder=endpoints.builder if embedded else None,
        base_image=endpoints.base_image if embedded else None,
        ca_file=endpoints.ca_file if embedded else None,
        pull_secret=unless_none(image.pull_secret),
        ref=unless_none(image.ref),
        cuda_ref=unless_none(image.cuda_ref),
        cuda_architectures=tuple(map(str, sorted({cuda.parse(each) for each in image.cuda_architectures}))),
        cublas=image.cublas,
    )
