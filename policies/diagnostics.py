"""Verdicts -> what the engine shows of them, and what a reader is spared.

A violation is told where it is, alone. What waits for `up` is no violation and mostly one value, such as the digest of
an image that many rules of many objects need: it is told once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pulumi.runtime import proto

from policies.evaluate import Verdict
from policies.judge import waits_for
from policies.settings import Level

PACK = "slipway"
VERSION = "0.1.0"
NOTICES = "pack"
"""Under this name the pack itself has something to say."""
MIN_SECRET_LENGTH = 8
"""Shorter ones are words: a list with one secret in it is secret as a whole, with `true` and `cpu` in it."""
MOST_NAMES = 20
"""Of objects in one message."""


def of_verdict(verdict: Verdict, secrets: Iterable[str], *, with_urn: bool = False) -> Any:
    """A verdict under its rule's name, with the reason where something is violated."""
    text = _with_path(verdict, verdict.message)
    return _diagnostic(
        verdict.rule.id,
        without(secrets, text if verdict.undecided else f"{verdict.rule.why}\n{text}"),
        description=verdict.rule.why,
        enforcementLevel=proto.MANDATORY if verdict.level is Level.MANDATORY else proto.ADVISORY,
        urn=verdict.object.origin if with_urn else "",
    )


def notice(text: str, secrets: Iterable[str] = ()) -> Any:
    """What the pack itself has to say."""
    return _diagnostic(NOTICES, without(secrets, text), enforcementLevel=proto.ADVISORY)


def of_waiting(verdicts: Iterable[Verdict], secrets: Iterable[str]) -> list[Any]:
    """One diagnostic for each field and the rules that wait for it, with all objects whose field it is."""
    fields: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        fields.setdefault((verdict.object.origin, verdict.object.id, verdict.path), []).append(verdict)
    alike: dict[tuple[str, str], list[Verdict]] = {}
    for _, waiting in sorted(fields.items(), key=lambda each: each[0]):
        alike.setdefault(_of_field(waiting), []).append(waiting[0])
    return [_of_alike(name, text, found, secrets) for (name, text), found in alike.items()]


def _of_alike(name: str, text: str, found: Sequence[Verdict], secrets: Iterable[str]) -> Any:
    owners = [each.object for each in found]
    return _diagnostic(
        name,
        without(secrets, f"{text}\nof {_few([each.id for each in owners])}"),
        enforcementLevel=proto.ADVISORY,
        urn=owners[0].origin if len(owners) == 1 else "",
    )


def _of_field(waiting: Sequence[Verdict]) -> tuple[str, str]:
    """Under which name, and what: a rule alone speaks for itself."""
    first = waiting[0]
    if len(waiting) > 1:
        return NOTICES, _with_path(first, waits_for(waiting))
    return first.rule.id, _with_path(first, first.message)


def without(secrets: Iterable[str], text: str) -> str:
    """A second fence: no rule names such a value, and if one does, it is not shown."""
    for secret in secrets:
        if len(secret) >= MIN_SECRET_LENGTH:
            text = text.replace(secret, "[secret]")
    return text


def _with_path(verdict: Verdict, text: str) -> str:
    return f"{verdict.path}: {text}" if verdict.path else text


def _few(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*names[:MOST_NAMES], *more])


def _diagnostic(name: str, message: str, **words: Any) -> Any:
    return proto.AnalyzeDiagnostic(
        policyName=name, policyPackName=PACK, policyPackVersion=VERSION, message=message, **words
    )
