"""models.json: which models this server serves, and how. Written by the Pulumi program, read once, checked strictly.

`Models` is what is known at one moment. registry.py makes a new one whenever models come or go.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from serve.chat.types import RESERVED
from serve.engine.types import Sampling
from serve.errors import InvalidRequestError, ModelNotFoundError, SetupError

_STRICT = ConfigDict(extra="forbid", strict=True)
_MOST_NAMED = 20  # of a folder full of models

Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(gt=0, le=1)]
MinP = Annotated[float, Field(ge=0, le=1)]
TopK = Annotated[int, Field(ge=0)]
RepeatPenalty = Annotated[float, Field(gt=0, le=10)]
Penalty = Annotated[float, Field(ge=-2, le=2)]


@dataclass(frozen=True, slots=True)
class SamplingDefaults:
    """What a model does when the request does not say. None: the engine's own default."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    temperature: Temperature | None = None
    top_k: TopK | None = None
    top_p: TopP | None = None
    min_p: MinP | None = None
    repeat_penalty: RepeatPenalty | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32 - 1)] | None = None

    def sampling(self) -> Sampling:
        """The whole set of values."""
        return Sampling(**{name: value for name, value in asdict(self).items() if value is not None})


# A name, not a path: nothing outside the models directory can be meant.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$")]


def _not_reserved(told: dict[str, Any]) -> dict[str, Any]:
    """What a template is told where a request says nothing else, such as `{"enable_thinking": false}`."""
    if wrong := [name for name in RESERVED if name in told]:
        raise ValueError(f"{wrong[0]} is the server's own")
    return told


@dataclass(frozen=True, slots=True)
class AdapterEntry:
    """A LoRA adapter in the models directory, and how much of it a request gets that does not ask for any."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=200)]
    file: FileName
    scale: Annotated[float, Field(ge=-100, le=100)] = 0.0


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Where a model's weights can be pulled from when they are not there. `file` is theirs in the repository; None: the
    same as here.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    repo: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")]
    revision: Annotated[str, Field(min_length=1, max_length=200)] = "main"
    file: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model. `context_tokens` is per slot."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Annotated[str, Field(min_length=1, max_length=200)]
    file: FileName
    num_slots: Annotated[int, Field(ge=1, le=256)]
    context_tokens: Annotated[int, Field(ge=64, le=4_194_304)]
    # Of the file. Checked by whoever puts it into the models directory, not again at each start: see weights.py.
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    chat_template: str | None = None
    chat_template_kwargs: Annotated[dict[str, Any], AfterValidator(_not_reserved)] = field(default_factory=dict)
    stop: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # Of a request that does not say; None: as many as fit.
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    aliases: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # Tokens that are guessed at a time from what the text said before; 0: none. Answers stay what they are.
    draft_tokens: Annotated[int, Field(ge=0, le=16)] = 0
    adapters: Annotated[tuple[AdapterEntry, ...], Field(strict=False)] = ()
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)
    # preload: at the start, and for as long as the server runs. on_demand: by its first request.
    load: Literal["preload", "on_demand"] = "preload"
    pinned: bool = False  # once it is loaded it stays: no other model, and no idleness, takes its memory
    load_priority: Annotated[int, Field(ge=-1000, le=1000)] = 0  # higher is loaded first, and given up last
    # Unloaded after so long without a request; 0: never. None: as the server is set, and never if it is preloaded.
    idle_unload_s: Annotated[float, Field(ge=0)] | None = None
    memory_bytes: Annotated[int, Field(ge=0)] | None = None  # kept for its worker; None: guessed, later measured
    gpu_layers: Annotated[int, Field(ge=0)] | None = None  # computed on GPUs where there are any; None: all
    source: SourceEntry | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """All models of this server, findable by id and alias."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    models: Annotated[tuple[ModelEntry, ...], Field(strict=False, min_length=1)]

    def find(self, name: str | None) -> ModelEntry:
        """By id or alias, or ModelNotFoundError. Where there is one model, it need not be named."""
        if name is None and len(self.models) == 1:
            return self.models[0]
        found = None if name is None else self.get(name)
        if found is not None:
            return found
        known = ", ".join(model.id for model in self.models[:_MOST_NAMED]) or "none"
        known += ", ..." if len(self.models) > _MOST_NAMED else ""
        if name is None and self.models:
            raise InvalidRequestError(f"model is missing: there is {known}", param="model")
        raise ModelNotFoundError(f"there is no model {name or ''!r} here: there is {known}", param="model")

    def get(self, name: str) -> ModelEntry | None:
        """The same, or None. Ollama's clients say `name:latest` and don't mind capitals."""
        for model in self.models:
            if name == model.id or name in model.aliases:
                return model
        folded = fold(name)
        for model in self.models:
            if any(folded == fold(each) for each in (model.id, *model.aliases)):
                return model
        return None


def fold(name: str) -> str:
    """What two names have in common that mean the same model."""
    return name.casefold().removesuffix(":latest")


def load_models(path: Path, text: str = "") -> Models:
    """Read and check the file, or `text` where there is one, which is what SLIPWAY_MODELS_JSON says.

    SetupError names each key that is wrong, its value and what is allowed.
    """
    where = "SLIPWAY_MODELS_JSON" if text else str(path)
    try:
        models = TypeAdapter(Models).validate_json(text or path.read_bytes())
    except OSError as error:
        raise SetupError(f"SLIPWAY_MODELS_FILE is {path}: {error.strerror}") from error
    except ValidationError as error:
        raise SetupError(
            f"{where}: " + "; ".join(_line(e["loc"], e["input"], e["msg"]) for e in error.errors())
        ) from error
    names = [name for model in models.models for name in (model.id, *model.aliases)]
    for name in names:
        if names.count(name) > 1:
            raise SetupError(f"{where}: the name {name!r} is there twice: ids and aliases must differ")
    return models


def _line(loc: tuple[int | str, ...], value: object, message: str) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
    shown = repr(value) if len(repr(value)) < 80 else f"{repr(value)[:77]}..."
    message = message.removeprefix("Value error, ")
    return f"{where or 'the file'} is {shown}: {message[0].lower()}{message[1:]}"
