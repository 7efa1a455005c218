"""Tests of bench.gpu."""
