"""Tests of image/serve/wire, one file per module."""
