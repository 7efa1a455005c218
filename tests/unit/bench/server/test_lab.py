"""Tests of bench.server.lab."""

from __future__ import annotations

from pathlib import Path

from bench.server.lab import LIVE, bare
from serve.settings import Settings


def test_a_bare_server_has_no_model_and_settings_that_there_are() -> None:
    """Its folder is empty; every variable is one that the server reads."""
    program = bare(8123, Path("/image"), Path("/llama"), log_level="info")
    assert (program.files, program.ready_path) == ({}, LIVE)
    named = {name.removeprefix("SLIPWAY_").lower() for name in program.environ if name.startswith("SLIPWAY_")}
    assert named <= set(Settings.model_fields)
    assert program.environ["SLIPWAY_LOG_LEVEL"] == "info"
    assert program.environ["PYTHONPATH"] == "/image:/llama"
