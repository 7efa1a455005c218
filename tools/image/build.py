"""Asks BuildKit for one stage of a Dockerfile, with what every build on this machine needs: base image, certificates.

The builder is the local cluster's, or the one that BUILDKIT_HOST names (buildctl's own variable), which pushes to
SLIPWAY_REGISTRY.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra import endpoints as endpoints_file
from infra.names import BASE_IMAGE
from tools.cluster import cluster, ready
from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.image.variants import Variant
from tools.progress import Progress
from tools.settings import ROOT, Settings
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS

REPOSITORY = "slipway-image"
"""Apart from the stacks' images: what is measured is never what a stack runs by accident."""
EPOCH = "1767225600"
"""2026-01-01: the time stamp of every file and of the image, so that two builds can be one."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Where builds go, and what they need of this machine."""

    buildctl: str
    address: str
    registry: str = ""
    base_image: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built. Without an `output` it is only built, and left with the builder."""

    context: Path
    target: str | None
    output: str
    build_args: Mapping[str, str] = field(default_factory=dict)
    without_cache: bool = False


def find(settings: Settings, environ: Mapping[str, str] = os.environ) -> Builder:
    """The builder that there is; PrerequisiteMissing says how to get one."""
    own = environ.get("BUILDKIT_HOST", "")
    programs = toolchain.existing(settings, [CONTAINERS])
    if own:
        buildctl = shutil.which("buildctl", path=os.pathsep.join([*map(str, programs.bin_dirs), environ["PATH"]]))
        if not buildctl or not settings.own.registry:
            raise PrerequisiteMissing(
                f"BUILDKIT_HOST={own!r} names a builder, but "
                + ("SLIPWAY_REGISTRY no registry" if buildctl else "buildctl is not on PATH"),
                "set SLIPWAY_REGISTRY=HOST:PORT and PATH, or unset BUILDKIT_HOST for the local cluster's builder",
            )
        ca_file = str(settings.ca_file) if settings.ca_file else None
        return Builder(buildctl, own, settings.own.registry, settings.own.base_image, ca_file)
    socket, endpoints = cluster.status(settings).layout.buildkit_socket, endpoints_file.load(settings.state_dir)
    if endpoints is None or not ready.accepts(socket)():
        raise PrerequisiteMissing(
            "no image builder runs", "start the local cluster with `make up`, or name one with BUILDKIT_HOST"
        )
    return Builder(
        programs["buildctl"], f"unix://{socket}", endpoints.registry, endpoints.base_image, endpoints.ca_file
    )


def argv(builder: Builder, order: Order) -> list[str]:
    """The command line of buildctl."""
    wanted = [
        builder.buildctl, "--addr", builder.address, "build", "--progress=plain", "--frontend=dockerfile.v0",
        "--local", f"context={order.context}", "--local", f"dockerfile={order.context}",
    ]  # fmt: skip
    if order.output:
        wanted += ["--output", order.output]
    if order.target:
        wanted += ["--opt", f"target={order.target}"]
    for name, value in order.build_args.items():
        wanted += ["--opt", f"build-arg:{name}={value}"]
    if builder.base_image:
        wanted += ["--opt", f"context:{BASE_IMAGE}=docker-image://{builder.base_image}"]
    if builder.ca_file:
        wanted += ["--secret", f"id=ca,src={builder.ca_file}"]
    return [*wanted, "--no-cache"] if order.without_cache else wanted


def push(
    builder: Builder, name: str, variant: Variant, progress: Progress, *, tag: str = "", fresh: bool = False
) -> str:
    """Build a variant and push it; its reference. With `fresh` nothing that was built before is used again."""
    ref = f"{builder.registry}/{REPOSITORY}:{tag or name}"
    order = Order(
        context=ROOT / variant.context,
        target=variant.target,
        output=f"type=image,name={ref},push=true,rewrite-timestamp=true",
        build_args={"SOURCE_DATE_EPOCH": EPOCH, **variant.build_args},
        without_cache=fresh,
    )
    with progress.step(f"image {tag or name}") as step:
        run(argv(builder, order), on_line=lambda line: step.update(line[:100]))
    return ref


def stages(dockerfile: str) -> Sequence[str]:
    """Names of the stages of a Dockerfile's text."""
    lines = (line.split() for line in dockerfile.splitlines())
    return [words[3] for words in lines if len(words) >= 4 and words[0] == "FROM" and words[2].upper() == "AS"]
