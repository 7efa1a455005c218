"""What the checks of several subjects share."""

from collections.abc import Iterator

from infra.settings import AUTO, NONE, Settings


def unless_none(value: str) -> str | None:
    """The setting `none` as a value."""
    return None if value == NONE else value


def need_embedded(settings: Settings, values: dict[str, str]) -> Iterator[str]:
    """`auto` where only the local cluster could tell."""
    if settings.cluster.kind == "embedded":
        return
    for key, value in values.items():
        if value == AUTO:
            yield f"slipway:{key}: 'auto' needs slipway:cluster.kind embedded; allowed here: a name"


def go_together(key: str, value: str, *, is_needed: bool, because: str) -> Iterator[str]:
    """A key that is there without what needs it, or the other way round."""
    if is_needed and value == NONE:
        yield f"slipway:{key}: 'none' is not allowed; allowed with {because}: a name"
    elif not is_needed and value != NONE:
        yield f"slipway:{key}: {value!r} is not allowed; allowed without {because}: 'none'"
