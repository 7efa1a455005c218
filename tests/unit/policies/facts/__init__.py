"""Tests of policies/facts/."""
