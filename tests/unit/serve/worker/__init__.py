"""Tests of image/serve/worker, one file per module."""
