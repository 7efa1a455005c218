"""Tests of serve.history."""
