"""Tests of infra.plan."""
