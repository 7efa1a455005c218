"""Tests of infra.outputs."""
