"""Tests of serve.gpu."""
