"""For programs. What it says is fixed by `schema.json`; `version` changes when a reader would have to."""

from __future__ import annotations

import json
from typing import Any

from kube.printable import printable
from policies.evaluate import Verdict
from policies.reports.report import Report, Status, place_of
from policies.settings import Level

VERSION = 1


def render(report: Report) -> str:
    """The report as JSON."""
    return json.dumps(_report(report), indent=2, ensure_ascii=False) + "\n"


def _report(report: Report) -> dict[str, Any]:
    return {
        "version": VERSION,
        "passed": not report.is_failed,
        "summary": {
            "objects": report.num_objects,
            "rules": len(report.rules),
            "mandatory": report.count(Status.VIOLATION, Level.MANDATORY),
            "advisory": report.count(Status.VIOLATION, Level.ADVISORY),
            "unknown": report.count(Status.UNKNOWN),
            "waived": report.count(Status.WAIVED),
        },
        "findings": [_finding(report, verdict) for verdict in report.verdicts],
        "notes": [{"origin": printable(note.origin), "message": printable(note.message)} for note in report.notes],
        "notices": [printable(notice) for notice in report.notices],
    }


def _finding(report: Report, verdict: Verdict) -> dict[str, Any]:
    place, waiver = place_of(verdict), verdict.waiver
    return {
        "rule": verdict.rule.id,
        "status": report.status(verdict).value,
        "level": verdict.level.value,
        "fails": report.fails(verdict),
        "object": {
            "apiVersion": printable(verdict.object.api_version),
            "kind": printable(verdict.object.kind),
            "namespace": printable(verdict.object.namespace),
            "name": printable(verdict.object.name),
        },
        "file": printable(place.file) or None,
        "line": place.line,
        "urn": printable(place.urn) or None,
        "path": printable(verdict.path),
        "message": printable(verdict.message),
        "why": verdict.rule.why,
        "waiver": waiver and {"owner": waiver.owner, "reason": waiver.reason, "expires": waiver.expires.isoformat()},
    }
