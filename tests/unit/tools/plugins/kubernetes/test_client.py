"""HTTP with an API server: what is sent, what comes back, what is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from tests.unit.tools.plugins.kubernetes.fake_api import ACCESS, client_of, status
from tools.plugins.kubernetes.client import Client, is_local
from tools.plugins.kubernetes.credentials import Credentials
from tools.plugins.kubernetes.errors import ApiError, UnreachableError

Reply = httpx.Response | Exception


def answering(*replies: Reply) -> tuple[Client, list[httpx.Request]]:
    """A client whose server gives these replies, the last one for ever; and what it was asked."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        reply = replies[min(len(asked), len(replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    return client_of(handle), asked


def ok() -> httpx.Response:
    """A good answer."""
    return httpx.Response(200, json={"kind": "A"})


def test_body_and_type_are_sent_and_json_comes_back() -> None:
    """With who we are."""
    client, asked = answering(ok())
    answer = client.request("PATCH", "/p", params={"dryRun": "All"}, body={"a": 1}, content_type="x/y")
    assert answer.body == {"kind": "A"}
    assert (asked[0].url.path, asked[0].url.query, asked[0].content) == ("/p", b"dryRun=All", b'{"a":1}')
    assert asked[0].headers["Content-Type"] == "x/y"
    assert "stand-in" in asked[0].headers["User-Agent"]


def test_an_error_has_status_reason_message_and_details() -> None:
    """As the API server words it."""
    client, _ = answering(status(422, "Invalid", "name is wrong", {"causes": [1]}))
    with pytest.raises(ApiError, match=r"name is wrong \(HTTP 422\)") as error:
        client.request("POST", "/p", body={})
    assert (error.value.status, error.value.reason, error.value.details) == (422, "Invalid", {"causes": [1]})


def test_an_error_of_a_proxy_is_told_by_its_text() -> None:
    """Not every error comes from Kubernetes."""
    client, _ = answering(httpx.Response(403, text="<b>go away</b>"))
    with pytest.raises(ApiError, match="go away"):
        client.request("GET", "/p")


def test_warnings_come_with_the_answer() -> None:
    """Several in one header."""
    reply = httpx.Response(200, json={}, headers={"Warning": '299 - "one \\"a\\"", 299 - "two"'})
    client, _ = answering(reply)
    assert client.request("GET", "/p").warnings == ('one "a"', "two")


@pytest.mark.parametrize("reply", [status(429, "TooManyRequests"), status(503, ""), httpx.ConnectError("refused")])
def test_what_the_server_has_not_looked_at_is_sent_again(reply: Reply) -> None:
    """Even a create."""
    client, asked = answering(reply, reply, ok())
    client.request("POST", "/p", body={})
    assert len(asked) == 3


@pytest.mark.parametrize("reply", [status(500, ""), status(504, "Timeout"), httpx.ReadError("cut")])
def test_what_may_have_been_done_is_sent_again_only_where_twice_is_once(reply: Reply) -> None:
    """A create is not: it would fail on its own object."""
    client, asked = answering(reply, ok())
    client.request("PATCH", "/p", body={})
    assert len(asked) == 2
    client, asked = answering(reply, ok())
    with pytest.raises((ApiError, UnreachableError)):
        client.request("POST", "/p", body={})
    assert len(asked) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422])
def test_what_the_server_refuses_is_not_sent_again(code: int) -> None:
    """It would refuse it again."""
    client, asked = answering(status(code, "x"), ok())
    with pytest.raises(ApiError):
        client.request("GET", "/p")
    assert len(asked) == 1


def test_retries_end_and_the_last_error_is_told() -> None:
    """A server that never recovers."""
    client, asked = answering(status(503, "", "overloaded"))
    with pytest.raises(ApiError, match="overloaded"):
        client.request("GET", "/p")
    assert len(asked) > 1


def test_a_server_that_does_not_answer_is_named() -> None:
    """With the reason of the network."""
    client, _ = answering(httpx.ConnectError("connection refused"))
    with pytest.raises(UnreachableError, match=r"http://api.test does not answer: connection refused"):
        client.request("GET", "/p", num_attempts=1)


def with_ticket(renew: Callable[[], bool], *replies: Reply) -> tuple[Client, list[httpx.Request]]:
    """A client whose credentials can be renewed, or not."""

    class Renewable(Credentials):
        def renew(self) -> bool:
            return renew()

    client, asked = answering(*replies)
    client._credentials = Renewable(ACCESS, {})
    return client, asked


def test_a_refused_ticket_is_renewed_once() -> None:
    """It may have been revoked before its time."""
    client, asked = with_ticket(lambda: True, status(401, "Unauthorized"), ok())
    client.request("POST", "/p", body={})
    assert len(asked) == 2
    client, asked = with_ticket(lambda: True, status(401, "Unauthorized"))
    with pytest.raises(ApiError):
        client.request("POST", "/p", body={})
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("server", "local"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://localhost", True),
        ("http://[::1]:1", True),
        ("https://a.test", False),
    ],
)
def test_servers_on_this_machine_need_no_proxy(server: str, local: bool) -> None:
    """Whatever the environment says."""
    assert is_local(server) is local


def test_a_tls_server_name_is_what_the_certificate_is_checked_for() -> None:
    """The kubeconfig setting tls-server-name."""
    seen: list[object] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions.get("sni_hostname"))
        return ok()

    client_of(handle, replace(ACCESS, tls_server_name="kubernetes")).request("GET", "/p")
    assert seen == ["kubernetes"]
