"""A running server as its API describes it. Whatever goes wrong is a SetupError: one line that says what to do."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from serve.cli.show import clean
from serve.errors import SetupError

# An answer may be long in coming: its prompt is read first, or its model loaded. Ctrl-C is the person's own limit.
TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
STREAM_TIMEOUT = httpx2.Timeout(30.0, connect=5.0, read=None)
WHERE = "--url or SLIPWAY_URL names the server"
KEY_VARIABLE = "SLIPWAY_API_KEY"


def read_key(file: Path | None, environ: Mapping[str, str]) -> str:
    """A key never stands on a command line, where all processes of a machine can read it."""
    if file is None:
        return environ.get(KEY_VARIABLE, "").strip()
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SetupError(f"--key-file is {file}: {reason}") from error
    if not lines:
        raise SetupError(f"--key-file is {file}: it is empty")
    return lines[0]


def connect(url: str, key: str, transport: httpx2.BaseTransport | None = None) -> httpx2.Client:
    """A client of one server."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        client = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT, transport=transport)
    except (httpx2.InvalidURL, UnicodeEncodeError) as error:
        raise SetupError(f"the server is {url!r}: {error}") from error
    if client.base_url.scheme not in ("http", "https") or not client.base_url.host:
        raise SetupError(f"the server is {url!r}: an address such as http://127.0.0.1:8000 is allowed ({WHERE})")
    return client


class Refused(SetupError):
    """The server has answered, and said no."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """What commands ask."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.url = str(client.base_url).rstrip("/")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request, and the JSON of its answer; None where there is none."""
        with self._trouble():
            answer = self._client.request(method, path, json=body)
            self._check(answer)
            return answer.json() if answer.content else None

    @contextlib.contextmanager
    def stream(self, path: str, body: object) -> Iterator[Iterator[str]]:
        """The lines of an answer as they come. Leaving the block ends the request at the server, too."""
        with self._trouble(), self._client.stream("POST", path, json=body, timeout=STREAM_TIMEOUT) as answer:
            self._check(answer)
            yield answer.iter_lines()

    def _check(self, answer: httpx2.Response) -> None:
        if answer.is_success and answer.status_code != httpx2.codes.ACCEPTED:  # accepted is no answer yet
            return
        answer.read()
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            has_key = "Authorization" in self._client.headers
            told = "does not know this API key" if has_key else "wants an API key"
            raise Refused(f"{self.url} {told}: {KEY_VARIABLE} or --key-file gives one", answer.status_code)
        words = message_of(answer.text) or f"{self.url} answers {answer.status_code} to {answer.url.path}"
        wait = answer.headers.get("retry-after", "")
        raise Refused(words + (f" (try again in {wait} s)" if wait.isdecimal() else ""), answer.status_code)

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            words = re.sub(r"^\[Errno -?\d+\] ", "", clean(str(error)))
            raise SetupError(f"{self.url} can't be reached: {words} ({WHERE})") from error
        except httpx2.TimeoutException as error:
            raise SetupError(f"{self.url} does not answer ({WHERE})") from error
        except httpx2.HTTPError as error:
            raise SetupError(
                f"the connection to {self.url} broke: {clean(str(error)) or type(error).__name__}"
            ) from error
        except ValueError as error:
            raise SetupError(f"{self.url} does not answer as Slipway does ({WHERE})") from error


def message_of(text: str) -> str:
    """An error's words, in the shape of any of the server's APIs; empty for what is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    error = told.get("error") if isinstance(told, dict) else None
    found = error.get("message") if isinstance(error, dict) else error
    return clean(found) if isinstance(found, str) else ""
