"""Tests of serve.security.setup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serve.errors import SetupError
from serve.security.setup import make_security
from serve.settings import Settings

KEY = "sk-a-key-in-plain-text"


def test_by_default_everybody_may_ask_and_no_other_page_may_read(tmp_path: Path) -> None:
    """And where models are configured nobody changes them."""
    (tmp_path / "models.json").write_text("{}")
    security = make_security(Settings(models_file=tmp_path / "models.json"))
    assert (security.ring.asks_for_keys, security.admin_is_on, security.origins) == (False, False, frozenset())


def test_admin_routes_follow_the_models_and_the_keys(tmp_path: Path) -> None:
    """Unless the setting says more."""
    (tmp_path / "admin").write_text(KEY)
    configured: dict[str, Any] = {"models_json": "{}"}
    assert make_security(Settings(models_file=tmp_path / "none")).admin_is_on
    assert not make_security(Settings(**configured)).admin_is_on
    assert make_security(Settings(**configured, admin_keys_file=tmp_path / "admin")).admin_is_on
    assert not make_security(Settings(admin_keys_file=tmp_path / "admin", admin_routes="off")).admin_is_on


def test_what_is_wrong_is_a_setup_error(tmp_path: Path) -> None:
    """Each by its setting."""
    with pytest.raises(SetupError, match="SLIPWAY_API_KEYS_FILE is "):
        make_security(Settings(api_keys_file=tmp_path / "missing"))
    with pytest.raises(SetupError, match="SLIPWAY_CORS_ORIGINS has 'x'"):
        make_security(Settings(cors_origins="x"))
