"""What every output runs for a model: the same settings of the server, whatever starts the container."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from infra import names
from infra.catalog.types import Geometry, Model, Size
from infra.plan.speeds import DRAIN_S
from infra.stack import ModelConfig, StackConfig

FLOATS = frozenset({"F32", "F16", "BF16"})
NO_KERNELS = frozenset({"IQ1_M"})


@dataclass(frozen=True)
class ServerPlan:
    """The container of a model, without words of Kubernetes.

    Attributes:
        variant: the image's: cpu or cuda.
        env: the same in every output; a tier with less time to drain replaces SLIPWAY_GRACE_S (`Tier.drain_s`).
        needs_cublas: why its weights can't do without cuBLAS on its GPU; None where they can.
        mounts_cublas: the folder with cuBLAS is a volume of the pod.
    """

    id: str
    file: str
    sha256: str | None
    aliases: tuple[str, ...]
    chat_template: str | None
    stop: tuple[str, ...]
    sampling: Mapping[str, float]
    num_slots: int
    context_tokens: int
    variant: str
    env: Mapping[str, str]
    draft_tokens: int = 0
    step_tokens: int | None = None
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    needs_cublas: str | None = None
    mounts_cublas: bool = False

    @cached_property
    def models_json(self) -> str:
        """What the server reads: which file, under which names, with how much room."""
        entry = {
            "id": self.id,
            "file": self.file,
            "sha256": self.sha256,
            "num_slots": self.num_slots,
            "context_tokens": self.context_tokens,
            "draft_tokens": self.draft_tokens,
            "chat_template": self.chat_template,
            **({"chat_template_kwargs": dict(self.chat_template_kwargs)} if self.chat_template_kwargs else {}),
            "stop": list(self.stop),
            "sampling": dict(self.sampling),
            "aliases": list(self.aliases),
        }
        return json.dumps({"models": [entry]}, indent=2, ensure_ascii=False) + "\n"


def plan_server(
    config: StackConfig, model: Model, size: Size, chosen: ModelConfig, num_gpus: int, file: str
) -> ServerPlan:
    """The catalog's, with the slots and the context that the stack chose; `file` is in the folder of models."""
    needs_cublas = why_cublas(size.geometry) if num_gpus else None
    mounts_cublas = needs_cublas is not None and config.image.cublas == "volume"
    return ServerPlan(
        id=model.id,
        file=file,
        sha256=size.weights.sha256,
        aliases=model.aliases,
        chat_template=model.chat_template,
        stop=model.stop,
        sampling=model.sampling,
        num_slots=chosen.num_slots or size.num_slots,
        context_tokens=chosen.context_tokens or size.context_tokens,
        variant="cuda" if num_gpus else "cpu",
        env={**_environment(config, chosen), **_gpu(num_gpus, mounts_cublas=mounts_cublas)},
        draft_tokens=chosen.draft_tokens,
        step_tokens=chosen.step_tokens,
        chat_template_kwargs=chosen.chat_template_kwargs,
        needs_cublas=needs_cublas,
        mounts_cublas=mounts_cublas,
    )


def why_cublas(of: Geometry) -> str | None:
    """ggml multiplies quantised weights by kernels of its own; by cuBLAS whatever is in floating point, or these few.

    It does so for more than 16 tokens at once, which is most of each prompt. The server looks at every tensor of the
    file when it loads it; here only what a catalog knows can be said beforehand.
    """
    if of.quantisation in FLOATS:
        return f"its weights are {of.quantisation}"
    if of.quantisation in NO_KERNELS:
        return f"ggml has no kernels for {of.quantisation}"
    if of.num_experts:
        return "the routers of its experts are F32, however the rest is quantised"
    return "it has state-space layers" if any(each.state_bytes for each in of.layers) else None


def _gpu(num_gpus: int, *, mounts_cublas: bool) -> dict[str, str]:
    """One that would answer by its CPU, where a GPU is paid for, must rather not start."""
    required = {"SLIPWAY_GPU": "required"} if num_gpus else {}
    return {**required, **({"SLIPWAY_CUBLAS": names.CUBLAS_DIR} if mounts_cublas else {})}


def _environment(config: StackConfig, chosen: ModelConfig) -> dict[str, str]:
    """The server's settings on which whoever starts it depends; all others keep the server's defaults.

    It refuses a body that is too large itself: not every way in can.
    """
    step = {} if chosen.step_tokens is None else {"SLIPWAY_STEP_TOKENS": str(chosen.step_tokens)}
    return {
        "SLIPWAY_PORT": str(names.HTTP_PORT),
        "SLIPWAY_METRICS_PORT": str(names.METRICS_PORT),
        "SLIPWAY_MODELS_DIR": names.MODELS_DIR,
        "SLIPWAY_MODELS_FILE": f"{names.CONFIG_DIR}/{names.MODELS_FILE_NAME}",
        "SLIPWAY_GRACE_S": str(DRAIN_S),
        "SLIPWAY_MAX_BODY_BYTES": str(config.edge.body_bytes),
        **step,
        **_traces(config),
    }


def _traces(config: StackConfig) -> dict[str, str]:
    """By OpenTelemetry's own variables. Which model it was is in each span."""
    if config.monitoring.otlp_endpoint is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": config.monitoring.otlp_endpoint,
        "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={config.stack}",
    }
