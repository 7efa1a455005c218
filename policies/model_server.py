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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.names import ROLE_LABEL, ROLE_MODEL
from policies import image_reference
from policies.lists import elements
from policies.objects import Pod
from policies.unknown import UNKNOWN
from policies.view import View

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


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: its value as text, True where it has none, and the argument that holds its name."""

    value: Any
    view: View


@dataclass(frozen=True, slots=True)
class Arguments:
    """The words of a container's command and arguments, a shell's script taken apart, and the flags among them.

    `--a b`, `--a=b`, `--a` and `-a b` are flags; a name reads with dashes, so `--max_model_len` is `max-model-len`.
    A word behind a flag is its value, for we don't know which flags have none: ask `get(...) is not None` for those.
    """

    words: tuple[str, ...]
    flags: Mapping[str, Flag]
    is_known: bool
    """False where an argument is UNKNOWN: then no flag can be said to be absent."""

    def get(self, *names: str) -> Any:
        """The value of the first of the names that is there; None where none is, UNKNOWN where that is not known."""
        for name in names:
            if name in self.flags:
                return self.flags[name].value
        return None if self.is_known else UNKNOWN

    def view(self, *names: str) -> View | None:
        """The argument that holds the flag."""
        return next((self.flags[name].view for name in names if name in self.flags), None)


def is_model_server(pod: Pod) -> Any:
    """True, False, or UNKNOWN (which is false) where only an image or an argument that is not known yet decides."""
    role = pod.template.at("metadata.labels").get((ROLE_LABEL,))
    if role is not None:
        return UNKNOWN if role is UNKNOWN else bool(role == ROLE_MODEL)
    answers = [is_engine(container) for container in pod.main_containers]
    return True if True in answers else next((answer for answer in answers if answer is UNKNOWN), False)


def is_engine(container: View) -> Any:
    """Whether this container runs an engine, as `is_model_server`."""
    image = container.text("image")
    found = arguments(container)
    if _is_engine_image(image) or ENGINE_COMMANDS.search(" ".join(found.words)):
        return True
    if image is UNKNOWN or not found.is_known:
        return UNKNOWN
    return found.get("model") is not None and bool(container.items("ports"))


def arguments(container: View) -> Arguments:
    """The parsed command and arguments."""
    words = list(_words(container))
    flags: dict[str, Flag] = {}
    for index, (word, view) in enumerate(words):
        if word is UNKNOWN or not _is_flag(word):
            continue
        name, is_assigned, value = word.partition("=")
        if not is_assigned:
            following = [each for each, _ in words[index : index + 2]]
            value = next((each for each in following if each is UNKNOWN or not _is_flag(each)), True)
        flags[name.lstrip("-").replace("_", "-")] = Flag(value, view)
    known = tuple(word for word, _ in words if word is not UNKNOWN)
    return Arguments(known, flags, len(known) == len(words))


def _words(container: View) -> Iterator[tuple[Any, View]]:
    """Every word with the argument that holds it; what comes after the name of a shell is taken apart."""
    is_script = False
    for view in (*elements(container, "command"), *elements(container, "args")):
        text = view.text("")
        if text is UNKNOWN:
            yield UNKNOWN, view
        elif text is not None:
            yield from ((word, view) for word in (_split(text) if is_script else [text]))
            is_script = is_script or bool(SHELLS.fullmatch(text))


def _split(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:  # a quote that does not end: words at least
        return script.split()


def _is_flag(word: str) -> bool:
    """Not so a negative number, which may be a flag's value, as in `--priority -1`."""
    return word.startswith("-") and not re.fullmatch(r"-[0-9.]+", word)


def _is_engine_image(image: Any) -> bool:
    parsed = image_reference.parse(image) if isinstance(image, str) else None
    return parsed is not None and _is_engine_name(parsed.registry, parsed.repository)


def _is_engine_name(registry: str, repository: str) -> bool:
    last = re.sub(r"[._]+", "-", repository.rpartition("/")[2])
    is_nim = registry == "nvcr.io" and repository.startswith("nim/")
    is_engine = is_nim or any(f"-{name}-" in f"-{last}-" for name in ENGINE_IMAGES)
    return is_engine and not COMPANIONS & set(last.split("-"))
