"""What is to be priced: a preview, an exported state, manifests or a plan -> objects before and after.

Knows which text is which by its content. A preview tells both states; all others tell one, and nothing about what is
deployed. What can't be priced goes with the snapshot: checks that decide about the exit status, and what is not in the
total, by name. A text that can't be read at all is a SnapshotError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from infra.cost.demand import demand
from infra.cost.errors import SnapshotError
from infra.cost.others import others
from infra.cost.plan_objects import plan_objects
from infra.cost.preview import Preview, is_event_stream, preview_of
from infra.cost.report import Check
from infra.cost.types import Demand, Unpriced
from infra.plan import Plan
from kube import sources
from kube.errors import SourceError
from kube.objects import Object
from kube.sources import json_text, pulumi_json
from kube.sources.source import Note

STREAM: Final = (
    "these are events of a preview, one a line: unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW and run "
    "`pulumi preview --json --show-sames` again"
)
CUT_OFF: Final = "it begins as JSON and ends in the middle: was the preview cancelled?"
NOT_JUDGED: Final = "not judged: "  # how sources begin a note


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`before` None: nothing is deployed, or the source does not tell."""

    before: tuple[Object, ...] | None
    after: tuple[Object, ...]
    unpriced: tuple[Unpriced, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    unpriced_before: tuple[Unpriced, ...] = ()

    def demands(self, time_zone: str = "UTC") -> tuple[Demand | None, Demand]:
        """What both states ask for; what could not be read is among what each has not priced."""
        after = demand(self.after, time_zone)
        after = replace(after, unpriced=(*self.unpriced, *after.unpriced))
        if self.before is None:
            return None, after
        before = demand(self.before, time_zone)
        return replace(before, unpriced=(*self.unpriced_before, *before.unpriced)), after


def of_text(text: str, name: str) -> Snapshot:
    """`name` is for messages: a path, or `stdin`."""
    data = _single_json(text, name)
    found = preview_of(data)
    if found is not None:
        return _of_preview(found, name)
    if is_event_stream(data):
        raise SnapshotError([f"{name}: {STREAM}"])
    try:
        source = sources.read(text, name)
    except SourceError as error:
        raise SnapshotError([f"{name}: {CUT_OFF}" if _is_cut_off(text, error) else str(error)]) from None
    resources = pulumi_json.resources_of(data) if data is not None else None
    known = [each for each in resources or [] if isinstance(each, Mapping) and not each.get("delete")]
    if not source.objects and resources is None:
        raise SnapshotError([f"{name}: no Kubernetes object is in it"])
    return Snapshot(None, source.objects, tuple(others(known)), (), tuple(map(_warning, source.notes)))


def of_plan(plan: Plan) -> Snapshot:
    """What a stack file asks for, whatever is deployed."""
    return Snapshot(None, tuple(Object(manifest, f"plan of {plan.stack}") for manifest in plan_objects(plan)))


def _of_preview(preview: Preview, name: str) -> Snapshot:
    """A stack that has nothing yet has no state before, so nothing to compare with."""
    before, _ = _objects(preview.before, name)
    after, notes = _objects(preview.after, name)
    return Snapshot(
        before=before if preview.before else None,
        after=after,
        unpriced=tuple(others(preview.after)),
        checks=preview.checks,
        warnings=tuple(map(_warning, notes)),
        unpriced_before=tuple(others(preview.before)),
    )


def _objects(resources: Iterable[Mapping[str, Any]], name: str) -> tuple[tuple[Object, ...], list[Note]]:
    found = list(pulumi_json.read([each for each in resources if not each.get("external")], name))
    return tuple(e for e in found if isinstance(e, Object)), [e for e in found if isinstance(e, Note)]


def _single_json(text: str, name: str) -> Any:
    """The first JSON value; None where it is no JSON."""
    try:
        return next(iter(json_text.values(text, name)), (None, 0))[0]
    except SourceError:
        return None


def _is_cut_off(text: str, error: SourceError) -> bool:
    return text.lstrip().startswith("{") and text.rstrip()[-1:] != "}" and "JSON" in str(error)


def _warning(note: Note) -> str:
    return f"{note.origin}: not priced: {note.message.removeprefix(NOT_JUDGED)}"
