"""Tests of the pure parts of the benchmark of the server. None of them starts it."""
