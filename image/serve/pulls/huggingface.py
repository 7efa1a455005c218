"""Hugging Face, or what speaks its protocol: HF_ENDPOINT. The only file that imports its client, which is slow.

The client's own download is not used: it can't go on from what a killed process left, does not bound how long it waits
or what it writes, and takes a range as it comes. Here its addresses, headers (HF_TOKEN, HF_TOKEN_PATH) and connections
are used, and each try asks the hub anew: the signed address that it redirects to is valid for minutes only.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Literal

import httpx2
from huggingface_hub import HfApi, get_hf_file_metadata, get_session, get_token, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, and not said to be

from serve.errors import (
    ForbiddenError,
    HubError,
    InvalidRequestError,
    ModelNotFoundError,
    RateLimitError,
    RequestError,
)
from serve.pulls.hub import Remote, Stream
from serve.pulls.retry import TemporaryError

# A piece is one request: some stores refuse to send more than 50 GB at once.
PIECE_BYTES = 16 * 1024**3
MAX_LISTED = 100_000
_TIMEOUT = httpx2.Timeout(20.0, connect=10.0)  # 20 s without a byte are a broken connection
_TEMPORARY = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class HuggingFace:
    """The real hub."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint  # None: HF_ENDPOINT, or its own

    def look(self, repo: str, revision: str, file: str) -> Remote:
        """The etag of a large file is its SHA-256; small files have another kind of etag."""
        with _asked(repo):
            found = get_hf_file_metadata(self._url(repo, revision, file), token=_token(), endpoint=self._endpoint)
        if found.size is None or found.size < 0:
            raise HubError(f"the hub does not say how large {repo}/{file} is: is HF_ENDPOINT a hub?")
        return Remote(repo, found.commit_hash or revision, file, _sha256(found.etag), found.size)

    def files(self, repo: str, revision: str) -> tuple[str, ...]:
        """All of the repository, also in folders."""
        found: list[str] = []
        with _asked(repo):
            api = HfApi(self._endpoint, _token())
            for entry in api.list_repo_tree(repo, recursive=True, revision=revision):
                if isinstance(entry, RepoFile):
                    found.append(entry.path)
                if len(found) > MAX_LISTED:
                    raise HubError(f"{repo} has more than {MAX_LISTED} files: name one")
        return tuple(found)

    @contextlib.contextmanager
    def read(self, remote: Remote, first: int) -> Iterator[Stream]:
        """The token stays with the hub: the client does not send it to where that redirects."""
        last = min(first + PIECE_BYTES, remote.size_bytes) - 1
        headers = build_hf_headers(token=_token()) | {"accept-encoding": "identity"}
        if (first, last) != (0, remote.size_bytes - 1):
            headers["range"] = f"bytes={first}-{last}"
        url = self._url(remote.repo, remote.revision, remote.file)
        with (
            _told(remote.repo),
            get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response,
        ):
            yield Stream(_check(response, remote, first), response.iter_raw())

    def _url(self, repo: str, revision: str, file: str) -> str:
        return hf_hub_url(repo, file, revision=revision, endpoint=self._endpoint)


def _check(response: httpx2.Response, remote: Remote, first: int) -> int:
    """Where the answer begins; an error when it is not of this file."""
    for each in response.history:
        said = _sha256(each.headers.get("x-linked-etag"))
        if said is not None and remote.sha256 is not None and said != remote.sha256:
            raise HubError(f"{remote.source} was changed while it was pulled: ask again")
    if response.status_code not in (200, 206):
        raise _failure(response, remote.repo, is_store=bool(response.history))
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _garbage(remote, "compressed bytes")
    first, end = (0, remote.size_bytes) if response.status_code == 200 else _range(response, remote, first)
    length = response.headers.get("content-length", str(end - first))
    if length != str(end - first):
        raise _garbage(remote, f"{length[:20]} bytes instead of {end - first}")
    return first


def _range(response: httpx2.Response, remote: Remote, first: int) -> tuple[int, int]:
    said = response.headers.get("content-range", "")[:60]
    found = _CONTENT_RANGE.fullmatch(said)
    if found is None or int(found[1]) != first or found[3] not in ("*", str(remote.size_bytes)):
        raise _garbage(remote, f"the range {said!r} instead of one from {first} on")
    return first, int(found[2]) + 1


def _garbage(remote: Remote, what: str) -> TemporaryError:
    return TemporaryError(HubError(f"the hub sent {what} for {remote.source}"))


def _token() -> str | Literal[False]:
    """Where the client finds it; False: there is none. It is looked at first: an error later might quote it."""
    try:
        token = get_token()
    except (OSError, ValueError) as error:
        raise HubError("the hub's token (HF_TOKEN_PATH) can't be read") from error
    if token and not (token.isascii() and token.isprintable()):
        raise HubError("the hub's token (HF_TOKEN or HF_TOKEN_PATH) is none: there are characters that no token has")
    return token or False


@contextlib.contextmanager
def _asked(repo: str) -> Iterator[None]:
    """A question as a whole: what else goes wrong in the client is the answer's fault, or that of its settings."""
    try:
        with _told(repo):
            yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubError(f"the hub can't be asked for {repo}, or does not answer as one: {_kind(error)}") from error


@contextlib.contextmanager
def _told(repo: str) -> Iterator[None]:
    """The client's errors as ours. Their text is not told on: it has signed addresses in it."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _failure(error.response, repo, is_store=False) from error
    except _TEMPORARY as error:
        raise TemporaryError(HubError(f"the connection to the hub broke: {_kind(error)}")) from error
    except HFValidationError as error:
        raise InvalidRequestError(f"model is {repo!r}: the hub takes no such name", param="model") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ConnectionError) as error:
        raise HubError(f"the hub can't be asked for {repo}, or does not answer as one: {_kind(error)}") from error


def _failure(response: httpx2.Response, repo: str, *, is_store: bool) -> Exception:
    """By status, and by the hub's own code where it says one."""
    status, code = response.status_code, response.headers.get("x-error-code", "")
    said = f"the hub answers {status} for {repo}"
    if status == 416:
        return TemporaryError(HubError(said), begins_anew=True)
    if status == 429:
        return TemporaryError(RateLimitError(said, retry_after_s=_retry_after(response.headers)))
    # Where files lie, 403 means that the signed address is too old: the next try gets another.
    if status >= 500 or status == 408 or (is_store and status in (401, 403, 404)):
        return TemporaryError(HubError(said, retry_after_s=_retry_after(response.headers)))
    return _refused(said, status, code)


def _refused(said: str, status: int, code: str) -> RequestError:
    if code in ("EntryNotFound", "RevisionNotFound"):
        what = "file" if code == "EntryNotFound" else "revision"
        return ModelNotFoundError(f"{said}: it has no such {what}", param="filename")
    if status == 404 or code == "RepoNotFound":  # 401 with this code is its answer to those who have no token
        return ModelNotFoundError(f"{said}: it is not there, or this server's token may not see it", param="model")
    if status in (401, 403):
        what = "it is gated" if code == "GatedRepo" else "it wants another token"
        return ForbiddenError(f"{said}: {what}; this server's is set by HF_TOKEN or HF_TOKEN_PATH", param="model")
    return HubError(said)


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """In seconds; a date there would depend on two clocks."""
    said = headers.get("retry-after", "").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 7 else None


def _sha256(etag: str | None) -> str | None:
    plain = (etag or "").removeprefix("W/").strip('"')
    return plain if _SHA256.fullmatch(plain) else None


def _kind(error: Exception) -> str:
    """Its kind in words: ReadTimeout -> read timeout."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower().removesuffix(" error")
