"""One report that has everything, for the tests of all formats."""

from __future__ import annotations

import datetime
from typing import Any

from kube.objects import Object
from kube.sources import Note
from kube.view import View
from policies.evaluate import Verdict
from policies.reports.report import FailOn, Report
from policies.rule import ADVISORY, MANDATORY, MANDATORY_IN_PROD, Findings, Rule, object_rule
from policies.settings import Level, Waiver

TODAY = datetime.date(2026, 6, 1)
URN = "urn:pulumi:prod::slipway::kubernetes:apps/v1:Deployment::web"


def rule(name: str, level: Any) -> Rule:
    """A rule of that name."""

    def check(_view: View, _settings: object) -> Findings:
        return ()

    check.__name__ = name
    example = "{kind: Pod, spec: {hostNetwork: false}}"
    return object_rule(why=f"{name} harms.", source="CIS 5.2 & <more>", level=level, bad="{kind: Pod}", good=example)(
        check
    )


BLOCKS, TELLS, PASSES = rule("blocks", MANDATORY), rule("tells", ADVISORY), rule("passes", MANDATORY_IN_PROD)
HELD = Waiver("blocks", "Deployment shop/*", "ann", "moves in May", TODAY)
EXPIRED = Waiver("blocks", "Deployment shop/*", "bob", "moved in May", datetime.date(2026, 5, 31))

WEB = Object(
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}},
    "deploy/my web.yaml:3",
    find_line=lambda path: 3 + len(path),
)
STATE = Object({"kind": "Pod"}, f"state.json#{URN}")
HOSTILE = Object({"kind": "Pod", "metadata": {"name": "\x1b[2J<&\u202e\u2028\udc80"}}, "stdin:1")

VERDICTS = (
    Verdict(BLOCKS, WEB, "spec", "must be c", Level.MANDATORY),
    Verdict(TELLS, WEB, "", "should be d", Level.ADVISORY),
    Verdict(BLOCKS, WEB, "spec.a", "must be c (waived)", Level.ADVISORY, waiver=HELD),
    Verdict(BLOCKS, WEB, "spec.b", "must be c (expired)", Level.MANDATORY, waiver=EXPIRED),
    Verdict(TELLS, STATE, 'data["a.b"]', "is not known yet", Level.ADVISORY, undecided=True),
    Verdict(BLOCKS, HOSTILE, 'spec["\x07"]', "must not ring\n", Level.MANDATORY),
)


def report(
    *verdicts: Verdict, fail_on: FailOn = FailOn.MANDATORY, is_strict: bool = False, notes: bool = True
) -> Report:
    """A report of these verdicts."""
    return Report(
        verdicts=verdicts,
        notes=(Note("deploy/x.yaml:1", "not judged: \x1b[2J"),) if notes else (),
        notices=("the waiver of a is not needed",) if notes else (),
        rules=(BLOCKS, TELLS, PASSES),
        num_objects=3,
        today=TODAY,
        fail_on=fail_on,
        is_strict=is_strict,
    )
