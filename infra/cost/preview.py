"""What `pulumi preview --json --show-sames` prints -> the resources before and after, and whether it is whole.

Each step has the state before and the state after, so one preview gives both. A preview that failed, was cancelled or
leaves out what does not change still looks like one: its diagnostics and its summary of changes tell.

Source: github.com/pulumi/pulumi pkg/backend/display/json.go, pkg/display (PreviewDigest), pkg/resource/deploy/step.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.cost.report import Check, Gate

NAME: Final = "the preview"
COUNTED: Final = ("create", "update", "replace", "delete", "import")
"""Operations that a preview always shows. Of replacements it may leave out the single steps."""
GONE: Final = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace"})
DIGEST_KEYS: Final = frozenset({"steps", "diagnostics", "changeSummary", "duration", "config", "maybeCorrupt"})
MAX_MESSAGE_CHARS: Final = 300
MAX_ERRORS: Final = 3

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """Resources as Pulumi's states have them, each once."""

    before: tuple[Resource, ...]
    after: tuple[Resource, ...]
    checks: tuple[Check, ...]


def preview_of(data: Any) -> Preview | None:
    """None where the data is something else."""
    if not isinstance(data, Mapping) or not data or not set(data) <= DIGEST_KEYS:
        return None
    if not {"steps", "diagnostics", "changeSummary"} & set(data):
        return None
    steps = [step for step in data.get("steps") or [] if isinstance(step, Mapping)]
    return Preview(_before(steps), _after(steps), tuple(_checks(data, steps)))


def is_event_stream(data: Any) -> bool:
    """What the CLI prints in place of a preview when it is told to stream."""
    return isinstance(data, Mapping) and "sequence" in data and "timestamp" in data


def _before(steps: Sequence[Resource]) -> tuple[Resource, ...]:
    """What is deployed. Something that is imported is there already, though not in the state."""
    found: dict[str, Resource] = {}
    for step in steps:
        state = step.get("newState") if step.get("op") == "import" else step.get("oldState")
        if isinstance(state, Mapping):
            found.setdefault(str(state.get("urn")), state)
    return tuple(found.values())


def _after(steps: Sequence[Resource]) -> tuple[Resource, ...]:
    found: dict[str, Resource] = {}
    for step in steps:
        state = step.get("newState")
        if isinstance(state, Mapping) and step.get("op") not in GONE:
            found[str(state.get("urn"))] = state
    return tuple(found.values())


def _checks(data: Resource, steps: Sequence[Resource]) -> Iterator[Check]:
    errors = [each for each in data.get("diagnostics") or [] if isinstance(each, Mapping) and _is_error(each)]
    for each in errors[:MAX_ERRORS]:
        yield Check(NAME, Gate.CRITICAL, f"it failed: {_short(each.get('message'))}")
    if len(errors) > MAX_ERRORS:
        yield Check(NAME, Gate.CRITICAL, f"it failed with {len(errors) - MAX_ERRORS} more errors")
    if data.get("maybeCorrupt") is True:
        yield Check(NAME, Gate.CRITICAL, "Pulumi says that its state may be corrupt")
    summary = data.get("changeSummary")
    if not isinstance(summary, Mapping):
        yield Check(NAME, Gate.CRITICAL, "it has no summary of changes: it was cancelled, or is cut off")
        return
    shown = Counter(str(step.get("op")) for step in steps)
    same = _count(summary, "same") - shown["same"]
    if same > 0:
        what = f"{same} resources that do not change are not in it: the totals lack them"
        yield Check(NAME, Gate.CRITICAL, f"{what}; run `pulumi preview --json --show-sames`")
    missing = {op: _count(summary, op) - shown[op] for op in COUNTED}
    told = ", ".join(f"{count} x {op}" for op, count in missing.items() if count > 0)
    if told:
        yield Check(NAME, Gate.CRITICAL, f"steps of its own summary are missing ({told}): it is cut off")


def _is_error(diagnostic: Resource) -> bool:
    return str(diagnostic.get("severity", "")).startswith("error")


def _count(summary: Resource, op: str) -> int:
    value = summary.get(op, 0)
    return value if isinstance(value, int) else 0


def _short(message: Any) -> str:
    text = " ".join(str(message).split())
    return text if len(text) <= MAX_MESSAGE_CHARS else f"{text[:MAX_MESSAGE_CHARS]}..."
