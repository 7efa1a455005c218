"""Tests of image/serve/grammar, one file per module."""
