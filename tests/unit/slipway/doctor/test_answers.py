"""Asking a server: every path once, what is forbidden is known as such, rights follow from what is there."""

from slipway.doctor import answers
from slipway.doctor.answers import Answers, Body, Forbidden, Right


def test_paths_are_asked_once_and_rights_afterwards() -> None:
    """The second question is made of the first answers."""
    asked: list[str] = []

    def get(path: str) -> Body | None:
        asked.append(path)
        if path == answers.NODES:
            raise Forbidden(path)
        return {"items": [{"a": 1}]} if path == "/more" else None

    def rights(found: Answers) -> list[Right]:
        assert list(found.items("/more")) == [{"a": 1}]
        return [("create", "", "pods", ""), ("create", "", "pods", "")]

    found = answers.collect(get, lambda right: right[2] == "pods", ["/more", answers.NODES], rights)
    assert sorted(asked) == sorted({*answers.PATHS, "/more"})
    assert found.rights == {("create", "", "pods", ""): True}
    assert not found.is_known(answers.NODES)
    assert found.items(answers.NODES) == ()
    assert found.is_known(answers.DEPLOYMENTS)
