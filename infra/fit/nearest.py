"""What fits instead: fewer slots, a shorter context, a larger profile, a smaller quantisation; the least change first.

A change is measured as the share that is lost (of slots, context, bits) or bought (of memory). Pure. A `Shelf` is made
once for a catalog, so that asking for a thousand models does not look a thousand times at all of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from infra.catalog.types import Catalog, Geometry, Profile, Size
from infra.fit.engine import CELL_PADDING, DEFAULT, Engine
from infra.fit.proof import prove

LEAST_CONTEXT = 256
Family = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Instead:
    """Something that fits, how much of a change it is, and how it is set."""

    change: float
    text: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a catalog offers: profiles from small to large, and the files of each family from large to small."""

    profiles: tuple[Profile, ...]
    families: Mapping[Family, tuple[Size, ...]]


def shelf(catalog: Catalog) -> Shelf:
    """Look at everything once."""
    families: dict[Family, dict[str, Size]] = {}
    for model in catalog.models.values():
        for size in (model.full, model.small):
            families.setdefault(_family(size.geometry), {}).setdefault(size.weights.file, size)
    return Shelf(
        tuple(sorted(catalog.profiles.values(), key=lambda each: (_room(each), each.memory_bytes, each.name))),
        {
            name: tuple(sorted(sizes.values(), key=lambda each: -each.weights.file_bytes))
            for name, sizes in families.items()
        },
    )


def nearest(size: Size, profile: Profile, offered: Shelf, engine: Engine = DEFAULT) -> tuple[Instead, ...]:
    """At most one of each kind. Nothing where nothing that is offered fits."""
    found = [
        *_fewer_slots(size, profile, engine),
        *_shorter_context(size, profile, engine),
        *_larger_profile(size, profile, offered.profiles, engine),
        *_smaller_file(size, profile, offered, engine),
    ]
    return tuple(sorted(found, key=lambda each: (each.change, each.text)))


def _fewer_slots(size: Size, profile: Profile, engine: Engine) -> Iterator[Instead]:
    most = _most(size.num_slots - 1, lambda num: _fits(replace(size, num_slots=num), profile, engine))
    if most:
        yield Instead(1 - most / size.num_slots, f"num_slots {most} instead of {size.num_slots}")


def _shorter_context(size: Size, profile: Profile, engine: Engine) -> Iterator[Instead]:
    def fits(steps: int) -> bool:
        return _fits(replace(size, context_tokens=steps * CELL_PADDING), profile, engine)

    most = _most((size.context_tokens - 1) // CELL_PADDING, fits) * CELL_PADDING
    if most >= LEAST_CONTEXT:
        yield Instead(1 - most / size.context_tokens, f"context_tokens {most} instead of {size.context_tokens}")


def _larger_profile(size: Size, profile: Profile, profiles: Sequence[Profile], engine: Engine) -> Iterator[Instead]:
    """The smallest one of the same kind; where there is none, of the other."""
    larger = [each for each in profiles if each.name != profile.name and _fits(size, each, engine)]
    same = [each for each in larger if (each.num_gpus > 0) == (profile.num_gpus > 0)]
    for each in (same or larger)[:1]:
        growth = max(_room(each) / max(_room(profile), 1), each.memory_bytes / profile.memory_bytes) - 1
        yield Instead(max(growth, 0.0) if same else max(growth, 1.0), f"profile {each.name}")


def _smaller_file(size: Size, profile: Profile, offered: Shelf, engine: Engine) -> Iterator[Instead]:
    for other in offered.families.get(_family(size.geometry), ()):
        if other.weights.file_bytes >= size.weights.file_bytes:
            continue
        trial = replace(size, weights=other.weights, geometry=other.geometry)
        if _fits(trial, profile, engine):
            kind = other.geometry.quantisation
            yield Instead(1 - other.weights.file_bytes / size.weights.file_bytes, f"{kind} ({other.weights.file})")
            return


def _most(above: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `above` that fits, 0 for none: less never needs more."""
    low, high = 0, max(above, 0)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _fits(size: Size, profile: Profile, engine: Engine) -> bool:
    return prove(size, profile, engine).does_fit


def _room(profile: Profile) -> int:
    """What decides whether weights fit: the GPUs' memory, else the host's. A GPU is dearer than any memory."""
    return profile.num_gpus * profile.gpu_memory_bytes if profile.num_gpus else profile.memory_bytes


def _family(geometry: Geometry) -> Family:
    """Models of one shape differ in how many bits their weights have."""
    return geometry.architecture, geometry.num_layers, geometry.num_embedding, geometry.num_feed_forward
