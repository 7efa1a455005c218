"""Errors in the shape of the API that was asked: each client library reads its own only.

OpenAI, llama.cpp, the rest    {"error": {"message", "type", "param", "code"}}
Anthropic  /v1/messages...     {"type": "error", "error": {"type", "message"}, "request_id"}
Ollama     /api/...            {"error": "message"}
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import JSONResponse

from serve.errors import RequestError
from serve.log import request_id
from serve.telemetry.records import note_error

Body = dict[str, object]
Shape = Callable[[RequestError], Body]

# https://docs.anthropic.com/en/api/errors
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


def openai(error: RequestError) -> Body:
    """As the error itself says it."""
    return error.body()


def anthropic(error: RequestError) -> Body:
    """The same by Anthropic's few types."""
    kind = _ANTHROPIC_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    told: Body = {"type": kind, "message": str(error)}
    if details := error.more().get("details"):
        told["details"] = details
    return {"type": "error", "error": told, "request_id": request_id.get()}


def ollama(error: RequestError) -> Body:
    """Only the words."""
    return {"error": str(error)}


def shape_of(path: str) -> Shape:
    """By the path of the request."""
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return anthropic
    return ollama if path.startswith("/api/") else openai


def error_response(path: str, error: RequestError) -> JSONResponse:
    """The whole answer."""
    note_error(error.label)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return JSONResponse(shape_of(path)(error), status_code=error.status, headers=headers)
