"""Files of a Hugging Face repository, or of a mirror of it, in pieces: what a header says costs no download.

Honours what huggingface_hub honours: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME. The token goes to the endpoint
only, never to where it redirects, and is in no message. Short troubles (no connection, 429, 5xx) are tried again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import httpx
import stamina

from infra.errors import SlipwayError
from infra.gguf.cursor import Read

ENDPOINT: Final = "https://huggingface.co"
TIMEOUT_S: Final = 30.0
ATTEMPTS: Final = 4
MAX_REDIRECTS: Final = 5
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class HubError(SlipwayError):
    """The hub does not answer, does not let us, or does not have it."""

    heading = "The hub can't tell"

    def __init__(self, problem: str) -> None:
        super().__init__([problem])


class Trouble(Exception):
    """Worth another try."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the hub is, and as whom we ask."""

    endpoint: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Access({self.endpoint!r})"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at one commit. `sha256` is None where the hub does not say it."""

    url: str
    commit: str | None
    sha256: str | None
    num_bytes: int


def access_from(environment: Mapping[str, str]) -> Access:
    """From the variables that huggingface_hub reads."""
    token = environment.get("HF_TOKEN", "").strip()
    if not token:
        home = environment.get("HF_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".cache" / "huggingface"
        path = Path(environment.get("HF_TOKEN_PATH") or Path(home) / "token")
        token = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return Access((environment.get("HF_ENDPOINT") or ENDPOINT).rstrip("/"), token or None)


class Hub:
    """Asks about files and reads pieces of them. Close it, or use it in a `with`."""

    def __init__(self, access: Access, *, wait_s: float = 0.5) -> None:
        self._access = access
        self._wait_s = wait_s
        headers = {"user-agent": "slipway"}
        self._client = httpx.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, repo: str, file: str, revision: str) -> RemoteFile:
        """What the hub knows of a file, at the commit that the revision is now."""
        url = f"{self._access.endpoint}/{repo}/resolve/{quote(revision, safe='')}/{quote(file)}"
        answer = self._ask("HEAD", url, {"accept-encoding": "identity"}, stay=True)
        size = answer.headers.get("x-linked-size") or answer.headers.get("content-length")
        if size is None or not size.isdigit():
            raise HubError(f"{url}: the hub does not say how large the file is")
        commit = answer.headers.get("x-repo-commit", "")
        sums = [answer.headers.get(name, "").strip('W/"') for name in ("x-linked-etag", "etag")]
        pinned = url.replace(f"/resolve/{quote(revision, safe='')}/", f"/resolve/{commit}/") if commit else url
        return RemoteFile(
            url=pinned,
            commit=commit if _COMMIT.fullmatch(commit) else None,
            sha256=next((each for each in sums if _SHA256.fullmatch(each)), None),
            num_bytes=int(size),
        )

    def reader(self, file: RemoteFile) -> Read:
        """Pieces of the file."""

        def read(offset: int, length: int) -> bytes:
            last = min(offset + length, file.num_bytes) - 1
            return self._piece(file.url, offset, last) if last >= offset else b""

        return read

    def _piece(self, url: str, first: int, last: int) -> bytes:
        answer = self._ask("GET", url, {"range": f"bytes={first}-{last}", "accept-encoding": "identity"})
        wanted = last - first + 1
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            raise HubError(f"{url}: the server sends only the whole file; allowed: one that knows range requests")
        if len(answer.content) != wanted:
            raise HubError(f"{url}: {len(answer.content)} bytes came instead of {wanted}")
        return answer.content

    def _ask(self, method: str, url: str, headers: Mapping[str, str], *, stay: bool = False) -> httpx.Response:
        """`stay`: a redirect to another server is the answer, for only the hub itself tells commit and sum."""
        try:
            wait_s = self._wait_s
            for attempt in stamina.retry_context(
                on=Trouble, attempts=ATTEMPTS, wait_initial=wait_s, wait_max=16 * wait_s, wait_jitter=wait_s
            ):
                with attempt:
                    return self._once(method, url, headers, stay=stay)
        except Trouble as trouble:
            raise HubError(f"{url}: {trouble}, after {ATTEMPTS} attempts") from None
        raise AssertionError("retries return or raise")

    def _once(self, method: str, url: str, headers: Mapping[str, str], *, stay: bool) -> httpx.Response:
        at = url
        for _ in range(MAX_REDIRECTS):
            answer = self._send(method, at, headers)
            if not answer.is_redirect:
                return _checked(answer, url)
            target = urljoin(at, answer.headers["location"])
            if stay and urlsplit(target).netloc != urlsplit(at).netloc:
                return answer
            at = target
        raise HubError(f"{url}: redirects without end")

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Without the body of an answer that is not what was asked for: it may be 40 GB."""
        try:
            with self._client.stream(method, url, headers={**headers, **self._login(url)}) as answer:
                if answer.status_code == httpx.codes.PARTIAL_CONTENT:
                    answer.read()
                return answer
        except httpx.InvalidURL as error:
            raise HubError(f"{_shown(url)}: is no address: {error}") from None
        except httpx.UnsupportedProtocol:
            raise HubError(f"{_shown(url)}: allowed: http:// or https://") from None
        except httpx.HTTPError as error:
            raise Trouble(f"no answer ({type(error).__name__})") from None

    def _login(self, url: str) -> dict[str, str]:
        is_hub = urlsplit(url)[:2] == urlsplit(self._access.endpoint)[:2]
        return {"authorization": f"Bearer {self._access.token}"} if self._access.token and is_hub else {}


def _checked(answer: httpx.Response, url: str) -> httpx.Response:
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Trouble(f"the hub answers {status}")
    if status < httpx.codes.BAD_REQUEST:
        return answer
    raise HubError(f"{_shown(url)}: {_refusal(status, answer.headers.get('x-error-code', ''))}")


def _refusal(status: int, code: str) -> str:
    match status, code:
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN, "GatedRepo":
            return "accept its licence on its page first, then set HF_TOKEN to a token of that account"
        case httpx.codes.UNAUTHORIZED, _:
            return "there is no such repository, or it is private: set HF_TOKEN to a token that may read it (401)"
        case httpx.codes.FORBIDDEN, _:
            return "the token may not read it (403)"
        case httpx.codes.NOT_FOUND, "RevisionNotFound":
            return "the repository has no such revision (404)"
        case httpx.codes.NOT_FOUND, "EntryNotFound":
            return "the repository has no such file at this revision (404)"
        case httpx.codes.NOT_FOUND, _:
            return "there is no such repository, file or revision (404)"
        case httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE, _:
            return "the file is shorter than the hub said (416)"
        case _:
            return f"the hub answers {status}"


def _shown(url: str) -> str:
    """Without what a redirect signs its address with."""
    return url.split("?")[0]
