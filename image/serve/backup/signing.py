"""Signatures of requests to S3, AWS Signature Version 4, with the time and the key given. Pure.

Written here because the client library of AWS is larger than this server, and four kinds of requests are all that is
asked. Checked against the examples of AWS's own documentation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of one key. Neither part that is secret is ever shown."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False, default=None)


def encoded_path(path: str) -> str:
    """As it is sent and as it is signed: S3 wants both the same, encoded once."""
    return quote(path, safe=f"/{UNRESERVED}")


def encoded_query(query: Mapping[str, str]) -> str:
    """In the order of the encoded names."""
    pairs = sorted((quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed_headers(
    credentials: Credentials,
    region: str,
    now: datetime,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    payload_sha256: str,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """All headers that the request must have; `more` are signed with the others. `path` is not encoded yet."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    token = {"x-amz-security-token": credentials.token} if credentials.token else {}
    headers = {**(more or {}), "host": host, "x-amz-content-sha256": payload_sha256, "x-amz-date": stamp, **token}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join((method, encoded_path(path), encoded_query(query), lines, names, payload_sha256))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_key(credentials.secret, stamp[:8], region), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Credential={credentials.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": authorization}


def _key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
