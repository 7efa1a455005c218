"""Tokens in, tokens out: continuous batching. Knows nothing of HTTP, metrics, settings or processes."""
