"""Tests of image/serve/chat, one file per module."""
