"""Keys and tokens are found wherever they lie, and never shown."""

import base64

import pytest

from tests.unit.tools.image.made import file
from tools.image.checks import secrets
from tools.image.checks.secrets import Searcher

KEY = b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64 + b"\n-----END PRIVATE KEY-----\n"
TOKENS = [KEY, b"x hf_" + b"a" * 34 + b" x", b"ghp_" + b"a" * 36, b"AKIA" + b"A" * 16]


def certificate(letter: bytes) -> str:
    """Like one, in lines of 64."""
    body = base64.b64encode(letter * 300).decode()
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


@pytest.mark.parametrize("token", TOKENS)
def test_a_secret_in_a_file_is_found_by_its_kind_and_not_repeated(token: bytes) -> None:
    """The finding goes to logs that others read."""
    searcher = Searcher()
    searcher.look(file("app/x"), b"before\n" + token + b"\nafter")
    [line] = searcher.found
    assert line.startswith("/app/x: a ")
    assert token.decode().strip() not in line


@pytest.mark.parametrize("content", [b"-----BEGIN PRIVATE KEY-----", b"hf_xxx", b"\x7fELF" + KEY, b"http_proxy="])
def test_talk_about_secrets_and_a_librarys_own_tests_are_none(content: bytes) -> None:
    """Documentation names them, and libraries for TLS carry keys to test themselves with."""
    searcher = Searcher()
    searcher.look(file("app/x"), content)
    assert searcher.found == []


@pytest.mark.parametrize("path", ["root/.netrc", "etc/pip.conf", ".env", "etc/apt/apt.conf.d/99proxy", "app/.git"])
def test_files_that_hold_them_are_found_by_name(path: str) -> None:
    """Whatever is in them."""
    searcher = Searcher()
    searcher.look(file(path), b"")
    assert searcher.found


def test_a_certificate_that_only_the_build_was_given_is_found_and_a_public_one_is_not() -> None:
    """The image's own bundle of public ones is in every image."""
    public, own = certificate(b"p"), certificate(b"o")
    searcher = Searcher(secrets.own_certificates(public + own, [public]))
    searcher.look(file("etc/ssl/public.crt"), public.encode())
    assert searcher.found == []
    searcher.look(file("etc/ssl/bundle.crt"), (public + own).encode())
    assert searcher.found == ["/etc/ssl/bundle.crt: a certificate that only the build was given"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"config": {"Env": ["HTTPS_PROXY=http://proxy:3128"]}}, "config.Env: a proxy"),
        ({"config": {"Env": ["HF_TOKEN=abcdefgh"]}}, "config.Env: a value that is named like a secret"),
        (
            {"config": {"Labels": {"source": "https://me:pass@example.com/x"}}},
            "config.Labels: a password in an address",
        ),
        ({"history": [{"created_by": "RUN PASSWORD=secret1 make"}]}, "history: a value that is named like a secret"),
        ({"history": [{"created_by": "ARG http_proxy=http://p:1"}]}, "history: a proxy"),
    ],
)
def test_what_the_configuration_tells_is_searched(config: dict[str, object], said: str) -> None:
    """Environment, labels and the build's history."""
    assert said in list(secrets.told(config))


def test_a_plain_configuration_tells_nothing() -> None:
    """Nor do the ids of a build's secrets."""
    run = "RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt pip install x # buildkit"
    plain = {"config": {"Env": ["PATH=/usr/bin", "HOME=/nonexistent"]}, "history": [{"created_by": run}]}
    assert list(secrets.told(plain)) == []
