"""Tests of the readiness functions: one object, one verdict."""
