"""What a preview of Pulumi's tells, and whether it is whole."""

from typing import Any

import pytest
from hypothesis import given

from infra.cost.preview import Preview, is_event_stream, preview_of
from infra.cost.report import Gate
from tests.unit.policies.json_data import values


def state(name: str, **inputs: Any) -> dict[str, Any]:
    """A resource as a state has it."""
    return {"urn": f"urn::{name}", "type": "kubernetes:apps/v1:Deployment", "inputs": inputs}


def step(op: str, name: str, *, old: bool = False, new: bool = False, **inputs: Any) -> dict[str, Any]:
    """A step of a preview."""
    found: dict[str, Any] = {"op": op, "urn": f"urn::{name}"}
    if old:
        found["oldState"] = state(name, before=True, **inputs)
    if new:
        found["newState"] = state(name, **inputs)
    return found


def preview(*steps: dict[str, Any], summary: dict[str, int] | None = None, **more: Any) -> Preview:
    """Of these steps."""
    found = preview_of({"steps": list(steps), "changeSummary": summary or {}, **more})
    assert found is not None
    return found


def names(resources: tuple[Any, ...]) -> list[str]:
    """By URN."""
    return [each["urn"].removeprefix("urn::") for each in resources]


STEPS = [
    step("same", "kept", old=True, new=True),
    step("create", "new", new=True),
    step("update", "changed", old=True, new=True),
    step("delete", "gone", old=True),
    step("import", "adopted", new=True),
]
SUMMARY = {"same": 1, "create": 1, "update": 1, "delete": 1, "import": 1}


def test_one_preview_gives_both_states() -> None:
    """What is imported is there already; what is deleted is so no more."""
    found = preview(*STEPS, summary=SUMMARY)
    assert names(found.before) == ["kept", "changed", "gone", "adopted"]
    assert names(found.after) == ["kept", "new", "changed", "adopted"]
    assert found.checks == ()
    assert found.before[1]["inputs"] == {"before": True}
    assert found.after[2]["inputs"] == {}


def test_a_replaced_resource_is_there_once_in_each_state() -> None:
    """Three steps tell it, with --show-replacement-steps."""
    steps = [
        step("create-replacement", "pod", old=True, new=True),
        step("replace", "pod", old=True, new=True),
        step("delete-replaced", "pod", old=True),
    ]
    found = preview(*steps, summary={"replace": 1})
    assert (names(found.before), names(found.after)) == (["pod"], ["pod"])
    assert found.checks == ()


def test_without_show_sames_the_totals_lack_what_does_not_change() -> None:
    """The summary counts more of them than there are."""
    found = preview(STEPS[1], step("same", "stack", old=True, new=True), summary={"same": 40, "create": 1})
    [check] = found.checks
    assert check.gate is Gate.CRITICAL
    assert check.message == (
        "39 resources that do not change are not in it: the totals lack them; run `pulumi preview --json --show-sames`"
    )


def test_steps_that_its_own_summary_has_are_missed() -> None:
    """It was cut off by hand, or by a tool."""
    [check] = preview(STEPS[1], summary={"create": 3, "delete": 1}).checks
    assert check.message == "steps of its own summary are missing (2 x create, 1 x delete): it is cut off"


def test_a_preview_that_failed_says_why() -> None:
    """By its diagnostics; warnings are none."""
    diagnostics = [
        {"severity": "warning", "message": "deprecated"},
        *({"severity": "error", "message": f"no such\n  image {i} {'x' * 400}"} for i in range(5)),
    ]
    found = preview(*STEPS, summary=SUMMARY, diagnostics=diagnostics)
    assert [check.gate for check in found.checks] == [Gate.CRITICAL] * 4
    assert found.checks[0].message.startswith("it failed: no such image 0 xxx")
    assert len(found.checks[0].message) < 330
    assert found.checks[3].message == "it failed with 2 more errors"


def test_a_preview_without_a_summary_was_cancelled() -> None:
    """The CLI writes it last."""
    found = preview_of({"steps": STEPS})
    assert found is not None
    assert ["cancelled" in check.message for check in found.checks] == [True]


def test_a_corrupt_state_is_told() -> None:
    """As Pulumi says it."""
    assert "corrupt" in preview(*STEPS, summary=SUMMARY, maybeCorrupt=True).checks[0].message


def test_a_preview_that_failed_at_once_has_no_steps() -> None:
    """It is one all the same."""
    found = preview_of({"diagnostics": [{"severity": "error", "message": "no stack"}], "duration": 1})
    assert found is not None
    assert (found.before, found.after) == ((), ())
    assert "no stack" in found.checks[0].message


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"kind": "Pod"},
        {"version": 3, "deployment": {}},
        {"steps": [], "kind": "Workflow"},
        {"duration": 3},
    ],
)
def test_other_data_is_no_preview(data: Any) -> None:
    """Manifests and states may have keys of the same names."""
    assert preview_of(data) is None


def test_a_stream_of_events_is_something_else() -> None:
    """The CLI prints it when told so."""
    assert is_event_stream({"sequence": 0, "timestamp": 1, "preludeEvent": {}})
    assert not is_event_stream({"steps": []})
    assert not is_event_stream([1])


@given(values, values, values)
def test_any_data_in_its_place_is_read(steps: Any, diagnostics: Any, summary: Any) -> None:
    """Whatever a tool has made of it."""
    steps = steps if isinstance(steps, list) else [steps]
    diagnostics = diagnostics if isinstance(diagnostics, list) else [diagnostics]
    found = preview_of({"steps": steps, "diagnostics": diagnostics, "changeSummary": summary})
    assert found is not None
    assert isinstance(found.after, tuple)
