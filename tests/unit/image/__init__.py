"""Tests of what the image is built of, beside the server."""
