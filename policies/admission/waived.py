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
NO_NAMESPACE: Final = "object.metadata.?namespace.orValue('') == ''"
WORKLOADS: Final = frozenset(
    ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController")
)
GIVEN_SUFFIX: Final = "[0-9b-df-hj-np-tv-xz]{1,10}(-[0-9b-df-hj-np-tv-xz]{1,10}){0,2}"
"""What the controllers of Kubernetes itself add: hashes, random letters (never vowels), minutes, ordinals. Without it
the waiver of `shop/web` would be one of `shop/web-admin`, too. Other controllers add what they like."""
IS_OWNED: Final = "object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false))"


def conditions(rule_id: str, waivers: Iterable[Waiver], today: datetime.date) -> Iterator[dict[str, str]]:
    """A condition for each waiver of the rule that holds today."""
    for index, waiver in enumerate(waivers):
        if waiver.rule == rule_id and today <= waiver.expires:
            yield {"name": f"is-not-waived-{index}", "expression": either(f"!({_covers(waiver)})", _is_over(waiver))}


def _covers(waiver: Waiver) -> str:
    kind, _, place = waiver.object.partition(" ")
    is_namespaced = "/" in place
    itself = f"(object.kind + ' ' + {NAMESPACED if is_namespaced else NAME}).matches({_literal(waiver.object)})"
    if not is_namespaced:
        return every(NO_NAMESPACE, itself)
    suffix = GIVEN_SUFFIX if kind in WORKLOADS else ".*"
    made_of_it = f"({NAMESPACED}).matches({_literal(place, f'-{suffix}')})"
    return either(itself, every(IS_OWNED, made_of_it))


def _literal(glob: str, suffix: str = "") -> str:
    return literal(f"^{_regex(glob)}{suffix}$")


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
