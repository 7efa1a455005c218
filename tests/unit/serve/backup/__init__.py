"""Tests of serve.backup."""
