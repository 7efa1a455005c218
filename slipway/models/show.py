"""Models and proofs as text for people and as data for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from infra.catalog.types import Catalog, HubSource, Model, Size
from infra.fit.proof import Fit, Place, gib


def sizes_of(model: Model) -> Iterator[tuple[str, Size]]:
    """The full one, and the small one where it is another."""
    yield "full", model.full
    if model.small != model.full:
        yield "small", model.small


def listing(catalog: Catalog) -> str:
    """One line for each model and size."""
    rows = [("MODEL", "SIZE", "PARAMETERS", "QUANTISATION", "FILE", "PROFILE", "SLOTS", "TIER", "REPLICAS", "LOCKED")]
    for model in catalog.models.values():
        for name, size in sizes_of(model):
            rows.append(
                (
                    model.id,
                    name,
                    f"{size.geometry.num_parameters / 1e9:.1f}B",
                    size.geometry.quantisation,
                    f"{size.weights.file_bytes / 1e9:.1f} GB",
                    size.profile,
                    f"{size.num_slots} x {size.context_tokens}",
                    model.tier,
                    f"{model.replicas.least}-{model.replicas.most}",
                    locked(size),
                )
            )
    return columns(rows)


def locked(size: Size) -> str:
    """How firmly the file is pinned: the commit too, the sum only, not at all."""
    if size.weights.sha256 is None:
        return "no"
    source = size.weights.source
    return "sum" if isinstance(source, HubSource) and not _is_commit(source.revision) else "yes"


def _is_commit(revision: str) -> bool:
    return len(revision) == 40 and set(revision) <= set("0123456789abcdef")


def entries(catalog: Catalog) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "id": model.id,
            "size": name,
            "title": model.title,
            "licence": model.licence,
            "audience": model.audience,
            "tier": model.tier,
            "replicas": {"least": model.replicas.least, "most": model.replicas.most},
            "file": size.weights.file,
            "file_bytes": size.weights.file_bytes,
            "sha256": size.weights.sha256,
            "architecture": size.geometry.architecture,
            "parameters": size.geometry.num_parameters,
            "quantisation": size.geometry.quantisation,
            "profile": size.profile,
            "num_slots": size.num_slots,
            "context_tokens": size.context_tokens,
        }
        for model in catalog.models.values()
        for name, size in sizes_of(model)
    ]


def proof_text(title: str, fit: Fit) -> str:
    """Every term, the sum, what is there and what is left."""
    lines = [f"{title}: {'fits' if fit.does_fit else 'does not fit'} {fit.profile}"]
    places: tuple[tuple[Place, str, int], ...] = (
        ("gpu", "GPU", fit.usable_gpu_bytes),
        ("host", "memory", fit.usable_host_bytes),
    )
    for place, name, usable in places:
        if not usable and not fit.needed(place):
            continue
        rows = [(f"  {name}", term.name, gib(term.num_bytes)) for term in fit.terms if term.place == place]
        rows += [("", "needed", gib(fit.needed(place))), ("", "usable", gib(usable))]
        rows += [("", "left" if fit.spare(place) >= 0 else "missing", gib(abs(fit.spare(place))))]
        lines.append(columns(rows))
    if fit.cached_bytes:
        lines.append(f"  {gib(fit.cached_bytes)} of the file stay in the page cache for the next start")
    return "\n".join(lines)


def proof_data(title: str, fit: Fit) -> dict[str, Any]:
    """The same as data."""
    return {
        "model": title,
        "profile": fit.profile,
        "fits": fit.does_fit,
        "terms": [{"place": each.place, "name": each.name, "bytes": each.num_bytes} for each in fit.terms],
        "gpu": {"needed": fit.needed("gpu"), "usable": fit.usable_gpu_bytes},
        "host": {"needed": fit.needed("host"), "usable": fit.usable_host_bytes},
        "cached": fit.cached_bytes,
    }


def columns(rows: Iterable[Sequence[str]]) -> str:
    """As wide as the widest of each column; numbers to the right."""
    table = list(rows)
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))]

    def cell(text: str, width: int) -> str:
        return text.rjust(width) if text[:1].isdigit() else text.ljust(width)

    return "\n".join("  ".join(map(cell, row, widths)).rstrip() for row in table)
