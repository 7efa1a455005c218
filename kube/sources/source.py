"""What a text holds: objects, and notes on what in it could not be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kube.errors import TooMuch
from kube.objects import Object

MAX_FOUND = 100_000
"""Objects and other documents of one text; the largest clusters have as many."""
MAX_NOTES = 100
"""Of one text. More of them say no more."""


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
    """What a text holds, in its order; TooMuch where that has no end."""
    objects: list[Object] = []
    notes: list[Note] = []
    num_more = 0
    for num_found, each in enumerate(found):
        if num_found == MAX_FOUND:
            raise TooMuch(f"{name}: more than {MAX_FOUND:,} documents: split it")
        if isinstance(each, Object):
            objects.append(each)
        elif len(notes) < MAX_NOTES:
            notes.append(each)
        else:
            num_more += 1
    if num_more:
        notes.append(Note(name, f"{num_more:,} more of these"))
    return Source(tuple(objects), tuple(notes))
