"""Tests of infra.gguf."""
