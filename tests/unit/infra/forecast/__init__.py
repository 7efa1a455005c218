"""Tests of infra.forecast."""
