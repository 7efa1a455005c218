"""Tests of serve.settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.settings import load_settings


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own environment counts."""
    for name in ("SLIPWAY_PORT", "SLIPWAY_NUM_THREADS", "SLIPWAY_LOG_LEVEL", "SLIPWAY_MODELS_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_the_image() -> None:
    """What the Dockerfile exposes and the cluster mounts."""
    settings = load_settings()
    assert (settings.port, settings.metrics_port) == (8000, 9090)
    assert (settings.models_dir, settings.models_file) == (Path("/models"), Path("/etc/slipway/models.json"))
    assert settings.num_threads is None


def test_variables_are_read_by_their_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLIPWAY_PORT sets port."""
    monkeypatch.setenv("SLIPWAY_PORT", "8123")
    monkeypatch.setenv("PORT", "1")
    assert load_settings().port == 8123


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SLIPWAY_PORT", "http", "SLIPWAY_PORT is 'http': input should be a valid integer"),
        ("SLIPWAY_PORT", "70000", "SLIPWAY_PORT is '70000': input should be less than or equal to 65535"),
        ("SLIPWAY_LOG_LEVEL", "loud", "SLIPWAY_LOG_LEVEL is 'loud': input should be 'debug', 'info'"),
        ("SLIPWAY_NUM_THREADS", "0", "SLIPWAY_NUM_THREADS is '0'"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    """The variable, its value, and what is allowed."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=words):
        load_settings()
