"""Tests of image/serve/wire/ollama, one file per module."""
