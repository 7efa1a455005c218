"""Tests of the pure parts of the benchmark of the engine. None of them starts it."""
