"""The annotation with the program's own idea of ready."""

from __future__ import annotations

from typing import Any

import pytest

from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.readiness.verdict import View
from tools.plugins.kubernetes.waitfor import judge


def live(**status: Any) -> dict[str, Any]:
    """An object of some kind."""
    return {"metadata": {"name": "a", "generation": 2}, "status": status}


def missing(annotation: str, obj: dict[str, Any]) -> str:
    """What it waits for; empty when it is ready."""
    verdict = judge(annotation)(View(obj))
    assert verdict.is_ready == (verdict.problems == ())
    return "; ".join(verdict.problems)


READY = {"type": "Ready", "status": "True"}
NOT_READY = {"type": "Ready", "status": "False", "message": "no anchor"}


def test_a_condition_must_hold() -> None:
    """True unless another status is named; case does not matter."""
    assert missing("condition=Ready", live(conditions=[READY])) == ""
    assert missing("condition=ready=false", live(conditions=[NOT_READY])) == ""
    assert missing("condition=Ready", live(conditions=[NOT_READY])) == "condition=Ready: it is False (no anchor)"
    assert missing("condition=Ready", live()) == "condition=Ready: there is no such condition"


def test_a_condition_about_an_older_object_does_not_count() -> None:
    """Neither by its own generation nor by the status's."""
    assert "has not seen" in missing("condition=Ready", live(conditions=[{**READY, "observedGeneration": 1}]))
    assert "has not seen" in missing("condition=Ready", live(conditions=[READY], observedGeneration=1))
    assert missing("condition=Ready", live(conditions=[READY], observedGeneration=2)) == ""


@pytest.mark.parametrize(
    "path",
    [
        "{.status.phase}=Running",
        "{.status.list[1].name}=b",
        '{.status.conditions[?(@.type=="Ready")].status}=True',
        "{$.status.labels['a.b/c']}=d",
        "{.status.flag}=true",
        "{.status.number}=3",
        "{.status.phase}",
    ],
)
def test_a_path_must_have_the_value_or_anything_at_all(path: str) -> None:
    """Keys, indices, filters, quoted keys."""
    obj = live(
        phase="Running", list=[{"name": "a"}, {"name": "b"}], conditions=[READY], labels={"a.b/c": "d"}, flag=True,
        number=3,
    )  # fmt: skip
    assert missing(f"jsonpath={path}", obj) == ""


def test_a_path_that_leads_nowhere_or_to_another_value_is_told() -> None:
    """With what is there."""
    assert missing("jsonpath={.status.phase}=Running", live(phase="Pending")).endswith("it is Pending")
    assert missing("jsonpath={.status.list[5]}", live(list=[])).endswith("there is nothing at this path")
    assert "has not seen" in missing("jsonpath={.status.phase}", live(phase="x", observedGeneration=1))


def test_a_list_of_expressions_must_hold_as_a_whole() -> None:
    """All that are missing are told."""
    both = '["condition=Ready", "jsonpath={.status.phase}=Running"]'
    assert missing(both, live(conditions=[READY], phase="Running")) == ""
    assert missing(both, live(conditions=[READY])).count(":") == 1


@pytest.mark.parametrize(
    "annotation",
    ["Ready", "jsonpath=.status.phase", "jsonpath={.status..phase}", "[]", '{"a": 1}', "jsonpath={.a[*]}"],
)
def test_what_can_not_be_read_is_an_error_that_quotes_it(annotation: str) -> None:
    """Before anything is waited for."""
    with pytest.raises(InputError, match=r"annotation pulumi\.com/waitFor"):
        judge(annotation)
