"""Tests of image/serve/cli, one file per module."""
