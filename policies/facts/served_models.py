"""The models that a pod serves, with the bytes that each needs at least: from an engine's settings, or models.json.

Knows the settings of the engines, and where Slipway's own pods keep theirs: the role in a label, the models in a file
of a ConfigMap that is a volume. Knows no GPU and no rule. What can't be told is None, and nothing follows from it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from infra.names import MODELS_DIR, MODELS_FILE_NAME, ROLE_LABEL, ROLE_MODEL, SERVE_CONTAINER
from kube import digits
from kube.objects import Pod, Stack
from kube.unknown import is_unknown
from kube.view import View
from policies.facts import engines, model_size
from policies.facts.engines import Server
from policies.facts.pod_index import namespace_of


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """One model in one container."""

    container: View
    server: Server | None
    """What runs it; None for Slipway's own server, which is llama.cpp."""
    name: str
    """As the engine is told it: an id on the hub, or a path."""
    weights_bytes: int | None
    cache_bytes: int
    """Of the keys and values for as many tokens as it is set up for; 0 where that is not said."""


def of_pod(stack: Stack, pod: Pod) -> list[Served]:
    """All models of a pod."""
    return [served for container in pod.main_containers for served in of_container(stack, pod, container)]


def of_container(stack: Stack, pod: Pod, container: View) -> list[Served]:
    """The models that a container serves: one of an engine, those of models.json for Slipway's own server."""
    if (server := engines.server(container)) is not None:
        return [_of_server(server)]
    return list(_own(stack, pod, container)) if _is_own(pod, container) else []


def containers(pod: Pod) -> list[View]:
    """The containers of a pod that serve models."""
    return [each for each in pod.main_containers if engines.server(each) is not None or _is_own(pod, each)]


def _of_server(server: Server) -> Served:
    name = str(server.model)
    stated = [server.value(setting) for setting in ("quantization", "dtype", "context_tokens", "kv_dtype")]
    quantization, dtype, tokens, kv_dtype = stated
    num_tokens = digits.whole(tokens) or 0
    size = None if is_unknown(stated) else model_size.weights_bytes(name, quantization, dtype)
    return Served(server.container, server, name, size, model_size.cache_bytes(name, num_tokens, kv_dtype))


def _is_own(pod: Pod, container: View) -> bool:
    """Whether it is Slipway's server in one of its own pods."""
    role = pod.template.at("metadata.labels").get((ROLE_LABEL,))
    return bool(role == ROLE_MODEL and container.text("name") == SERVE_CONTAINER)


def _own(stack: Stack, pod: Pod, container: View) -> Iterator[Served]:
    """Its models: `num_slots` conversations of `context_tokens` each."""
    for file, num_tokens in _files(stack, pod):
        size, cache = model_size.weights_bytes(file), model_size.cache_bytes(file, num_tokens)
        yield Served(container, None, f"{MODELS_DIR}/{file}", size, cache)


def _files(stack: Stack, pod: Pod) -> Iterator[tuple[str, int]]:
    """The files that models.json names, with the tokens for which each has room; none if it is not Slipway's."""
    namespace = namespace_of(pod.object, stack.trace)
    for volume in pod.spec.items("volumes"):
        found = stack.lookup("ConfigMap", namespace, volume.text("configMap.name"))
        text = found.at("data").text((MODELS_FILE_NAME,)) if isinstance(found, View) else None
        with contextlib.suppress(ValueError, LookupError, TypeError):
            for entry in json.loads(str(text))["models"]:
                yield str(entry["file"]), int(entry["num_slots"]) * int(entry["context_tokens"])
