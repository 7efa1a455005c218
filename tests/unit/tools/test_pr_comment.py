"""One comment per stack: made once, edited afterwards, and only where it is ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.fake_github import TOKEN, GitHub, github
from tools import pr_comment

PROD, STAGING = "<!-- slipway-cost: prod -->", "<!-- slipway-cost: staging -->"


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """A GitHub of this test's own."""
    with github() as running:
        yield running


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(pr_comment, "PAUSE_S", 0)


def job(hub: GitHub, **changed: str) -> dict[str, str]:
    """The environment of a job for pull request 7."""
    known = {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": TOKEN, "PR_NUMBER": "7"}
    return known | changed


def test_the_first_run_makes_a_comment_and_the_next_edits_it(hub: GitHub) -> None:
    """Each stack has its own."""
    for text in (f"{PROD}\none", f"{STAGING}\ntwo", f"{PROD}\nthree"):
        pr_comment.put(text, job(hub))
    assert [each["body"] for each in hub.comments] == [f"{PROD}\nthree", f"{STAGING}\ntwo"]
    assert [method for method, _ in hub.asked] == ["GET", "POST", "GET", "POST", "GET", "PATCH"]
    assert hub.asked[-1][1] == "/repos/a/b/issues/comments/1"


def test_a_comment_of_a_person_is_left_alone(hub: GitHub) -> None:
    """Even if it begins with the marker, or cites it."""
    hub.add(f"{PROD}\nmine", kind="User")
    hub.add(f"see {PROD}")
    pr_comment.put(f"{PROD}\nnew", job(hub))
    assert [each["body"] for each in hub.comments] == [f"{PROD}\nmine", f"see {PROD}", f"{PROD}\nnew"]


def test_it_is_found_behind_many_others(hub: GitHub) -> None:
    """GitHub gives a hundred at a time."""
    for index in range(250):
        hub.add(f"comment {index}")
    number = hub.add(f"{PROD}\nold")
    assert pr_comment.put(f"{PROD}\nnew", job(hub)) == f"comment {number} edited on #7"
    assert len(hub.comments) == 251


def test_a_server_in_trouble_is_asked_again_but_no_comment_is_made_twice(hub: GitHub) -> None:
    """A POST may have worked although its answer was lost."""
    hub.failing = 2
    pr_comment.put(f"{PROD}\none", job(hub))
    assert len(hub.comments) == 1
    hub.comments.clear()
    hub.failing = 3
    with pytest.raises(pr_comment.Refused, match="502"):
        pr_comment.put(f"{PROD}\none", job(hub))
    assert hub.comments == []


def test_without_a_number_the_text_becomes_the_summary(hub: GitHub, tmp_path: Path) -> None:
    """As for pull requests from forks."""
    summary = tmp_path / "summary.md"
    environ = {"GITHUB_STEP_SUMMARY": str(summary)}
    for text in ("one", "two"):
        pr_comment.put(text, environ)
    assert summary.read_text() == "one\ntwo\n"
    assert hub.asked == []


@pytest.mark.parametrize(
    ("changed", "text", "said"),
    [
        ({"GITHUB_TOKEN": "other"}, f"{PROD}\n", "needs the permission pull-requests: write"),
        ({"GITHUB_TOKEN": ""}, f"{PROD}\n", "GITHUB_TOKEN is not set"),
        ({"GITHUB_REPOSITORY": ""}, f"{PROD}\n", "GITHUB_REPOSITORY is not set"),
        ({"PR_NUMBER": "7/../8"}, f"{PROD}\n", "must be a number"),
        ({"PR_NUMBER": ""}, f"{PROD}\n", "GITHUB_STEP_SUMMARY is not set"),
        ({}, "no marker", "does not begin with its marker"),
        ({"GITHUB_API_URL": "http://127.0.0.1:1"}, f"{PROD}\n", "refused"),
    ],
)
def test_what_can_not_be_done_is_told(
    hub: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], text: str, said: str
) -> None:
    """In one line, with status 1; nothing is written."""
    path = tmp_path / "comment.md"
    path.write_text(text)
    assert pr_comment.main([str(path)], job(hub, **changed)) == 1
    assert said in capsys.readouterr().err
    assert hub.comments == []


def test_wrong_arguments_and_missing_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Told apart."""
    assert pr_comment.main([], {}) == 64
    assert pr_comment.main(["nowhere.md"], {}) == 1
    assert "nowhere.md" in capsys.readouterr().err
