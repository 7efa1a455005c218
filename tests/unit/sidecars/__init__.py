"""Tests of image/sidecars."""
