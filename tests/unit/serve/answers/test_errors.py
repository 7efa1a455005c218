"""Tests of serve.answers.errors."""

from __future__ import annotations

import json

import pytest

from serve.answers.errors import error_response, shape_of
from serve.errors import ModelNotFoundError, NoThreadsError, OverloadedError, RequestError


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"error": {"message": "no", "type": "invalid_request_error", "param": None}}),
        ("/v1/messages", {"type": "error", "error": {"type": "not_found_error", "message": "no"}}),
        ("/v1/messages/count_tokens", {"type": "error"}),
        ("/v1/messagesx", {"error": {"code": "model_not_found"}}),
        ("/api/chat", {"error": "no"}),
        ("/v1/api/pull", {"error": {"message": "no"}}),
    ],
)
def test_an_error_has_the_shape_of_the_api_that_was_asked(path: str, body: dict[str, object]) -> None:
    """By its path alone, so that what fails before any route is told right, too."""
    told = shape_of(path)(ModelNotFoundError("no"))
    for key, value in body.items():
        found = told[key]
        assert found.items() >= value.items() if isinstance(found, dict) and isinstance(value, dict) else found == value


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 429, 500, 502, 503, 507])
def test_anthropic_knows_a_type_for_every_status(status: int) -> None:
    """The nearest of its own."""

    class AnyError(RequestError):
        pass

    AnyError.status = status
    told = shape_of("/v1/messages")(AnyError("no"))["error"]
    assert isinstance(told, dict)
    assert str(told["type"]).endswith(("_error", "request_too_large"))


def test_anthropics_client_is_told_that_it_must_bring_the_whole_conversation() -> None:
    """In the words that it looks for; other errors have no details."""
    told = shape_of("/v1/messages")(NoThreadsError("no"))["error"]
    assert isinstance(told, dict)
    assert told["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    assert "details" not in str(shape_of("/v1/messages")(ModelNotFoundError("no")))


def test_who_may_come_back_is_told_when() -> None:
    """In the header, whatever the body looks like."""
    answer = error_response("/api/chat", OverloadedError("full", retry_after_s=7))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert json.loads(bytes(answer.body)) == {"error": "full"}
