"""models.yaml, profiles.yaml and lock.yaml -> a checked Catalog. Raises CatalogError that lists every problem."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from infra import hardware
from infra.catalog.labels import node_labels
from infra.catalog.schema import (
    GeometryEntry,
    LayersEntry,
    Lock,
    LockEntry,
    ModelEntry,
    Models,
    ProfileEntry,
    Profiles,
    SizeEntry,
)
from infra.catalog.types import (
    Catalog,
    Geometry,
    HubSource,
    Layers,
    Model,
    Profile,
    PypiSource,
    ReplicaRange,
    Size,
    Weights,
    Window,
)
from infra.errors import CatalogError
from infra.problems import describe

HERE = Path(__file__).parent
MODELS, PROFILES, LOCK = "models.yaml", "profiles.yaml", "lock.yaml"

Schema = TypeVar("Schema", bound=BaseModel)


def load_catalog(folder: Path = HERE) -> Catalog:
    """Read the files of a folder: keys, types and ranges first, then what they say of each other."""
    profiles = parse(Profiles, folder / PROFILES).entries
    models = parse(Models, folder / MODELS).entries
    lock = parse(Lock, folder / LOCK).entries
    if problems := [*_check_profiles(profiles), *_check_lock(models, lock)]:
        raise CatalogError(problems)
    catalog = Catalog(
        models={name: _to_model(name, entry, lock) for name, entry in sorted(models.items())},
        profiles={name: _to_profile(name, entry) for name, entry in sorted(profiles.items())},
    )
    if problems := _cross_check(catalog):
        raise CatalogError(problems)
    return catalog


def parse(schema: type[Schema], path: Path) -> Schema:
    """One file, an empty one for no entries."""
    try:
        with _uncollected():
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506, a SafeLoader
            return schema.model_validate({"entries": content or {}})
    except OSError as error:
        raise CatalogError([f"{path.name}: can't be read: {error.strerror}"]) from None
    except yaml.YAMLError as error:
        raise CatalogError([f"{path.name}: not readable as YAML: {error}"]) from None
    except ValidationError as error:
        raise CatalogError(describe(error, schema, lambda loc: f"{path.name}: {'.'.join(map(str, loc[1:]))}")) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """A thousand entries are half a million values that all stay: to look for garbage in them doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, seven times as fast, where PyYAML has been built with it."""


class _UniqueKeyLoader(_Fast):  # type: ignore[misc]
    """YAML lets a later key replace an earlier one in silence; two models of one name are a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", key_node.start_mark)
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _check_profiles(profiles: dict[str, ProfileEntry]) -> list[str]:
    """A GPU that the table does not know, or knows by a name of several sizes, has no memory to fit into."""
    allowed = ", ".join(hardware.products())
    return [
        f"{PROFILES}: {name}.gpu_products: {product!r} is not allowed; allowed: {allowed}"
        for name, entry in profiles.items()
        for product in entry.gpu_products
        if product not in hardware.products()
    ]


def _check_lock(models: dict[str, ModelEntry], lock: dict[str, LockEntry]) -> list[str]:
    problems = []
    for model_id, entry in models.items():
        for name, size in (("full", entry.full), ("small", entry.small)):
            if size is None:
                continue
            source, where = size.source, f"{MODELS}: {model_id}.{name}.source"
            line = lock.get(source.key)
            if line is None and source.pypi is not None:
                problems.append(f"{where}: is not locked; allowed: for pypi, a line {source.key!r} in {LOCK}")
            elif line is None and source.file_bytes is None:
                problems.append(f"{where}: is not locked: run `slipway models lock {model_id}`, or give file_bytes")
            elif line is not None and line.revision != source.revision:
                problems.append(
                    f"{where}: revision {source.revision!r} is not the locked one; "
                    f"allowed: {line.revision!r}, or run `slipway models lock {model_id}`"
                )
            elif line is not None and source.file_bytes is not None:
                problems.append(f"{where}.file_bytes: stands in {LOCK}; allowed: nothing here")
    return problems


def _cross_check(catalog: Catalog) -> list[str]:
    problems: list[str] = []
    taken: dict[str, str] = {}
    for model in catalog.models.values():
        for size in (model.full, model.small):
            if size.profile not in catalog.profiles:
                known = ", ".join(catalog.profiles)
                problems.append(f"{MODELS}: {model.id}: profile {size.profile!r} does not exist; allowed: {known}")
        for name in (model.id, *model.aliases):
            if name in taken:
                problems.append(f"{MODELS}: {model.id}: the name {name!r} belongs to {taken[name]} already")
            taken[name] = model.id
    return list(dict.fromkeys(problems))


def _to_profile(name: str, entry: ProfileEntry) -> Profile:
    products = tuple(entry.gpu_products)
    return Profile(
        name=name,
        cpu_m=entry.cpu,
        cpu_limit_m=entry.cpu_limit,
        memory_bytes=entry.memory,
        num_gpus=entry.gpus,
        gpu_memory_bytes=min(map(hardware.gpu_memory, products), default=0),
        gpu_products=products,
        node_labels=node_labels(products, entry.gpus),
    )


def _to_model(model_id: str, entry: ModelEntry, lock: dict[str, LockEntry]) -> Model:
    full = _to_size(entry.full, lock)
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
        small=_to_size(entry.small, lock) if entry.small else full,
        audience=entry.audience,
        tier=entry.tier,
        replicas=ReplicaRange(entry.replicas.least, entry.replicas.most),
        schedule=tuple(Window(tuple(each.days), each.start, each.end, each.least) for each in entry.schedule),
    )


def _to_size(entry: SizeEntry, lock: dict[str, LockEntry]) -> Size:
    raw = entry.source
    line = lock.get(raw.key)
    source: PypiSource | HubSource
    if raw.pypi:
        source = PypiSource(raw.pypi.package, raw.pypi.version)
    elif raw.hub:
        source = HubSource(raw.hub.repo, (line.commit if line else None) or raw.hub.revision)
    else:  # the schema has refused it
        raise AssertionError(raw)
    file_bytes = line.file_bytes if line else raw.file_bytes or 0
    weights = Weights(source, raw.file, file_bytes, line.sha256 if line else None)
    return Size(weights, entry.profile, entry.num_slots, entry.context_tokens, to_geometry(entry.geometry))


def to_geometry(entry: GeometryEntry) -> Geometry:
    """As the rest of the program knows it."""
    return Geometry(
        architecture=entry.architecture,
        quantisation=entry.quantisation,
        num_parameters=entry.parameters,
        layers=tuple(_to_layers(each) for each in entry.layers),
        num_heads=entry.heads,
        num_embedding=entry.embedding,
        num_feed_forward=entry.feed_forward,
        num_vocabulary=entry.vocabulary,
        trained_context_tokens=entry.trained_context,
        embedding_bytes=entry.embedding_bytes,
        is_tied=entry.tied,
        num_experts=entry.experts.count if entry.experts else 0,
        num_used_experts=entry.experts.used if entry.experts else 0,
    )


def _to_layers(entry: LayersEntry) -> Layers:
    return Layers(
        count=entry.count,
        num_kv_heads=entry.kv_heads,
        key_size=entry.key or entry.head or 0,
        value_size=entry.head or 0 if entry.value is None else entry.value,
        window_tokens=entry.window or 0,
        state_bytes=entry.state or 0,
    )
