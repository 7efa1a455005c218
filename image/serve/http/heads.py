"""What the head of a request may be, and answers to those that are none. Pure; protocol.py has the connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from serve.answers.errors import shape_of
from serve.errors import HeadersTooLargeError, InvalidRequestError, RequestError, UrlTooLongError
from serve.log import ID_HEADER, request_id

MOST_URL: Final = 8 * 1024
MOST_HEAD: Final = 32 * 1024
"""All names and values: gateways put tokens and cookies into them."""
MOST_HEADERS: Final = 100
_VERSIONS = ("1.0", "1.1")


def check_url(url: bytes) -> None:
    """Of any length, as far as uvicorn goes."""
    if len(url) > MOST_URL:
        raise UrlTooLongError(f"the URL is longer than the {MOST_URL} bytes that are allowed")


def check_growth(num_bytes: int) -> None:
    """Of a head that is not whole yet: a line without an end would be kept until it has one."""
    if num_bytes > MOST_URL + MOST_HEAD:
        raise HeadersTooLargeError(f"the head is larger than the {MOST_URL + MOST_HEAD} bytes that are allowed")


def check_head(headers: Sequence[tuple[bytes, bytes]], version: str) -> None:
    """What httptools takes, and we do not."""
    if version not in _VERSIONS:
        raise InvalidRequestError(f"this is HTTP/{version}: HTTP/1.1 is served")
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or size > MOST_HEAD:
        raise HeadersTooLargeError(
            f"there are {len(headers)} headers of {size} bytes: {MOST_HEADERS} of {MOST_HEAD} are allowed"
        )
    num_hosts = sum(name == b"host" for name, _ in headers)
    if num_hosts > 1 or (not num_hosts and version == "1.1"):
        raise InvalidRequestError(f"there are {num_hosts} headers Host: one is allowed")


def raw_answer(error: RequestError, url: bytes) -> bytes:
    """The last one of its connection, where no request has come to be."""
    body = json.dumps(shape_of(url.decode("latin-1"))(error)).encode()
    head = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        f"{ID_HEADER}: {request_id.get()}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
