"""Tests of serve.relay."""
