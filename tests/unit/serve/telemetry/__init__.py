"""Tests of image/serve/telemetry, one file per module."""
