"""Tests of image/serve/security, one file per module."""
