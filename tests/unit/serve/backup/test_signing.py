"""Tests of serve.backup.signing, by the examples of AWS's documentation of Signature Version 4 for S3."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from serve.backup.signing import Credentials, encoded_path, encoded_query, signed_headers

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
THEN = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "examplebucket.s3.amazonaws.com"
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "query", "payload", "more", "signature"),
    [
        ("GET", "/test.txt", {}, b"", {"range": "bytes=0-9"},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("PUT", "/test$file.text", {}, b"Welcome to Amazon S3.",
         {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ("GET", "/", {"lifecycle": ""}, b"", {},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/", {"prefix": "J", "max-keys": "2"}, b"", {},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)  # fmt: skip
def test_the_signatures_are_those_of_the_documentation(
    method: str, path: str, query: dict[str, str], payload: bytes, more: dict[str, str], signature: str
) -> None:
    """Paths and queries with what must be encoded, bodies, and headers beside ours."""
    sha256 = hashlib.sha256(payload).hexdigest()
    headers = signed_headers(EXAMPLE, "us-east-1", THEN, method, HOST, path, query, sha256, more)
    assert headers["authorization"].endswith(f"Signature={signature}")


def test_a_token_of_a_session_is_sent_and_signed() -> None:
    """Keys that a cloud lends for an hour have one."""
    lent = Credentials("A", "b", "the-token")
    headers = signed_headers(lent, "us-east-1", THEN, "GET", HOST, "/", {}, EMPTY)
    assert headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in headers["authorization"]


def test_credentials_do_not_show_what_is_secret() -> None:
    """In no log and no traceback."""
    assert repr(Credentials("A", "b-secret", "c-token")) == "Credentials(key_id='A')"


def test_names_are_encoded_once_and_slashes_of_paths_stay() -> None:
    """As the service decodes them."""
    assert encoded_path("/a b/c+d~e") == "/a%20b/c%2Bd~e"
    assert encoded_query({"b": "x/y", "a": "1 2"}) == "a=1%202&b=x%2Fy"
