"""Tests, from pure functions (unit) to the real thing (e2e)."""
