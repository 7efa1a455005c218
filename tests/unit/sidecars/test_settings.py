"""Tests of health_monitor.settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from health_monitor.errors import SetupError
from health_monitor.services import Pace
from health_monitor.settings import PREFIX, load_settings, watched, webhook

SECRET_URL = "https://hooks.example.com/services/T0/B0/very-secret"


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own environment counts."""
    for name in [name for name in os.environ if name.startswith(PREFIX) or name.startswith("SERVICES")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_those_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable with the value that its row in docs/sidecars.md has."""
    monkeypatch.setenv("SERVICES", "chat=http://chat/")
    settings = load_settings()
    page = (Path(__file__).parents[3] / "docs" / "sidecars.md").read_text()
    rows = {
        line.split("|")[1].strip(): line.split("|")[2].strip() for line in page.splitlines() if "| `MONITOR_" in line
    }
    for name, shown in rows.items():
        if shown and "," not in name:
            assert str(getattr(settings, name.strip("`").removeprefix(PREFIX).lower())).removesuffix(
                ".0"
            ) == shown.strip("`")
    assert rows["`MONITOR_HOST`, `MONITOR_PORT`"] == f"`{settings.host}`, {settings.port}"
    assert watched(settings)[0].pace == Pace()
    assert webhook(settings) is None


def test_services_of_the_variable_and_of_the_file_are_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both at once, with the pace of the variables."""
    file = tmp_path / "services.yaml"
    file.write_text("services: [{name: phi, url: 'http://phi/'}]")
    monkeypatch.setenv("SERVICES", "chat=http://chat/")
    monkeypatch.setenv("SERVICES_FILE", str(file))
    monkeypatch.setenv("MONITOR_INTERVAL_S", "30")
    found = watched(load_settings())
    assert [(one.name, one.pace.interval_s) for one in found] == [("chat", 30.0), ("phi", 30.0)]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MONITOR_INTERVAL_S", "0", "MONITOR_INTERVAL_S is '0': input should be greater than 0"),
        ("MONITOR_DOWN_AFTER", "x", "MONITOR_DOWN_AFTER is 'x': input should be a valid integer"),
        ("MONITOR_JITTER", "0.9", "MONITOR_JITTER is '0.9': input should be less than or equal to 0.5"),
        ("MONITOR_PORT", "70000", "MONITOR_PORT is '70000': input should be less than or equal to 65535"),
        ("MONITOR_LOG_LEVEL", "loud", "MONITOR_LOG_LEVEL is 'loud': input should be 'debug', 'info'"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    """The variable, its value, and what is allowed."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as caught:
        load_settings()
    assert words in str(caught.value)


def test_a_timeout_beyond_the_interval_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check would not be done when the next is due."""
    monkeypatch.setenv("SERVICES", "chat=http://chat/")
    monkeypatch.setenv("MONITOR_TIMEOUT_S", "20")
    with pytest.raises(SetupError, match="the timeout of 'chat' is 20 s; allowed: at most its interval of 15 s"):
        watched(load_settings())


def test_a_secret_comes_from_a_file_or_a_variable_and_is_in_no_text_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the settings nor the target show it."""
    file = tmp_path / "url"
    file.write_text(SECRET_URL + "\n")
    monkeypatch.setenv("MONITOR_WEBHOOK_URL_FILE", str(file))
    monkeypatch.setenv("MONITOR_WEBHOOK_TOKEN", "very-secret")
    settings = load_settings()
    target = webhook(settings)
    assert target is not None
    assert (target.url, target.token) == (SECRET_URL, "very-secret")
    assert "very-secret" not in f"{settings!r} {target!r} {settings} {target}"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"URL": SECRET_URL, "URL_FILE": "/x"}, "MONITOR_WEBHOOK_URL and MONITOR_WEBHOOK_URL_FILE are both set"),
        ({"URL_FILE": "/nowhere/url"}, "MONITOR_WEBHOOK_URL_FILE: /nowhere/url: No such file"),
        ({"URL_FILE": "/dev/null"}, "MONITOR_WEBHOOK_URL_FILE: /dev/null is empty"),
        ({"URL": "very-secret"}, "MONITOR_WEBHOOK_URL is no address; allowed: http://host"),
        ({"TOKEN": "very-secret"}, "MONITOR_WEBHOOK_TOKEN needs MONITOR_WEBHOOK_URL"),
    ],
)
def test_a_mistake_with_a_secret_is_named_without_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    """The variable and the path; never the value."""
    for name, value in variables.items():
        monkeypatch.setenv(f"MONITOR_WEBHOOK_{name}", value)
    with pytest.raises(SetupError) as caught:
        webhook(load_settings())
    assert words in str(caught.value)
    assert "very-secret" not in str(caught.value)
