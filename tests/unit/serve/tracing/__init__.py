"""Tests of serve.tracing."""
