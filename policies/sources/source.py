"""What a text holds: objects, and notes on what in it could not be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.objects import Object

MAX_NOTES = 100
"""Of one text. More of them say no more, and a hostile text could have millions."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is told because it is not judged, or not wholly."""

    origin: str
    message: str


@dataclass(frozen=True, slots=True)
class Source:
    """The objects of one text, or of several together."""

    objects: tuple[Object, ...] = ()
    notes: tuple[Note, ...] = ()


def gather(found: Iterable[Object | Note], name: str) -> Source:
    """What a text holds, in its order."""
    objects: list[Object] = []
    notes: list[Note] = []
    num_more = 0
    for each in found:
        if isinstance(each, Object):
            objects.append(each)
        elif len(notes) < MAX_NOTES:
            notes.append(each)
        else:
            num_more += 1
    if num_more:
        notes.append(Note(name, f"{num_more:,} more of these"))
    return Source(tuple(objects), tuple(notes))
