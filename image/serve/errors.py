"""All that can go wrong, each with its HTTP status, OpenAI error type and label, once.

ServeError
|-- SetupError                   can't start, or a command failed: one line on stderr, exit code 2
`-- RequestError                 over HTTP, in the shape of the API that was asked (answers/errors.py)
    |-- InvalidRequestError      400  the request itself is wrong
    |   |-- PromptTooLongError   400  it can never fit
    |   |-- BadGrammarError      400  what constrains the answer can't be used
    |   |-- UnsupportedError     400  this model can't do that
    |   |-- NoThreadsError       400  conversations are not kept here
    |   |-- BodyTooLargeError    413
    |   |-- RequestTimeoutError  408  it did not come in time
    |   |-- UrlTooLongError      414
    |   `-- HeadersTooLargeError 431
    |-- NotFoundError            404  no such path
    |   `-- ModelNotFoundError   404
    |-- MethodNotAllowedError    405
    |-- NotServedError           501  clients of this API may ask for it elsewhere
    |-- UnauthorizedError        401  no key, or a wrong one
    |-- ForbiddenError           403  the key, or this server, does not allow that
    |-- ConflictError            409  what is so now does not allow that
    |-- HubError                 502  the hub answers wrongly or not at all
    |-- NoSpaceError             507  the disk has no room
    |-- UnavailableError         503  nothing is wrong with the request, try again
    |   |-- DrainingError        503  this server is about to stop
    |   |-- ModelNotReadyError   503  absent, loading or failed
    |   |   |-- NoRoomError      503  it does not fit beside the models that are busy
    |   |   `-- PullingError     202  its weights are on their way
    |   |-- WorkerLostError      503  the worker died
    |   |-- QueueTimeoutError    429  it waited as long as it wanted to
    |   |-- RateLimitError       429  this key may not ask so much
    |   `-- OverloadedError      429  the queue is full
    `-- GenerationError          500
"""

from __future__ import annotations

from typing import ClassVar

from serve.engine.types import Failed, FailureKind


class ServeError(Exception):
    """Base of all errors of the server."""


class SetupError(ServeError):
    """Can't start, or a command failed. The message is one clear line."""


class RequestError(ServeError):
    """An error with an HTTP answer."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    label: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, param: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, object]:
        """OpenAI's error shape."""
        told = {"message": str(self), "type": self.type, "param": self.param, "code": self.label}
        return {"error": told | self.more()}

    def more(self) -> dict[str, object]:
        """What this error tells beside that."""
        return {}


class InvalidRequestError(RequestError):
    """The request itself is wrong."""

    status, type, label = 400, "invalid_request_error", "invalid_request"


class NoThreadsError(InvalidRequestError):
    """Conversations are not kept here. Anthropic's client reads the details, and sends all messages from then on."""

    def more(self) -> dict[str, object]:
        """In Anthropic's words."""
        return {"details": {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}}


class PromptTooLongError(InvalidRequestError):
    """Prompt and max_tokens can never fit this model. The code is OpenAI's; type and numbers are llama.cpp's."""

    type, label = "exceed_context_size_error", "context_length_exceeded"
    # Programs look for llama.cpp's words.
    words = "the input is too large, it exceeds the available context size"

    def __init__(self, message: str, *, num_prompt_tokens: int = 0, context_tokens: int = 0) -> None:
        super().__init__(f"{self.words}: {message}")
        self.num_prompt_tokens = num_prompt_tokens
        self.context_tokens = context_tokens

    def more(self) -> dict[str, object]:
        """How many there are, and how many fit."""
        return {"n_prompt_tokens": self.num_prompt_tokens, "n_ctx": self.context_tokens}


class BadGrammarError(InvalidRequestError):
    """A grammar, schema or regular expression that can't be used."""

    label = "invalid_grammar"


class UnsupportedError(InvalidRequestError):
    """This model can't do what is asked."""

    label = "unsupported"


class BodyTooLargeError(InvalidRequestError):
    """More bytes than the server takes."""

    status, label = 413, "body_too_large"


class RequestTimeoutError(InvalidRequestError):
    """The request did not come in time."""

    status, label = 408, "request_timeout"


class UrlTooLongError(InvalidRequestError):
    """More than any path or query of ours."""

    status, label = 414, "url_too_long"


class HeadersTooLargeError(InvalidRequestError):
    """Too many of them, or too much in them."""

    status, label = 431, "headers_too_large"


class NotFoundError(RequestError):
    """No such path."""

    status, type, label = 404, "invalid_request_error", "not_found"


class ModelNotFoundError(NotFoundError):
    """No such model."""

    label = "model_not_found"


class MethodNotAllowedError(RequestError):
    """The path is there, but not for this method."""

    status, type, label = 405, "invalid_request_error", "method_not_allowed"


class NotServedError(RequestError):
    """The path is another server's, which clients of its kind may ask here, too."""

    status, type, label = 501, "invalid_request_error", "not_served"


class UnauthorizedError(RequestError):
    """No key, or a wrong one."""

    status, type, label = 401, "authentication_error", "invalid_api_key"


class ForbiddenError(RequestError):
    """The key, or this server, does not allow that."""

    status, type, label = 403, "permission_error", "forbidden"


class ConflictError(RequestError):
    """What is so now does not allow that."""

    status, type, label = 409, "invalid_request_error", "conflict"


class HubError(RequestError):
    """The hub answers wrongly or not at all."""

    status, type, label = 502, "server_error", "hub_failed"


class NoSpaceError(RequestError):
    """The disk has no room."""

    status, type, label = 507, "server_error", "no_space"


class UnavailableError(RequestError):
    """Nothing is wrong with the request: try again."""

    status, type, label = 503, "service_unavailable", "unavailable"

    def __init__(self, message: str, *, param: str | None = None, retry_after_s: int | None = 1) -> None:
        super().__init__(message, param=param, retry_after_s=retry_after_s)


class DrainingError(UnavailableError):
    """This server is about to stop."""

    label = "draining"


class ModelNotReadyError(UnavailableError):
    """The model is absent, loading or failed."""

    label = "model_not_ready"


class NoRoomError(ModelNotReadyError):
    """It does not fit into memory beside the models that are busy."""

    label = "no_memory"


class PullingError(ModelNotReadyError):
    """Its weights are on their way: nothing is wrong, come back."""

    status, label = 202, "pulling"


class WorkerLostError(UnavailableError):
    """The worker process died while it had this request."""

    label = "worker_lost"


class QueueTimeoutError(UnavailableError):
    """It waited for a slot as long as it wanted to. As with a full queue, nothing is wrong here but the load."""

    status, type, label = 429, "rate_limit_error", "queue_timeout"


class RateLimitError(UnavailableError):
    """This key may not ask so much."""

    status, type, label = 429, "rate_limit_error", "rate_limit_exceeded"


class OverloadedError(UnavailableError):
    """As many requests wait as may wait."""

    status, type, label = 429, "rate_limit_error", "overloaded"


class GenerationError(RequestError):
    """Computing this one sequence failed."""

    label = "generation_failed"


_BY_KIND: dict[FailureKind, type[RequestError]] = {
    FailureKind.BAD_PROMPT: InvalidRequestError,
    FailureKind.BAD_GRAMMAR: BadGrammarError,
    FailureKind.UNSUPPORTED: UnsupportedError,
    FailureKind.CONFLICT: ConflictError,
    FailureKind.BAD_STATE: InvalidRequestError,
    FailureKind.QUEUE_FULL: OverloadedError,
    FailureKind.TOO_LATE: QueueTimeoutError,
    FailureKind.BROKEN: GenerationError,
}


def from_engine(failed: Failed, *, context_tokens: int, retry_after_s: int) -> RequestError:
    """The engine's failure as an HTTP error."""
    if failed.kind is FailureKind.TOO_LONG:
        return PromptTooLongError(
            failed.message, num_prompt_tokens=failed.num_prompt_tokens, context_tokens=context_tokens
        )
    waits = failed.kind in (FailureKind.QUEUE_FULL, FailureKind.TOO_LATE)
    return _BY_KIND[failed.kind](failed.message, retry_after_s=retry_after_s if waits else None)
