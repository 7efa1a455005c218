"""Tests of serve.pulls."""
