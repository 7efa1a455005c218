"""Tests of image/serve/supervision, one file per module."""
