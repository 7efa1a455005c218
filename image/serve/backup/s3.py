"""A bucket of S3, or of any service that speaks its protocol, as a target of backups.

Four kinds of requests: put, get, delete, list. Chunks are small enough for a single put, so nothing is ever uploaded in
parts. What fails for a moment (no connection, 429, 5xx) is tried again, a little later each time.
"""

from __future__ import annotations

import configparser
import hashlib
import http.client
import logging
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from serve.backup.signing import Credentials, encoded_path, encoded_query, signed_headers
from serve.errors import SetupError

log = logging.getLogger(__name__)

DEFAULT_REGION = "us-east-1"
NUM_TRIES = 5
TIMEOUT_S = 120
PLAIN = {"content-type": "application/octet-stream"}
"""Else it would be that of a form, and some services would read the body as one."""
LATER = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where it is. Without an endpoint it is one of AWS, by a name of its own; else it is a folder of the endpoint."""

    name: str
    prefix: str
    region: str = DEFAULT_REGION
    endpoint: str | None = None

    def address(self, key: str) -> tuple[str, str, str]:
        """Scheme, host and path, which is not encoded yet."""
        if self.endpoint is None:
            return "https", f"{self.name}.s3.{self.region}.amazonaws.com", f"/{key}"
        parts = urlsplit(self.endpoint)
        return parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{self.name}/{key}"


def read_credentials(path: Path) -> Credentials:
    """The file that AWS's own tools read, by its profile `default`. No error ever shows what is in it."""
    found = configparser.ConfigParser(interpolation=None)
    try:
        found.read_string(path.read_text(encoding="utf-8"))
        profile = found["default"]
        return Credentials(
            profile["aws_access_key_id"], profile["aws_secret_access_key"], profile.get("aws_session_token")
        )
    except OSError as error:
        raise SetupError(f"{path} can't be read: {error.strerror}") from error
    except (configparser.Error, KeyError, UnicodeDecodeError):
        wanted = "[default] with aws_access_key_id and aws_secret_access_key"
        raise SetupError(f"{path} is no file of credentials: {wanted} is") from None


class S3Store:
    """Objects below the bucket's prefix."""

    def __init__(
        self,
        bucket: Bucket,
        credentials: Credentials,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = bucket
        self._credentials = credentials
        self._clock = clock
        self._sleep = sleep

    def keys(self, prefix: str) -> Iterator[str]:
        """Page by page."""
        root = f"{self._bucket.prefix}/" if self._bucket.prefix else ""
        query = {"list-type": "2", "prefix": f"{root}{prefix}"}
        while True:
            page = self._send("GET", "", query).decode()
            yield from (unescape(key).removeprefix(root) for key in re.findall(r"<Key>(.*?)</Key>", page, re.DOTALL))
            after = re.search(r"<NextContinuationToken>(.*?)</NextContinuationToken>", page, re.DOTALL)
            if after is None:
                return
            query = {**query, "continuation-token": unescape(after[1])}

    def get(self, key: str) -> bytes:
        """The object."""
        return self._send("GET", self._at(key))

    def put(self, key: str, data: bytes) -> None:
        """The service checks the bytes against their SHA-256, which is signed."""
        self._send("PUT", self._at(key), data=data)

    def delete(self, key: str) -> None:
        """S3 itself does not mind where nothing is."""
        self._send("DELETE", self._at(key))

    def _at(self, key: str) -> str:
        return f"{self._bucket.prefix}/{key}" if self._bucket.prefix else key

    def _send(self, method: str, key: str, query: Mapping[str, str] | None = None, data: bytes = b"") -> bytes:
        for attempt in range(1, NUM_TRIES + 1):
            try:
                return self._try(method, key, query or {}, data)
            except urllib.error.HTTPError as error:
                if error.code not in LATER or attempt == NUM_TRIES:
                    raise SetupError(f"{self._name(key)}: {method} was answered {error.code} {_said(error)}") from None
                reason = f"{error.code} {error.reason}"
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", error) or type(error).__name__)
                if attempt == NUM_TRIES:
                    raise SetupError(f"{self._name(key)}: {method} failed: {reason}") from None
            log.warning("a request failed and is tried again", extra={"reason": reason, "attempt": attempt})
            self._sleep(2.0**attempt / 2)
        raise AssertionError("the last attempt returns or raises")

    def _try(self, method: str, key: str, query: Mapping[str, str], data: bytes) -> bytes:
        scheme, host, path = self._bucket.address(key)
        payload = hashlib.sha256(data).hexdigest()
        now, region = self._clock(), self._bucket.region
        headers = signed_headers(self._credentials, region, now, method, host, path, query, payload, PLAIN)
        url = f"{scheme}://{host}{encoded_path(path)}" + (f"?{encoded_query(query)}" if query else "")
        body = data if method == "PUT" else None
        request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310  (as it is set)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            found: bytes = answer.read()
            return found

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket.name}/{key}"


def _said(error: urllib.error.HTTPError) -> str:
    """The service's own word, such as NoSuchBucket."""
    code = re.search(rb"<Code>(.*?)</Code>", error.read(65_536))
    return code[1].decode(errors="replace") if code else str(error.reason)
