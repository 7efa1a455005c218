"""Which pods serve a language model, and with which flags. Shared by the rules about models and about reach.

Knows the names of the engines, of their programs and of their images, and how flags are written. Knows no rule and no
meaning of a flag.

The label `slipway.dev/role` decides where it is set: `model` is a server, any other role is none. Otherwise an image
or a command that is an engine's decides, or `--model` in a container that listens. An image that is not known yet
leaves the answer UNKNOWN, which is false.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from infra.names import ROLE_LABEL, ROLE_MODEL
from kube import image_reference
from kube.objects import Pod
from kube.unknown import UNKNOWN
from kube.view import View

ENGINE_IMAGES = (
    "aphrodite-engine",
    "huggingfaceserver",
    "llama-cpp",
    "llama-server",
    "llamafile",
    "lmdeploy",
    "localai",
    "ollama",
    "sglang",
    "tensorrt-llm",
    "text-embeddings-inference",
    "text-generation-inference",
    "tgi",
    "tritonserver",
    "vllm",
)
"""What the last part of an image's name holds as whole words, such as `vllm-openai`; `_` and `.` count as `-`."""

COMPANIONS = frozenset({"client", "controller", "exporter", "gateway", "operator", "proxy", "router", "ui", "webui"})
"""Words in the name of an image that stands beside an engine and is none: `vllm-router`, `ollama-webui`."""

ENGINE_COMMANDS = re.compile(
    r"(?:^|[ /])(?:vllm serve|-m vllm\.entrypoints\.\S+|-m sglang\.launch_server|sglang serve|llama-server"
    r"|ollama serve|text-generation-launcher|text-embeddings-router|tritonserver|trtllm-serve|-m serve)(?: |$)"
)
SHELLS = re.compile(r"(?:.*/)?(?:ba|da|z|k)?sh")
_NEGATIVE = re.compile(r"-[0-9.]+")

Place = tuple[str | int, ...]
"""Below a container: `("args", 1)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """The words of a container's command and arguments, a shell's script taken apart, and the flags among them.

    `--a b`, `--a=b`, `--a` and `-a b` are flags; a name reads with dashes, so `--max_model_len` is `max-model-len`.
    A word behind a flag is its value, for we don't know which flags have none: ask `get(...) is not None` for those.
    """

    words: tuple[str, ...]
    flags: Mapping[str, tuple[Any, int]]
    """Values as text, True for a flag without one; and which argument holds the name."""
    is_known: bool
    """False where an argument is UNKNOWN: then no flag can be said to be absent."""
    container: View
    places: tuple[Place, ...]
    """Where each argument is."""

    def get(self, *names: str) -> Any:
        """The value of the first of the names that is there; None where none is, UNKNOWN where that is not known."""
        for name in names:
            if name in self.flags:
                return self.flags[name][0]
        return None if self.is_known else UNKNOWN

    def view(self, *names: str) -> View | None:
        """The argument that holds the flag."""
        return next((self.container.at(self.places[self.flags[name][1]]) for name in names if name in self.flags), None)


def is_model_server(pod: Pod) -> Any:
    """True, False, or UNKNOWN (which is false) where only an image or an argument that is not known yet decides."""
    role = pod.template.at("metadata.labels").get((ROLE_LABEL,))
    if role is not None:
        return UNKNOWN if role is UNKNOWN else bool(role == ROLE_MODEL)
    answers = [is_engine(container) for container in pod.main_containers]
    return True if True in answers else next((answer for answer in answers if answer is UNKNOWN), False)


def is_engine(container: View) -> Any:
    """Whether this container runs an engine, as `is_model_server`."""
    return runs_engine(container, arguments(container))


def runs_engine(container: View, found: Arguments) -> Any:
    """As `is_engine`, for who has parsed the arguments already."""
    image = container.text("image")
    if _is_engine_image(image) or _is_engine_command(found.words):
        return True
    if image is UNKNOWN or not found.is_known:
        return UNKNOWN
    return found.get("model") is not None and bool(container.items("ports"))


def arguments(container: View) -> Arguments:
    """The parsed command and arguments."""
    texts = [*_texts(container, "command"), *_texts(container, "args")]
    words, flags, is_known = _parse(tuple(text for text, _ in texts))
    return Arguments(words, flags, is_known, container, tuple(place for _, place in texts))


def _texts(container: View, field: str) -> Iterator[tuple[Any, Place]]:
    """Each argument with its place; a list that is not known as a whole is one argument that is not known."""
    data = container.at(field).expect(list, "a list")
    if data is UNKNOWN:
        yield UNKNOWN, ()
    for index, item in enumerate(data or ()):
        text = item if isinstance(item, str) else container.text((field, index))
        if text is not None:
            yield text, (field, index)


@lru_cache(maxsize=4096)
def _parse(texts: tuple[Any, ...]) -> tuple[tuple[str, ...], Mapping[str, tuple[Any, int]], bool]:
    """Words, flags, and whether all is known. Kept, for every rule about engines asks it of the same arguments."""
    words = list(_words(texts))
    flags: dict[str, tuple[Any, int]] = {}
    for number, (word, index) in enumerate(words):
        if word is UNKNOWN or not _is_flag(word):
            continue
        name, is_assigned, value = word.partition("=")
        if not is_assigned:
            following = [each for each, _ in words[number : number + 2]]
            value = next((each for each in following if each is UNKNOWN or not _is_flag(each)), True)
        flags[name.lstrip("-").replace("_", "-")] = (value, index)
    known = tuple(word for word, _ in words if word is not UNKNOWN)
    return known, flags, len(known) == len(words)


def _words(texts: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Every word with the argument that holds it; what comes after the name of a shell is taken apart."""
    is_script = False
    for index, text in enumerate(texts):
        if text is UNKNOWN:
            yield UNKNOWN, index
        else:
            yield from ((word, index) for word in (_split(text) if is_script else [text]))
            is_script = is_script or bool(SHELLS.fullmatch(text))


def _split(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:  # a quote that does not end: words at least
        return script.split()


def _is_flag(word: str) -> bool:
    """Not so a negative number, which may be a flag's value, as in `--priority -1`."""
    return word.startswith("-") and not _NEGATIVE.fullmatch(word)


@lru_cache(maxsize=4096)
def _is_engine_command(words: tuple[str, ...]) -> bool:
    return ENGINE_COMMANDS.search(" ".join(words)) is not None


@lru_cache(maxsize=4096)
def _is_engine_image(image: Any) -> bool:
    parsed = image_reference.parse(image) if isinstance(image, str) else None
    return parsed is not None and _is_engine_name(parsed.registry, parsed.repository)


def _is_engine_name(registry: str, repository: str) -> bool:
    last = re.sub(r"[._]+", "-", repository.rpartition("/")[2])
    is_nim = registry == "nvcr.io" and repository.startswith("nim/")
    is_engine = is_nim or any(f"-{name}-" in f"-{last}-" for name in ENGINE_IMAGES)
    return is_engine and not COMPANIONS & set(last.split("-"))
