"""Tests of image/serve/http, one file per module."""
