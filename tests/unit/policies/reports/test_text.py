"""The report for people."""

from __future__ import annotations

from policies.evaluate import Verdict
from policies.judge import DECIDED_AT_UP
from policies.reports.text import lines
from policies.rule import Rule
from policies.settings import Level, Waiver
from tests.unit.policies.reports.samples import BLOCKS, HELD, PASSES, STATE, TELLS, URN, VERDICTS, report


def shown(*verdicts: object, notes: bool = True) -> list[str]:
    """The lines without colours."""
    return [line.plain for line in lines(report(*verdicts, notes=notes))]  # type: ignore[arg-type]


def test_verdicts_are_shown_by_object_the_worst_first() -> None:
    """With the line of the field, then notes, then the sum."""
    assert shown(*VERDICTS) == [
        "deploy/my web.yaml:3: Deployment shop/web",
        "  mandatory blocks line 7 spec: must be c",
        "  mandatory blocks line 9 spec.b: must be c (expired)",
        "  advisory  tells  line 3: should be d",
        "  waived    blocks line 9 spec.a: must be c (waived)",
        "",
        f"state.json#{URN}: Pod default/(no name)",
        '  unknown   tells data["a.b"]: is not known yet',
        "",
        "stdin:1: Pod default/\\x1b[2J<&\\u202e \\udc80",
        '  mandatory blocks line 1 spec["\\x07"]: must not ring\\n',
        "",
        "note: deploy/x.yaml:1: not judged: \\x1b[2J",
        "note: the waiver of a is not needed",
        "3 objects, 3 rules: 3 mandatory, 1 advisory, 1 unknown, 1 waived. Not passed.",
        "Why, and how to do it right: slipway policy explain RULE",
    ]


def test_what_several_rules_wait_for_is_one_row() -> None:
    """Each is counted all the same; what is waived, or is unknown for another reason, has its own row."""

    def unknown(rule: Rule, path: str, why: str = DECIDED_AT_UP, waiver: Waiver | None = None) -> Verdict:
        return Verdict(rule, STATE, path, f"must be c ({why})", Level.ADVISORY, undecided=True, waiver=waiver)

    found = (
        *(unknown(rule, "spec.image") for rule in (BLOCKS, TELLS, PASSES)),
        unknown(BLOCKS, "spec.other"),
        unknown(BLOCKS, "spec.image", "not in this patch"),
        unknown(BLOCKS, "spec.image", waiver=HELD),
    )
    assert shown(*found, notes=False)[1:-1] == [
        "  unknown   3 rules spec.image: unknown: decided at up, by blocks, tells, passes",
        "  unknown   blocks  spec.other: must be c (unknown: decided at up)",
        "  unknown   blocks  spec.image: must be c (not in this patch)",
        "  waived    blocks  spec.image: must be c (unknown: decided at up)",
        "",
        "3 objects, 3 rules: 0 mandatory, 0 advisory, 5 unknown, 1 waived. Passed.",
    ]


def test_where_nothing_is_found_the_sum_is_all() -> None:
    """One line."""
    assert shown(notes=False) == ["3 objects, 3 rules: 0 mandatory, 0 advisory, 0 unknown, 0 waived. Passed."]
