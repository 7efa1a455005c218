"""Tests of health_monitor.services: the two forms in which services are named, and what each mistake says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_monitor import services
from health_monitor.errors import SetupError
from health_monitor.services import Pace, Service

PACE = Pace()


def of_text(text: str) -> tuple[Service, ...]:
    return services.check(services.of_text(text, PACE, "SERVICES"), "SERVICES")


def of_file(path: Path, content: str) -> tuple[Service, ...]:
    path.write_text(content)
    return services.check(services.of_file(path, PACE, "SERVICES_FILE"), "SERVICES_FILE")


def test_a_text_names_services_in_their_order() -> None:
    """Spaces, line ends and a comma at the end do no harm; an address may have equals signs."""
    found = of_text(" chat=http://chat:8000/health ,\n phi=https://phi/health?a=b,")
    assert [(one.name, one.url) for one in found] == [
        ("chat", "http://chat:8000/health"),
        ("phi", "https://phi/health?a=b"),
    ]
    assert {one.pace for one in found} == {PACE}


def test_a_file_says_what_is_different_for_a_service(tmp_path: Path) -> None:
    """What it does not say is as the variables have it."""
    content = "services: [{name: chat, url: 'http://chat/', interval_s: 60, up_after: 5, statuses: [200, 204]}]"
    (found,) = of_file(tmp_path / "services.yaml", content)
    assert found.pace == Pace(interval_s=60.0, up_after=5)
    assert found.statuses == {200, 204}


def test_json_is_understood_as_yaml_is(tmp_path: Path) -> None:
    """The same content, the same services."""
    content = {"services": [{"name": "chat", "url": "http://chat/", "start_s": 0}]}
    (found,) = of_file(tmp_path / "services.json", json.dumps(content))
    assert (found.name, found.pace.start_s) == ("chat", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "SERVICES: no service; allowed: name=url,name=url,... here, or a file in SERVICES_FILE"),
        ("chat=http://chat/,phi", "SERVICES: no '=' in part 2"),
        ("chat=http://a/,chat=http://b/", "2 services are called 'chat'"),
        ("a b=http://a/", "'a b' is no name of a service; allowed: letters"),
        ("chat=ftp://chat/", "the address of 'chat' can't be asked; allowed: http://host"),
        ("chat=http://", "the address of 'chat' can't be asked"),
        ("chat=http://chat:port/", "the address of 'chat' can't be asked"),
    ],
)
def test_a_mistake_in_the_text_is_named(text: str, words: str) -> None:
    """With the variable, the service and what is allowed."""
    with pytest.raises(SetupError) as caught:
        of_text(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("services: [", "is neither YAML nor JSON (line 1)"),
        ("- a", "has no list `services`"),
        ("", "has no list `services`"),
        ("services: [{name: chat}]", "services.0.url: field required"),
        ("services: [{name: chat, url: 'http://c/', interval: 5}]", "services.0.interval: extra inputs"),
        ("services: [{name: chat, url: 'http://c/', down_after: 0}]", "services.0.down_after: input should be greater"),
        ("services: [{name: chat, url: 'http://c/', interval_s: 2}]", "the timeout of 'chat' is 5 s; allowed: at most"),
        ("services: []", "SERVICES_FILE: no service"),
    ],
)
def test_a_mistake_in_the_file_is_named_in_one_line(tmp_path: Path, content: str, words: str) -> None:
    """With the entry and its key."""
    with pytest.raises(SetupError) as caught:
        of_file(tmp_path / "services.yaml", content)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With its path and the system's reason."""
    with pytest.raises(SetupError, match=r"SERVICES_FILE: .*none\.yaml: No such file"):
        services.of_file(tmp_path / "none.yaml", PACE, "SERVICES_FILE")


def test_what_is_shown_of_an_address_has_no_secret() -> None:
    """Neither a password nor a query; nor does any error repeat an address."""
    found = Service("chat", "https://user:secret@chat:8443/health?token=secret", PACE)
    assert found.shown_url == "https://chat:8443/health"
    with pytest.raises(SetupError) as caught:
        of_text("chat=ftp://user:secret@chat/")
    assert "secret" not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_services_or_one_clear_error(text: str) -> None:
    """Nothing else comes out of it, whatever somebody typed."""
    said = "SERVICES: "
    found: tuple[Service, ...] = ()
    try:
        found = of_text(text)
    except SetupError as error:
        said = str(error)
    assert said.startswith("SERVICES: ")
    assert all(services.can_be_asked(one.url) for one in found)
