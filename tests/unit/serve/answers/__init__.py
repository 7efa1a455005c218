"""Tests of image/serve/answers, one file per module."""
