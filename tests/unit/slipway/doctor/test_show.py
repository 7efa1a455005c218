"""Findings on paper."""

import io
import json

from slipway.doctor import show
from slipway.doctor.finding import Finding, State

HAS = Finding("a", "alpha", State.HAS, "here", "never shown", "never.shown")
LACKS = Finding("b", "beta", State.LACKS, "gone", "[it] fails", "slipway:b", is_needed=True)
EXTRA = Finding("c", "gamma", State.LACKS, "gone")


def test_a_table_has_a_line_for_each_and_a_verdict() -> None:
    """What is there needs no advice; brackets are no markup."""
    out = io.StringIO()
    show.table([HAS, LACKS], "https://api", "prod", out)
    text = out.getvalue()
    assert "https://api, for the stack prod" in text
    assert "never" not in text
    assert "lacks !" in text
    assert "[it] fails" in text
    assert "slipway:b" in text
    assert text.rstrip().endswith("Lacking, and needed by the stack prod: beta.")


def test_the_verdict_says_what_the_status_says() -> None:
    """Four sentences."""
    assert show.verdict([HAS], "") == "Nothing lacks."
    assert show.verdict([EXTRA], "prod") == "What is needed is there."
    assert "--stack" in show.verdict([EXTRA], "")
    assert show.verdict([LACKS, LACKS], "") == "Lacking, and needed: beta."


def test_json_is_one_document() -> None:
    """With the exit status in it."""
    found = json.loads(show.as_json([HAS, LACKS], "https://api", ""))
    assert (found["status"], found["stack"]) == (2, None)
    assert [each["state"] for each in found["findings"]] == ["has", "lacks"]
    assert found["findings"][1]["is_needed"] is True
