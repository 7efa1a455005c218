"""Tests of image/serve, one file per module."""
