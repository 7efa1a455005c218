"""Tests of policies/reports/."""
