"""Tests of policies/sources/."""
