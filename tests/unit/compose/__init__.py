"""Tests of the Compose files and of what sets them up."""
