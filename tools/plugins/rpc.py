"""Answer a call of the engine with one readable message when it fails for a reason that the user can act on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc

Method = TypeVar("Method", bound=Callable[..., Any])


def readable_errors(error: type[Exception], code: grpc.StatusCode) -> Callable[[Method], Method]:
    """Decorate a method of a servicer: errors of this tree end the call with their text."""

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return method(self, request, context)
            except error as e:
                context.abort(code, str(e))

        return answer  # type: ignore[return-value]

    return decorate


def readable_stream_errors(error: type[Exception], code: grpc.StatusCode) -> Callable[[Method], Method]:
    """The same for a method that yields its answers."""

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from method(self, request, context)
            except error as e:
                context.abort(code, str(e))

        return answer  # type: ignore[return-value]

    return decorate
