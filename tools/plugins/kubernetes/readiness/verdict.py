"""What a readiness function sees, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tools.plugins.kubernetes.objects import is_owned_by
from tools.plugins.kubernetes.values import Object


@dataclass(frozen=True, slots=True)
class View:
    """An object at one moment."""

    live: Object
    before: Object | None = None
    """As it was before the update; None after a create."""
    related: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    """What was asked for, by kind."""
    quiet_s: float = math.inf
    """For how long nothing related has changed; without end where there is only one look."""

    def of_kind(self, kind: str) -> Sequence[Object]:
        """The related objects of a kind."""
        return self.related.get(kind, ())

    def owned(self, kind: str, owner: Object | None = None) -> list[Object]:
        """Those that `owner` (the object itself by default) has made."""
        return [one for one in self.of_kind(kind) if is_owned_by(one, owner or self.live)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an object."""

    is_ready: bool
    progress: str = ""
    """What it is waiting for, in a few words."""
    problems: tuple[str, ...] = ()
    """Why it is not ready: shown when the wait ends without success."""
    is_hopeless: bool = False
    """It will never be ready: do not wait."""


Judge = Callable[[View], Verdict]

READY = Verdict(is_ready=True)


def always(_view: View) -> Verdict:
    """There is nothing to wait for."""
    return READY


def is_observed(obj: Object) -> bool:
    """Whether its controller has seen the latest change: before that, its status is about another object."""
    generation = (obj.get("metadata") or {}).get("generation") or 0
    observed = (obj.get("status") or {}).get("observedGeneration") or 0
    return bool(observed >= generation)
