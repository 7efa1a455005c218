"""SARIF 2.1.0, for code scanning: every rule with its help, every finding with file, line and object.

A waived finding is suppressed, with owner and reason; what is not known is a note.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kube.printable import printable
from policies.evaluate import Verdict
from policies.manual import example
from policies.reports.report import Report, Status, place_of, sentence_of, title_of
from policies.rule import Rule
from policies.settings import Level

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.MANDATORY: "error", Level.ADVISORY: "warning"}


def render(report: Report) -> str:
    """The report as a SARIF log of one run."""
    indices = {rule.id: index for index, rule in enumerate(report.rules)}
    run = {
        "tool": {"driver": {"name": "slipway policy", "rules": [_rule(rule) for rule in report.rules]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(report)}],
        "results": [_result(report, verdict, indices[verdict.rule.id]) for verdict in report.verdicts],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    good = example(rule.good)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\nSource: {rule.source}\n\nRight:\n\n{good}",
            "markdown": f"{rule.why}\n\nSource: {rule.source}\n\nRight:\n\n```yaml\n{good}```\n",
        },
        "defaultConfiguration": {"level": _LEVELS[rule.level["prod"]]},
    }


def _result(report: Report, verdict: Verdict, index: int) -> dict[str, Any]:
    status = report.status(verdict)
    result: dict[str, Any] = {
        "ruleId": verdict.rule.id,
        "ruleIndex": index,
        "level": "note" if status is Status.UNKNOWN and not report.fails(verdict) else _LEVELS[verdict.level],
        "message": {"text": f"{title_of(verdict)}: {sentence_of(verdict)}"},
        "locations": [_location(verdict)],
        "partialFingerprints": {"finding/v1": _fingerprint(verdict)},
    }
    if status is Status.WAIVED and verdict.waiver is not None:
        why = f"{verdict.waiver.reason} ({verdict.waiver.owner}, until {verdict.waiver.expires})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _location(verdict: Verdict) -> dict[str, Any]:
    place = place_of(verdict)
    name = printable(f"{title_of(verdict)} {verdict.path}".strip())
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": printable(place.urn) or name, "name": name}]
    }
    if place.file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place.file)},
            "region": {"startLine": place.line or 1},
        }
    return location


def _uri(file: str) -> str:
    path = Path(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), errors="surrogateescape")


def _fingerprint(verdict: Verdict) -> str:
    """The same finding after lines have moved."""
    words = (verdict.rule.id, title_of(verdict), verdict.path)
    return hashlib.sha256("\n".join(map(printable, words)).encode()).hexdigest()[:32]


def _notifications(report: Report) -> list[dict[str, Any]]:
    told = [f"{note.origin}: {note.message}" for note in report.notes]
    return [{"level": "note", "message": {"text": printable(text)}} for text in (*told, *report.notices)]
