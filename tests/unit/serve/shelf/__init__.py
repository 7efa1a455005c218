"""Tests of image/serve/shelf, one file per module."""
