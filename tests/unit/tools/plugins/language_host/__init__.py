"""Tests of the Python language host."""
