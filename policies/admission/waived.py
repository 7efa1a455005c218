"""Waivers as conditions of a policy: what one covers is not asked, until it expires.

A waiver names what an author wrote, such as `Deployment slipway/gemma`. The API server asks about what controllers make
of it, too: that has a controller for an owner, and the author's name at the beginning of its own.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Final

from policies.admission.cel import either, every, literal
from policies.settings import Waiver

NAME: Final = "object.metadata.name"
NAMESPACED: Final = f"object.metadata.?namespace.orValue('default') + '/' + {NAME}"
IS_OWNED: Final = "object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false))"


def conditions(rule_id: str, waivers: Iterable[Waiver], today: datetime.date) -> Iterator[dict[str, str]]:
    """A condition for each waiver of the rule that holds today."""
    for index, waiver in enumerate(waivers):
        if waiver.rule == rule_id and today <= waiver.expires:
            yield {"name": f"is-not-waived-{index}", "expression": either(f"!({_covers(waiver)})", _is_over(waiver))}


def _covers(waiver: Waiver) -> str:
    pattern = _regex(waiver.object)
    itself = either(
        *(f"(object.kind + ' ' + {name}).matches({literal(f'^{pattern}$')})" for name in (NAMESPACED, NAME))
    )
    _, _, name = waiver.object.partition(" ")
    made_of_it = f"({NAMESPACED}).matches({literal(f'^{_regex(name)}-.*$')})"
    return either(itself, every(IS_OWNED, made_of_it))


def _is_over(waiver: Waiver) -> str:
    """When the object is made, for CEL has no other clock: what was made in time may be changed afterwards."""
    end = f"{waiver.expires + datetime.timedelta(days=1)}T00:00:00Z"
    return f"timestamp(object.metadata.creationTimestamp) >= timestamp({literal(end)})"


def _regex(glob: str) -> str:
    """A glob in RE2. Of its brackets only the plain ones: `[abc]`, `[!a-z]`."""
    text = re.escape(glob)
    for escaped, plain in ((r"\*", ".*"), (r"\?", "."), (r"\[!", "[^"), (r"\[", "["), (r"\]", "]"), (r"\-", "-")):
        text = text.replace(escaped, plain)
    return text.replace(r"\ ", " ")
